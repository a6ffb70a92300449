"""Gold scores from a judge: a group in, the same group with scores, analysis and confidence out.

A judge is asked about the group in its own order, which is what its analysis speaks of, and in
other orders. The confidence is how often two of its answers say the same of a pair of
candidates; a judge that sees candidates alone is asked again instead. What cannot be read is
recorded as failed, and other orders that cannot be read are left out of the confidence.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from random import Random
from typing import Any, TypeAlias

from dragoman.data.augment import other_orders
from dragoman.errors import UserError
from dragoman.formats.verdict_line import tidy
from dragoman.judges import Judge
from dragoman.judges.merging import numbers
from dragoman.judges.permuted import back
from dragoman.judges.together import together
from dragoman.judges.voted import mean_agreement
from dragoman.records import group_to_row
from dragoman.row_files import to_line
from dragoman.runs import Record, record_of
from dragoman.signature import digest, signature
from dragoman.types import Failure, Group, Judgement, Verdict

Said: TypeAlias = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Annotator:
    """Annotates groups by a judge, each in so many orders.

    `alone` says that the judge sees one candidate at a time; then every candidate has an
    analysis of its own.
    """

    judge: Judge
    orders: int = 2
    alone: bool = False
    seed: int = 0

    def __post_init__(self) -> None:
        if self.orders < 1:
            raise UserError(f"{self.orders} orders: there must be at least one")

    @property
    def fields(self) -> Mapping[str, object]:
        return {"data": "annotate", **self.judge.fields, "orders": self.orders}

    async def annotate(self, group: Group, tries: int = 0) -> Record[Said]:
        """The record of one group: its row, and why it failed if it did."""
        said = await (self._one_by_one(group, tries) if self.alone else self._at_once(group, tries))
        failure = said.pop("failure", None)
        row = {**group_to_row(group), "status": "failed" if failure else "ok", **said}
        if failure:
            row["reason"] = f"{failure.reason}: {failure.detail}"
        row["signature"] = signature(self.fields)
        return record_of(to_line(row), failure, row)

    async def _at_once(self, group: Group, tries: int) -> Said:
        own = tuple(range(len(group)))
        random = Random(f"{self.seed}/{digest(group_to_row(group))}")
        orders = [own, *other_orders(own, self.orders - 1, random)]
        judged = await together(self.judge.judge(group.pick(order), tries) for order in orders)
        if (verdict := _scored(judged[0])) is None:
            return {"scores": None, "failure": _why(judged[0])}
        read = [
            (order, one.verdict) for order, one in zip(orders, judged, strict=True) if one.verdict
        ]
        by_slot = numbers([verdict for _, verdict in read])
        answers = [back(order, said) for (order, _), said in zip(read, by_slot, strict=True)]
        return {
            "scores": _tidy(verdict),
            "analysis": verdict.analysis,
            "confidence": mean_agreement(answers),
        }

    async def _one_by_one(self, group: Group, tries: int) -> Said:
        singles = [group.pick((i,)) for i in range(len(group))]
        draws = range(tries * self.orders, (tries + 1) * self.orders)
        judged = await together(self.judge.judge(one, draw) for draw in draws for one in singles)
        answers: list[list[Verdict]] = []
        for start in range(0, len(judged), len(group)):
            verdicts = [_scored(one) for one in judged[start : start + len(group)]]
            answers.append([verdict for verdict in verdicts if verdict])
        if len(answers[0]) < len(group):
            missing = next(one for one in judged if _scored(one) is None)
            return {"scores": None, "failure": _why(missing)}
        read = [answer for answer in answers if len(answer) == len(group)]
        scores = [[score for verdict in answer for score in _tidy(verdict)] for answer in read]
        return {
            "scores": scores[0],
            "analyses": [verdict.analysis for verdict in read[0]],
            "confidence": mean_agreement(scores),
        }


def _scored(judgement: Judgement) -> Verdict | None:
    verdict = judgement.verdict
    return verdict if verdict and verdict.scores is not None else None


def _why(judgement: Judgement) -> Failure:
    if judgement.failure:
        return judgement.failure
    if len({candidate.text for candidate in judgement.group.candidates}) == 1:
        return Failure("nothing-to-compare", "one distinct text")
    return Failure("no-scores", "the judge ranks without scores")


def _tidy(verdict: Verdict) -> list[float]:
    return [tidy(score) for score in verdict.scores or ()]
