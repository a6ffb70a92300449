"""Learned metrics: each in an environment and a process of its own, and none in ours.

A place is a checkpoint or a folder on this machine, or a name on the metric's hub, from which its
own package fetches it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path

from dragoman.metrics.environments import python_of
from dragoman.metrics.worker import Worker
from dragoman.types import Group, Segment

WORKERS = Path(__file__).parent / "workers"


class LearnedMetric:
    """What they have in common. The process begins when the first number is wanted."""

    name: str
    environment: str
    needs_reference = True
    usual: str

    def __init__(self, place: str = ""):
        self.place = place or self.usual

    @cached_property
    def worker(self) -> Worker:
        script = WORKERS / f"{self.environment}_worker.py"
        python = python_of(self.environment)
        return Worker(f"{self.name}:{self.place}", [str(python), str(script), self.place])

    @property
    def fields(self) -> Mapping[str, object]:
        return {"metric": self.name, **self.worker.told}

    def fields_for(self, segment: Segment) -> Mapping[str, object]:
        return self.fields

    def scores(self, group: Group) -> Sequence[float]:
        return self.worker.ask(rows_of(group, self.needs_reference))


def rows_of(group: Group, reference: bool) -> list[dict[str, str]]:
    """What is asked about a group: a row a candidate."""
    segment = group.segment
    if reference and segment.reference is None:
        raise ValueError("no reference")
    more = {"ref": segment.reference or ""} if reference else {}
    return [{"src": segment.source, "mt": c.text, **more} for c in group.candidates]


class Comet(LearnedMetric):
    """COMET, learned from human scores; compares with the reference. Wants an environment."""

    name = "comet"
    environment = "comet"
    usual = "Unbabel/wmt22-comet-da"


class CometKiwi(LearnedMetric):
    """COMETKiwi, the same without a reference. Wants an environment."""

    name = "cometkiwi"
    environment = "comet"
    needs_reference = False
    usual = "Unbabel/wmt22-cometkiwi-da"


class Bleurt(LearnedMetric):
    """BLEURT, learned from human scores; reads the reference alone. Wants an environment."""

    name = "bleurt"
    environment = "bleurt"
    usual = "lucadiliello/BLEURT-20"


class MetricX(LearnedMetric):
    """MetricX-24, minus the error from 0 to 25, against a reference. Wants an environment."""

    name = "metricx"
    environment = "metricx"
    usual = "google/metricx-24-hybrid-large-v2p6"


class MetricXQE(LearnedMetric):
    """MetricX-24 without a reference. Wants an environment."""

    name = "metricx-qe"
    environment = "metricx"
    needs_reference = False
    usual = "google/metricx-24-hybrid-large-v2p6"
