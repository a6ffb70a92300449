"""The pointwise judge: each candidate alone, one question each; the ranking follows the scores."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from dragoman.asking import Asker
from dragoman.formats import Format
from dragoman.formats.alone import Score
from dragoman.judges.distinct import distinct, spread
from dragoman.judges.fields import asking_fields
from dragoman.judges.together import together
from dragoman.ranking import rank_scores
from dragoman.signature import signature
from dragoman.types import Failure, Group, Judgement, Usage, Verdict


@dataclass(frozen=True)
class PointwiseJudge:
    """Scores one candidate at a time, the way judges are usually asked.

    A group is judged when every candidate is: a missing score cannot be ranked, and a
    guess would be a number that nobody gave.
    """

    asker: Asker
    format: Format[Group, Score]

    @property
    def fields(self) -> Mapping[str, object]:
        return {"judge": "pointwise", **asking_fields(self.asker, self.format)}

    async def judge(self, group: Group, draw: int = 0) -> Judgement:
        small, slots = distinct(group)
        alone = [small.pick((i,)) for i in range(len(small))]
        asked = await together(self.asker.ask(self.format, one, draw) for one in alone)
        replies = tuple(reply for one in asked for reply in one.replies)
        usage = sum((one.usage for one in asked), Usage())
        verdict, failure = None, None
        answers = [one.answer for one in asked if one.answer is not None]
        if len(answers) == len(asked):
            scores = tuple(answer.value for answer in answers)
            analyses = "\n\n".join(answer.analysis for answer in answers)
            verdict = Verdict(rank_scores(scores), scores, analyses)
        else:
            failures = [one.failure for one in asked if one.failure]
            detail = f"{len(failures)} of {len(asked)} candidates: {failures[0].detail}"
            failure = Failure(failures[0].reason, detail)
        small_judgement = Judgement(small, verdict, failure, replies, signature(self.fields), usage)
        return spread(small_judgement, group, slots)
