"""Minimum Bayes risk with a judge as the utility: each sample is the reference once.

The judge sees the different texts as one group, once for each of them as the segment's reference,
and what it says counts as often as that one was drawn. So it has to be a judge that looks at
references; any other says the same each time.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from dragoman.errors import UserError
from dragoman.judges import Judge
from dragoman.judges.together import together
from dragoman.signature import read_signature, signature
from dragoman.translators.best_of_n import of_judge
from dragoman.translators.sample import SampleTranslator
from dragoman.types import Candidate, Failure, Group, Segment, Translation, Verdict


@dataclass(frozen=True)
class JudgedMbrTranslator:
    """Orders the different texts among a translator's samples by their mean score, or by their
    mean place where the judge gives no scores.

    `details["utilities"]` has a number for each text of the result. References beside which the
    judge had no verdict are counted in `details["unjudged"]`, by reason, and weigh nothing.
    """

    sampler: SampleTranslator
    judge: Judge

    def __post_init__(self) -> None:
        if self.sampler.samples < 2:
            raise UserError("mbr chooses among samples; ask for several: --samples 16")

    @property
    def fields(self) -> Mapping[str, object]:
        return self._fields(self.judge.fields)

    def _fields(self, judge: Mapping[str, object]) -> dict[str, object]:
        return {**self.sampler.fields, "translator": "mbr", "utility": "judge", **of_judge(judge)}

    async def translate(self, segment: Segment, draw: int = 0) -> Translation:
        drawn = await self.sampler.translate(segment, draw)
        if drawn.failure:
            return replace(drawn, signature=signature(self.fields))
        counts = Counter(drawn.texts)
        texts = tuple(counts)
        candidates = tuple(map(Candidate, texts))
        judgements = await together(
            self.judge.judge(Group(replace(segment, reference=text), candidates), draw)
            for text in texts
        )
        unjudged = Counter(j.failure.reason for j in judgements if j.failure)
        details: dict[str, Any] = dict(drawn.details)
        if unjudged:
            details["unjudged"] = dict(unjudged)
        judged = replace(
            drawn,
            replies=drawn.replies + tuple(reply for j in judgements for reply in j.replies),
            usage=sum((j.usage for j in judgements), drawn.usage),
            signature=signature(self._fields(read_signature(judgements[0].signature))),
            details=details,
        )
        verdicts = [
            (j.verdict, counts[text])
            for text, j in zip(texts, judgements, strict=True)
            if j.verdict is not None
        ]
        if not verdicts:
            why = judgements[0].failure
            words = f"{why.reason}: {why.detail}" if why else ""
            return replace(judged, texts=(), failure=Failure("unjudged", words))
        worth = dict(zip(texts, mean_worth(verdicts), strict=True))
        best = sorted(texts, key=lambda text: -worth[text])
        details["utilities"] = [round(worth[text], 4) for text in best]
        return replace(judged, texts=tuple(best))


def mean_worth(verdicts: Sequence[tuple[Verdict, int]]) -> list[float]:
    """For each candidate the mean of its scores, or of its places counted downwards where not
    every verdict has scores; each verdict counts as often as it is said."""
    scores = [verdict.scores for verdict, _ in verdicts if verdict.scores is not None]
    if len(scores) < len(verdicts):
        scores = [tuple(-float(p) for p in verdict.ranking.places) for verdict, _ in verdicts]
    weights = [weight for _, weight in verdicts]
    return [
        sum(score * weight for score, weight in zip(column, weights, strict=True)) / sum(weights)
        for column in zip(*scores, strict=True)
    ]
