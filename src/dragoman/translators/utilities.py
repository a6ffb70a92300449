"""Utilities for MBR: of how much use a text is, if any of the samples may be the reference.

`chrf` compares with the n-grams of all samples together, in time that grows with their
number and not with its square; `chrf-pairwise` and `bleu` take the mean over all pairs.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib.metadata import version
from typing import Any, Protocol

from dragoman.errors import MissingExtra
from dragoman.metrics import Metric, make_metric
from dragoman.plugins import find
from dragoman.types import Candidate, Group, Segment

UTILITIES = {
    "chrf": "dragoman.translators.utilities:AggregateChrf",
    "chrf-pairwise": "dragoman.translators.utilities:PairwiseChrf",
    "bleu": "dragoman.translators.utilities:PairwiseBleu",
}


class Utility(Protocol):
    """`expected` gives each text a number, higher is better; samples may repeat. `fields` is its
    part of the signature; `fields_for` adds what depends on the segment."""

    @property
    def fields(self) -> Mapping[str, object]: ...

    def fields_for(self, segment: Segment) -> Mapping[str, object]: ...

    def expected(
        self, texts: Sequence[str], samples: Sequence[str], segment: Segment
    ) -> Sequence[float]: ...


def make_utility(name: str) -> Utility:
    """The utility called `name`, or the class at `module:Name`."""
    return find("utility", name, UTILITIES)()


class _FastChrf:
    """chrF by fastchrf, with the defaults of sacrebleu."""

    name: str

    def __init__(self) -> None:
        try:
            import fastchrf
        except ImportError:
            raise MissingExtra("fastchrf", "mbr") from None
        self._fastchrf: Any = fastchrf

    @property
    def fields(self) -> Mapping[str, object]:
        return {"utility": self.name, "fastchrf": version("fastchrf")}

    def fields_for(self, segment: Segment) -> Mapping[str, object]:
        return self.fields


class AggregateChrf(_FastChrf):
    """The F-score beside the mean n-gram counts of all samples (Vamvas and Sennrich, 2024)."""

    name = "chrf"

    def expected(
        self, texts: Sequence[str], samples: Sequence[str], segment: Segment
    ) -> Sequence[float]:
        return self._fastchrf.aggregate_chrf([list(texts)], [list(samples)])[0]


class PairwiseChrf(_FastChrf):
    """The mean chrF beside each sample."""

    name = "chrf-pairwise"

    def expected(
        self, texts: Sequence[str], samples: Sequence[str], segment: Segment
    ) -> Sequence[float]:
        rows = self._fastchrf.pairwise_chrf([list(texts)], [list(samples)])[0]
        return [sum(row) / len(row) for row in rows]


class PairwiseBleu:
    """The mean sentence BLEU beside each sample, by sacrebleu."""

    def __init__(self) -> None:
        self._metric: Metric = make_metric("bleu")

    @property
    def fields(self) -> Mapping[str, object]:
        return {"utility": "bleu", **self._metric.fields}

    def fields_for(self, segment: Segment) -> Mapping[str, object]:
        return {"utility": "bleu", **self._metric.fields_for(segment)}

    def expected(
        self, texts: Sequence[str], samples: Sequence[str], segment: Segment
    ) -> Sequence[float]:
        candidates = tuple(map(Candidate, texts))
        totals = [0.0] * len(texts)
        for sample in samples:
            beside = Segment(
                segment.id, segment.source, segment.source_lang, segment.target_lang, sample
            )
            scores = self._metric.scores(Group(beside, candidates))
            totals = [total + score for total, score in zip(totals, scores, strict=True)]
        return [total / len(samples) for total in totals]
