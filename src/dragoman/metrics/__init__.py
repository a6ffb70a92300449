"""Metrics: a group in, one number a candidate out; higher is better.

Adding one: docs/how-to-add-a-metric.md.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from dragoman.plugins import find
from dragoman.types import Group, Segment

METRICS = {
    "chrf": "dragoman.metrics.sacrebleu:ChrF",
    "bleu": "dragoman.metrics.sacrebleu:Bleu",
    "comet": "dragoman.metrics.learned:Comet",
    "cometkiwi": "dragoman.metrics.learned:CometKiwi",
    "bleurt": "dragoman.metrics.learned:Bleurt",
    "metricx": "dragoman.metrics.learned:MetricX",
    "metricx-qe": "dragoman.metrics.learned:MetricXQE",
}
# Those that take a place.
LEARNED = ("comet", "cometkiwi", "bleurt", "metricx", "metricx-qe")


class Metric(Protocol):
    """Scores the candidates of a group. `fields` is its part of the signature, versions of
    packages included; `fields_for` adds what depends on the segment, such as the tokenizer
    of its language."""

    name: str
    needs_reference: bool

    @property
    def fields(self) -> Mapping[str, object]: ...

    def fields_for(self, segment: Segment) -> Mapping[str, object]: ...

    def scores(self, group: Group) -> Sequence[float]: ...


def make_metric(name: str) -> Metric:
    """The metric called `name`, or the class at `module:Name`. A learned one may say where its
    model lies: `comet:FOLDER`."""
    kind, _, place = name.partition(":")
    if kind in LEARNED and place:
        return find("metric", kind, METRICS)(place)
    return find("metric", name, METRICS)()
