"""How sure a figure is: bootstrap by document, and permutation between two judges.

Sentences of one document are alike in subject, translator and rater, so documents are drawn,
never sentences. Everything drawn comes from a seed: the same input gives the same interval.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from dragoman.evaluation.calibration import flips
from dragoman.evaluation.figures import Share, Shares
from dragoman.evaluation.pairs import Floats, Ints, Pairs

RESAMPLES = 1000
PERMUTATIONS = 10_000
CONFIDENCE = 0.95

Interval = tuple[float, float]


def numbered(documents: Sequence[str]) -> Ints:
    """A number for each document, in the order of their first groups."""
    numbers: dict[str, int] = {}
    return np.array([numbers.setdefault(name, len(numbers)) for name in documents], np.int64)


def draws(documents: Ints, seed: int = 0, resamples: int = RESAMPLES) -> Floats:
    """How often each document is drawn in each resample: resamples × documents."""
    count = int(documents.max()) + 1
    random = np.random.default_rng(seed)
    return random.multinomial(count, np.full(count, 1 / count), resamples).astype(float)


def intervals(parts: Shares, documents: Ints, drawn: Floats) -> dict[str, Interval | None]:
    """Where each figure lies with 95 % confidence; None where nothing was drawn to count."""
    return {name: interval(share, documents, drawn) for name, share in parts.items()}


def interval(share: Share, documents: Ints, drawn: Floats) -> Interval | None:
    part = drawn @ np.bincount(documents, share.part, drawn.shape[1])
    whole = drawn @ np.bincount(documents, share.whole, drawn.shape[1])
    return middle(part[whole > 0] / whole[whole > 0])


def calibrated_interval(pairs: Pairs, documents: Ints, drawn: Floats) -> Interval | None:
    """The interval of `acc_eq_opt`: every resample chooses its own threshold."""
    gaps, changes, groups = flips(pairs)
    accuracy = np.bincount(documents, pairs.sums(pairs.right()) / pairs.counts, drawn.shape[1])
    sizes = np.bincount(documents, minlength=drawn.shape[1])
    ends = np.concatenate([gaps[1:] != gaps[:-1], [True]]) if len(gaps) else np.zeros(0, bool)
    document = documents[groups]
    values: list[float] = []
    for weights in drawn:
        gained = np.cumsum(changes * weights[document])[ends]
        best = max(0.0, float(gained.max())) if len(gained) else 0.0
        values.append(float(weights @ accuracy + best) / float(weights @ sizes))
    return middle(np.array(values))


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
    sums = np.bincount(documents, differences)
    seen = abs(float(sums.sum()))
    random = np.random.default_rng(seed)
    as_far = 1
    for start in range(0, permutations, 1000):
        size = (min(1000, permutations - start), len(sums))
        swapped = random.integers(0, 2, size) * 2.0 - 1
        as_far += int((np.abs(swapped @ sums) >= seen - 1e-12).sum())
    return as_far / (permutations + 1)


def significant(bounds: Mapping[str, Interval | None], name: str) -> bool:
    """Whether an interval lies on one side of 0."""
    bound = bounds.get(name)
    return bound is not None and not bound[0] <= 0 <= bound[1]
