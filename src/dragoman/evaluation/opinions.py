"""What learned metrics and judges say of systems: means with intervals, beside the first system.

An opinion may be asked for several times. A run that failed on a segment is counted and in no
mean; systems are compared on the segments of which each has a number.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean, pstdev
from typing import Any

import numpy as np

from dragoman.evaluation.figures import Share
from dragoman.evaluation.resampling import difference, draws, interval, numbered, paired_permutation
from dragoman.metrics import Metric
from dragoman.signature import signature
from dragoman.types import Candidate, Group, Segment

Texts = Sequence[Sequence[str | None]]
"""By system and segment; None where a system failed."""


@dataclass(frozen=True)
class Opinion:
    """Who says it, and a number for each run, system and segment; None where there is none."""

    name: str
    signature: str
    runs: Sequence[Sequence[Sequence[float | None]]]


def metric_opinion(metric: Metric, segments: Sequence[Segment], texts: Texts) -> Opinion:
    """The scores of a metric, asked about all systems of a segment at once."""
    columns: list[list[float | None]] = [[] for _ in texts]
    signed: dict[str, None] = {}
    for place, segment in enumerate(segments):
        there = [(column, text[place]) for column, text in zip(columns, texts, strict=True)]
        candidates = tuple(Candidate(text) for _, text in there if text is not None)
        scores = iter(metric.scores(Group(segment, candidates)) if candidates else ())
        for column, text in there:
            column.append(None if text is None else next(scores))
        signed[signature(metric.fields_for(segment))] = None
    return Opinion(metric.name, " ".join(signed), [columns])


def opinion_rows(
    opinion: Opinion, names: Sequence[str], texts: Texts, documents: Sequence[str]
) -> dict[str, Any]:
    """Each system's mean, its interval, its spread over runs and failures, and how likely the
    difference to the first one is by chance."""
    told = [[_mean(run[system][place] for run in opinion.runs) for place in range(len(documents))]
            for system in range(len(names))]  # fmt: skip
    common = [
        place for place in range(len(documents)) if all(row[place] is not None for row in told)
    ]
    report = {"name": opinion.name, "signature": opinion.signature, "segments": len(common)}
    rows: list[dict[str, Any]] = []
    kept = numbered([documents[place] for place in common])
    drawn = draws(kept) if common else None
    shares = [Share(np.array([row[place] or 0.0 for place in common]), np.ones(len(common)))
              for row in told]  # fmt: skip
    for system, name in enumerate(names):
        runs = [_mean(run[system][place] for place in common) for run in opinion.runs]
        means = [mean for mean in runs if mean is not None]
        failed = sum(
            run[system][place] is None
            for run in opinion.runs
            for place in range(len(documents))
            if texts[system][place] is not None
        )
        row: dict[str, Any] = {
            "name": name,
            "score": shares[system].value,
            "failed": failed,
            "runs": runs,
            "deviation": pstdev(means) if means else None,
        }
        if drawn is not None:
            row["interval"] = interval(shares[system], kept, drawn)
            if system:
                gain = difference(shares[system], shares[0])
                row |= {"difference": gain.value, "p": paired_permutation(gain.part, kept)}
        rows.append(row)
    return {**report, "systems": rows}


def _mean(values: Any) -> float | None:
    there = [value for value in values if value is not None]
    return fmean(there) if there else None
