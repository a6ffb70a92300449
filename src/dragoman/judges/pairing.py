"""Which subgroups of a tournament meet next."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from math import pi, sqrt
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from dragoman.judges.strength import Floats, Strengths

Subgroup: TypeAlias = tuple[int, ...]
"""Candidates in the order in which they are shown."""

Part: TypeAlias = NDArray[np.int64]


def fewest_calls(n: int, slots: int) -> int:
    """How many subgroups it takes at least to connect n candidates."""
    return -(-(n - 1) // (slots - 1))


def first_round(n: int, slots: int, random: np.random.Generator) -> list[Subgroup]:
    """Everybody once, in random company. When the numbers do not come out even, the last
    subgroup is filled up with one candidate from each of the others, which links them."""
    drawn = [int(i) for i in random.permutation(n)]
    subgroups = [drawn[start : start + slots] for start in range(0, n, slots)]
    missing = slots - len(subgroups[-1])
    others = [member for place in range(slots) for member in drawn[place : n - n % slots : slots]]
    subgroups[-1] += others[:missing]
    return [tuple(members) for members in subgroups]


def parts(n: int, subgroups: Iterable[Sequence[int]]) -> Part:
    """The connected part that each candidate is in once these subgroups are judged; a part
    is named by its first candidate, so all are 0 when everything is connected."""
    part = np.arange(n)
    for members in subgroups:
        part = _joined(part, members)
    return part


def choose(strengths: Strengths, part: Part, count: int, slots: int) -> list[Subgroup]:
    """Up to `count` subgroups that share no candidate: those most in doubt.

    As long as there are several parts, members are taken from different ones, so that no
    call is lost on the way to one part.
    """
    doubt = doubts(strengths)
    free = np.ones(len(part), dtype=bool)
    chosen: list[Subgroup] = []
    while len(chosen) < count and free.sum() >= slots:
        members: list[int] = []
        # The first is of the pair most in doubt; the next are most in doubt with those before.
        wanted = np.where(free, doubt, 0.0).max(axis=1)
        for _ in range(slots):
            strangers = free & ~np.isin(part, part[members])
            allowed = strangers if strangers.any() else free
            members.append(int(np.where(allowed, wanted, -1.0).argmax()))
            free[members[-1]] = False
            wanted = doubt[members].sum(axis=0)
        part = _joined(part, members)
        chosen.append(tuple(members))
    return chosen


def doubts(strengths: Strengths) -> Floats:
    """For each pair, by how much it is to be feared that their order is the wrong way round.

    With a difference d known up to an error e, that is the mean of max(0, −d): large for
    pairs that are close and for pairs that are little known. The error is taken as
    logistic, for which the mean is the plain formula s·log(1 + exp(−d / s)).
    """
    variance = strengths.covariance
    own = np.diag(variance)
    scale = np.sqrt(np.maximum(own[:, None] + own - 2 * variance, 1e-12)) * sqrt(3) / pi
    distance = np.abs(np.subtract.outer(strengths.values, strengths.values))
    return scale * np.log1p(np.exp(-distance / scale))


def _joined(part: Part, members: Sequence[int]) -> Part:
    met = part[list(members)]
    return np.where(np.isin(part, met), met.min(), part)
