"""How sure a figure is: bootstrap by document, and permutation between two judges.

Sentences of one document are alike in subject, translator and rater, so documents are drawn,
never sentences. Everything drawn comes from a seed: the same input gives the same interval.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from dragoman.evaluation.calibration import flips
from dragoman.evaluation.figures import Share, Shares
from dragoman.evaluation.pairs import Floats, Ints, Pairs

RESAMPLES = 1000
PERMUTATIONS = 10_000
CONFIDENCE = 0.95
# Numbers in memory at once.
BLOCK = 4_000_000

Interval: TypeAlias = tuple[float, float]
Draws: TypeAlias = NDArray[np.uint8]


def numbered(documents: Sequence[str]) -> Ints:
    """A number for each document, in the order of their first groups."""
    numbers: dict[str, int] = {}
    return np.array([numbers.setdefault(name, len(numbers)) for name in documents], np.int64)


def draws(documents: Ints, seed: int = 0, resamples: int = RESAMPLES) -> Draws:
    """How often each document is drawn in each resample: resamples × documents."""
    count = int(documents.max()) + 1
    random = np.random.default_rng(seed)
    drawn = np.empty((resamples, count), np.uint8)
    for row in drawn:
        row[:] = np.bincount(random.integers(count, size=count), minlength=count)
    return drawn


def sums(drawn: Draws, documents: Ints, values: Floats) -> Floats:
    """The sum of one value a group in each resample."""
    totals = np.bincount(documents, values, drawn.shape[1])
    return np.concatenate([rows @ totals for rows in blocks(drawn)])


def blocks(table: Draws) -> Iterator[Floats]:
    """The rows of a large table as numbers to reckon with, a few at a time."""
    step = max(1, BLOCK // max(1, table.shape[1]))
    for start in range(0, len(table), step):
        yield table[start : start + step].astype(float)


def intervals(parts: Shares, documents: Ints, drawn: Draws) -> dict[str, Interval | None]:
    """Where each figure lies with 95 % confidence; None where nothing was drawn to count."""
    return {name: interval(share, documents, drawn) for name, share in parts.items()}


def interval(share: Share, documents: Ints, drawn: Draws) -> Interval | None:
    part, whole = (sums(drawn, documents, column) for column in (share.part, share.whole))
    return middle(part[whole > 0] / whole[whole > 0])


def calibrated_interval(pairs: Pairs, documents: Ints, drawn: Draws) -> Interval | None:
    """The interval of `acc_eq_opt`: every resample chooses its own threshold."""
    gaps, changes, groups = flips(pairs)
    accuracy = sums(drawn, documents, pairs.sums(pairs.right()) / pairs.counts)
    sizes = sums(drawn, documents, np.ones(len(pairs.counts)))
    ends = np.concatenate([gaps[1:] != gaps[:-1], [True]]) if len(gaps) else np.zeros(0, bool)
    document = documents[groups]
    gained = [
        max(0.0, float(np.cumsum(changes * weights[document])[ends].max(initial=0.0)))
        for weights in drawn
    ]
    return middle((accuracy + np.array(gained)) / sizes)


def middle(values: Floats) -> Interval | None:
    """The middle 95 % of drawn values."""
    if not len(values):
        return None
    tail = 100 * (1 - CONFIDENCE) / 2
    low, high = np.percentile(values, [tail, 100 - tail])
    return float(low), float(high)


def difference(one: Share, other: Share) -> Share:
    """By how much one mean over groups is above another, over the same groups."""
    return Share(one.part - other.part, one.whole)


def paired_permutation(
    differences: Floats, documents: Ints, seed: int = 0, permutations: int = PERMUTATIONS
) -> float:
    """The chance of a mean difference this far from 0 if the judges were interchangeable.

    `differences` has one number a group; what two judges said of a document is swapped whole,
    or not. Two-sided; never 0, since the arrangement seen is one of those possible.
    """
    by_document = np.bincount(documents, differences)
    seen = abs(float(by_document.sum()))
    random = np.random.default_rng(seed)
    as_far, left = 1, permutations
    while left:
        size = min(left, max(1, BLOCK // len(by_document)))
        swapped = random.choice(np.array([-1.0, 1.0]), (size, len(by_document)))
        as_far += int((np.abs(swapped @ by_document) >= seen - 1e-12).sum())
        left -= size
    return as_far / (permutations + 1)
