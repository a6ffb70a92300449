"""The metric judge: ranks candidates by a metric, without a model's opinion."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from dragoman.metrics import Metric
from dragoman.ranking import rank_scores
from dragoman.signature import signature
from dragoman.types import Failure, Group, Judgement, Verdict


@dataclass(frozen=True)
class MetricJudge:
    """A metric's scores as a verdict; no reference where one is needed is a failure."""

    metric: Metric

    @property
    def fields(self) -> Mapping[str, object]:
        return {"judge": "metric", **self.metric.fields}

    async def judge(self, group: Group, draw: int = 0) -> Judgement:
        signed = signature({"judge": "metric", **self.metric.fields_for(group.segment)})
        if self.metric.needs_reference and group.segment.reference is None:
            detail = f"{self.metric.name} compares with a reference, and there is none"
            return Judgement(group, None, Failure("no-reference", detail), signature=signed)
        scores = tuple(self.metric.scores(group))
        return Judgement(group, Verdict(rank_scores(scores), scores), None, signature=signed)
