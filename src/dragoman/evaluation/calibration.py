"""Tie calibration: how near two predicted scores must be to be called a tie.

The accuracy with the best threshold is acc*_eq (Deutsch et al. 2023): a judge that never ties
is not punished for people who often do, nor a judge that ties much rewarded for it.
"""

from __future__ import annotations

import numpy as np

from dragoman.evaluation.pairs import Floats, Ints, Pairs


def calibrate(pairs: Pairs) -> tuple[float, float | None]:
    """The threshold that makes the mean accuracy of groups highest, and that accuracy.

    Only gaps that occur can change it, so those are tried, and 0. Where several thresholds are
    equally good, rounding decides: accuracies are taken out of the running sum and put back one
    pair after another, as mt-metrics-eval does it, so that the same threshold wins here.
    Without a pair there is no accuracy.
    """
    if not len(pairs):
        return 0.0, None
    right = pairs.right()
    before = pairs.sums(right)
    gap = np.abs(pairs.said)
    order = np.argsort(gap, kind="stable")
    gap, group = gap[order], pairs.group[order]
    change = (pairs.human[order] == 0).astype(float) - right[order]
    after = _running(change, group, pairs.counts) + before[group]
    counts = pairs.counts[group]
    steps = np.empty(2 * len(gap) + 1)
    steps[0] = np.cumsum(before / pairs.counts)[-1]  # one after another, where sum() is not
    steps[1::2] = -((after - change) / counts)
    steps[2::2] = after / counts
    totals = np.cumsum(steps)[::2]
    thresholds = np.concatenate([[0.0], gap])
    last_of_its_size = np.concatenate([thresholds[1:] != thresholds[:-1], [True]])
    tried = totals[last_of_its_size] / len(pairs.counts)
    best = int(np.argmax(tried))
    return float(thresholds[last_of_its_size][best]), float(tried[best])


def flips(pairs: Pairs) -> tuple[Floats, Floats, Ints]:
    """Pairs whose outcome changes when the threshold reaches their gap, by rising gap: the gap,
    what the accuracy of their group gains or loses, and the group."""
    gap = np.abs(pairs.said)
    order = np.argsort(gap, kind="stable")
    order = order[gap[order] > 0]
    group = pairs.group[order]
    change = (pairs.human[order] == 0).astype(float) - pairs.right()[order]
    matters = change != 0
    return gap[order][matters], (change / pairs.counts[group])[matters], group[matters]


def _running(change: Floats, group: Ints, counts: Ints) -> Floats:
    """The sum of the changes of its own group up to and including each pair."""
    by_group = np.argsort(group, kind="stable")
    sums = np.concatenate([[0.0], np.cumsum(change[by_group])])
    starts = np.concatenate([[0], np.cumsum(counts)[:-1]])
    within = np.empty(len(change))
    within[by_group] = sums[1:] - np.repeat(sums[starts], counts)
    return within
