"""How sure a mean is, and what that says of a claim.

Intervals are percentile bootstraps. Results of several seeds are drawn twice: first seeds,
then items. Of n seeds n - 1 are drawn, which makes the variance of their mean right however
few there are; with three seeds the tails are still thin, and the interval is too narrow
where seeds differ by more than items do.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

RESAMPLES = 2000
CONFIDENCE = 0.95

Floats: TypeAlias = NDArray[np.float64]
Rows: TypeAlias = Sequence[Sequence[float | None]]
"""A row a seed, a number an item; None is an item that was not measured."""

Outcome = Literal["holds", "does not hold", "cannot tell"]


@dataclass(frozen=True, slots=True)
class Interval:
    """A mean and where it lies with 95 % confidence. `items` counts measured numbers."""

    mean: float
    low: float
    high: float
    seeds: int
    items: int


def interval(rows: Rows, *, shared: bool) -> Interval | None:
    """The mean over seeds of the mean over items; None where nothing was measured.

    `shared`: every seed was tried on the same items, in one order, so a draw of items is the
    same for all of them. Else each seed has its own.
    """
    kept = [row for row in rows if any(number is not None for number in row)]
    if not kept:
        return None
    table = [np.array([np.nan if n is None else n for n in row], dtype=float) for row in kept]
    if shared and len({len(row) for row in table}) > 1:
        raise ValueError("seeds that share their items have as many each")
    random = np.random.default_rng(0)
    draws = _seed_means(table, shared, random)
    if len(table) > 1:
        picks = random.integers(len(table), size=(len(table) - 1, RESAMPLES))
        means = draws[picks, np.arange(len(table) - 1)[:, None], np.arange(RESAMPLES)].mean(0)
    else:
        means = draws[0, 0]
    tail = 100 * (1 - CONFIDENCE) / 2
    low, high = np.nanpercentile(means, [tail, 100 - tail])
    mean = float(np.mean([np.nanmean(row) for row in table]))
    items = sum(int(np.isfinite(row).sum()) for row in table)
    return Interval(mean, float(low), float(high), len(table), items)


def difference(rows: Rows, others: Rows, *, shared: bool) -> Interval | None:
    """The interval of rows less others, item by item: both were tried on the same items."""
    pairs = [
        [None if a is None or b is None else a - b for a, b in zip(row, other, strict=True)]
        for row, other in zip(rows, others, strict=True)
    ]
    return interval(pairs, shared=shared)


def outcome(advantage: Interval | None) -> Outcome:
    """What the interval says of the claim that the advantage is above 0."""
    if advantage is None or advantage.low <= 0 <= advantage.high:
        return "cannot tell"
    return "holds" if advantage.low > 0 else "does not hold"


def less(measured: Interval | None, bar: float) -> Interval | None:
    """The interval of what is measured above a bar."""
    if measured is None:
        return None
    low, high = measured.low - bar, measured.high - bar
    return Interval(measured.mean - bar, low, high, measured.seeds, measured.items)


def _seed_means(table: Sequence[Floats], shared: bool, random: np.random.Generator) -> Floats:
    """Means of redrawn items: seeds × places of a draw of seeds × resamples."""
    places = max(1, len(table) - 1)
    means = np.empty((len(table), places, RESAMPLES))
    common = random.integers(len(table[0]), size=(RESAMPLES, len(table[0]))) if shared else None
    for seed, row in enumerate(table):
        for place in range(places):
            size = (RESAMPLES, len(row))
            items = random.integers(len(row), size=size) if common is None else common
            means[seed, place] = _means(row[items])
    return means


def _means(drawn: Floats) -> Floats:
    """The mean of each row; a draw with nothing measured in it is left out."""
    measured = np.isfinite(drawn)
    counts = measured.sum(1)
    sums = np.where(measured, drawn, 0.0).sum(1)
    return np.where(counts > 0, sums / np.maximum(counts, 1), np.nan)
