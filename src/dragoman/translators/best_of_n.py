"""The translation that a judge likes best: several samples, judged together as one group.

Where the judge has no verdict there is no translation either, unless `unjudged` says that the
first sample will do; nothing is ever chosen for its place in silence.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

from dragoman.errors import UserError
from dragoman.formats.verdict_line import verdict_row
from dragoman.judges import Judge
from dragoman.signature import read_signature, signature
from dragoman.translators.sample import SampleTranslator
from dragoman.translators.warnings import warned
from dragoman.types import Candidate, Failure, Group, Segment, Translation, Verdict

Unjudged = Literal["fail", "first"]


@dataclass(frozen=True)
class BestOfTranslator:
    """Orders the different texts among a translator's samples by a judge's verdict.

    `details` has the texts as they were judged (`candidates`), how often each was drawn, which
    was chosen, and the judgement. Of texts that the judge puts first together the one drawn most
    often is taken, and `tied` lists them.
    """

    sampler: SampleTranslator
    judge: Judge
    unjudged: Unjudged = "fail"

    def __post_init__(self) -> None:
        if self.sampler.samples < 2:
            raise UserError("best-of-n chooses among samples; ask for several: --samples 8")

    @property
    def fields(self) -> Mapping[str, object]:
        return self._fields(self.judge.fields)

    def _fields(self, judge: Mapping[str, object]) -> dict[str, object]:
        own = {"translator": "best-of-n", "unjudged": self.unjudged}
        return {**self.sampler.fields, **own, **of_judge(judge)}

    async def translate(self, segment: Segment, draw: int = 0) -> Translation:
        drawn = await self.sampler.translate(segment, draw)
        if drawn.failure:
            return replace(drawn, signature=signature(self.fields))
        texts = tuple(dict.fromkeys(drawn.texts))
        counts = [drawn.texts.count(text) for text in texts]
        judgement = await self.judge.judge(Group(segment, tuple(map(Candidate, texts))), draw)
        details: dict[str, Any] = {
            **drawn.details,
            "candidates": list(texts),
            "drawn": counts,
            "judgement": verdict_row(judgement),
        }
        judged = replace(
            drawn,
            texts=texts,
            replies=drawn.replies + judgement.replies,
            usage=drawn.usage + judgement.usage,
            signature=signature(self._fields(read_signature(judgement.signature))),
            details=details,
        )
        if judgement.verdict is None:
            return self._without_verdict(judged, details["judgement"]["reason"])
        order, tied = best_first(judgement.verdict, counts)
        details |= {"chosen": order[0]} | ({"tied": tied} if len(tied) > 1 else {})
        return replace(judged, texts=tuple(texts[i] for i in order))

    def _without_verdict(self, drawn: Translation, why: str) -> Translation:
        if self.unjudged == "fail":
            return replace(drawn, texts=(), failure=Failure("unjudged", why))
        first = replace(drawn, details={**drawn.details, "chosen": 0})
        return warned(first, {"unjudged": f"the first sample, for want of a verdict: {why}"})


def best_first(verdict: Verdict, counts: list[int]) -> tuple[list[int], list[int]]:
    """Indices, best first, and those that share the first place. Within a tier the text drawn
    most often comes first."""
    tiers = verdict.ranking.tiers
    order = [i for tier in tiers for i in sorted(tier, key=lambda i: -counts[i])]
    return order, list(tiers[0])


def of_judge(fields: Mapping[str, object]) -> dict[str, object]:
    """A judge's fields in the signature of a translator, which has fields of the same names."""
    named = {key if key == "judge" else f"judge_{key}": value for key, value in fields.items()}
    named.pop("judge_version", None)
    return named
