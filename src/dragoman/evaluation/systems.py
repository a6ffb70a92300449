"""The level of systems: does the judge put them in the order that people do?

Two systems are compared on the groups that hold both. A candidate called `A+B`, two systems
with one text, counts for both of them where each also stands alone somewhere.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from dragoman.evaluation.groups import HumanGroup
from dragoman.evaluation.pairs import Floats, Scores
from dragoman.evaluation.resampling import BLOCK

FLIPS = 1000


@dataclass(frozen=True, slots=True)
class SystemLevel:
    """`pairwise_accuracy`: pairs of systems whose mean scores both order alike.
    `soft_pairwise_accuracy`: the same, where each side may be as unsure as its significance
    test is (Thompson et al. 2024)."""

    systems: int
    pairs: int
    pairwise_accuracy: float | None
    soft_pairwise_accuracy: float | None


def system_level(groups: Sequence[HumanGroup], said: Scores, seed: int = 0) -> SystemLevel:
    names, people, judge = score_tables(groups, said)
    return compare(names, people, judge, seed)


def compare(
    names: Sequence[str], people: Floats, judge: Floats, seed: int = 0, flips: int = FLIPS
) -> SystemLevel:
    """Both tables have a row a system and a column a group; NaN is a system that is not there."""
    agreed, rows = list[bool](), list[Floats]()
    for one, other in combinations(range(len(names)), 2):
        human, said = people[one] - people[other], judge[one] - judge[other]
        both = np.isfinite(human) & np.isfinite(said)
        if both.any():
            agreed.append(bool(np.sign(human[both].mean()) == np.sign(said[both].mean())))
            # A difference of 0 is the same in every arrangement.
            rows += [np.where(both, human, 0.0), np.where(both, said, 0.0)]
    if not agreed:
        return SystemLevel(len(names), 0, None, None)
    chances = _chances(np.array(rows), seed, flips)
    soft = 1 - np.abs(chances[::2] - chances[1::2])
    return SystemLevel(len(names), len(agreed), float(np.mean(agreed)), float(soft.mean()))


def score_tables(groups: Sequence[HumanGroup], said: Scores) -> tuple[list[str], Floats, Floats]:
    """The names of systems, and their human and predicted scores."""
    written = {
        candidate.system
        for group in groups
        for candidate in group.group.candidates
        if candidate.system
    }
    names = sorted(name for name in written if parts(name, written) == [name])
    row = {name: number for number, name in enumerate(names)}
    people = np.full((len(names), len(groups)), np.nan)
    judge = people.copy()
    for column, (group, scores) in enumerate(zip(groups, said, strict=True)):
        for place, candidate in enumerate(group.group.candidates):
            for name in parts(candidate.system, written) if candidate.system else ():
                people[row[name], column] = group.scores[place]
                judge[row[name], column] = scores[place]
    return names, people, judge


def parts(name: str, written: set[str]) -> list[str]:
    """The systems that a name stands for."""
    several = name.split("+")
    return several if len(several) > 1 and written.issuperset(several) else [name]


def _chances(differences: Floats, seed: int, flips: int) -> Floats:
    """How often chance gives each first system as much of an advantage as it has."""
    random = np.random.default_rng(seed)
    as_much = np.zeros(len(differences))
    seen = differences.sum(1) - 1e-9
    step = max(1, BLOCK // differences.shape[1])
    for start in range(0, flips, step):
        size = (min(step, flips - start), differences.shape[1])
        swapped = random.choice(np.array([-1.0, 1.0]), size)
        as_much += (swapped @ differences.T >= seen).sum(0)
    return as_much / flips
