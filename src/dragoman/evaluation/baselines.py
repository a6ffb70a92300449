"""What needs no judge: chance, ties, lengths, and overlap with a reference.

A judge that is not clearly above these has shown nothing. Scores are rounded to six decimals,
so that noise in the last bits of a logarithm makes no order.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from hashlib import sha256
from math import log
from statistics import fmean
from types import MappingProxyType

from dragoman.evaluation.groups import HumanGroup
from dragoman.metrics import Metric, make_metric

PLACES = 6
# One fixed draw, published with other figures of such groups: everybody's chance is the same.
SEED = "grrm-eval-v1"

Row = tuple[float, ...]
Predicted = tuple[list[Row], list[Row]]
"""Human scores and predicted ones, of the groups that could be predicted."""


def predictors() -> Mapping[str, Callable[[Sequence[HumanGroup]], Predicted]]:
    """All of them by name, in the order of reports."""
    return MappingProxyType(
        {
            "random": lambda groups: _each(groups, chance),
            "all_tied": lambda groups: _each(groups, lambda group: [0.0] * len(group.scores)),
            "longest": lambda groups: _each(groups, lengths),
            "length_ratio_src": length_ratio_source,
            "length_ratio_ref": length_ratio_reference,
            "chrf": lambda groups: _by_metric(groups, make_metric("chrf")),
            "bleu": lambda groups: _by_metric(groups, make_metric("bleu")),
        }
    )


def random_expected(human: Sequence[Sequence[float]]) -> float:
    """The ranking accuracy that continuous random scores have on average."""
    return fmean(0.5 * (1 - _tied(row)) for row in human)


def chance(group: HumanGroup) -> list[float]:
    """Numbers from 0 to 1 that depend on the group's id and the place alone."""
    keys = (f"{SEED}|{group.id}|{place}".encode() for place in range(len(group.scores)))
    return [int(sha256(key).hexdigest()[:12], 16) / 2**48 for key in keys]


def lengths(group: HumanGroup) -> list[float]:
    return [float(len(candidate.text)) for candidate in group.group.candidates]


def length_ratio_source(groups: Sequence[HumanGroup]) -> Predicted:
    """How near the length beside the source is to what is usual in its language pair."""
    pairs = {group.languages for group in groups}
    usual = {pair: usual_ratio([g for g in groups if g.languages == pair]) for pair in pairs}
    return _each(groups, lambda group: [
        -abs(ratio - usual[group.languages])
        for ratio in _log_ratios(group, group.group.segment.source)
    ])  # fmt: skip


def usual_ratio(groups: Sequence[HumanGroup]) -> float:
    """The mean over all candidates of the logarithm of their length beside the source's."""
    ratios = [_log_ratios(group, group.group.segment.source) for group in groups]
    return round(fmean(ratio for row in ratios for ratio in row), PLACES)


def length_ratio_reference(groups: Sequence[HumanGroup]) -> Predicted:
    return _each(_referenced(groups), lambda group: [
        -abs(ratio) for ratio in _log_ratios(group, group.group.segment.reference or "")
    ])  # fmt: skip


def _by_metric(groups: Sequence[HumanGroup], metric: Metric) -> Predicted:
    return _each(_referenced(groups), lambda group: metric.scores(group.group))


def _each(
    groups: Sequence[HumanGroup], score: Callable[[HumanGroup], Sequence[float]]
) -> Predicted:
    said = [tuple(round(one, PLACES) for one in score(group)) for group in groups]
    return [group.scores for group in groups], said


def _referenced(groups: Sequence[HumanGroup]) -> list[HumanGroup]:
    return [group for group in groups if group.group.segment.reference is not None]


def _log_ratios(group: HumanGroup, beside: str) -> list[float]:
    return [log((length + 1) / (len(beside) + 1)) for length in lengths(group)]


def _tied(row: Sequence[float]) -> float:
    """The share of pairs with equal scores."""
    ties = sum(row.count(level) * (row.count(level) - 1) / 2 for level in set(row))
    return ties / (len(row) * (len(row) - 1) / 2)
