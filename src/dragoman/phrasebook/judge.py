"""The gold judge: knows the meaning behind each segment, and can be told to err.

Noise makes it a judge of any accuracy wanted: each text's score is shifted by a normal draw
that depends on the segment, the text and the seed alone, so that it errs consistently.
"""

from __future__ import annotations

import random
from collections.abc import Mapping

from dragoman.errors import UserError
from dragoman.phrasebook.datasets import gold_quality, segment_meaning
from dragoman.phrasebook.gold import HIGHEST
from dragoman.phrasebook.replies import verdict
from dragoman.ranking import rank_scores
from dragoman.signature import signature
from dragoman.types import Failure, Group, Judgement, Verdict


class GoldJudge:
    """Scores by the phrasebook's gold quality, with noise of this standard deviation."""

    def __init__(self, noise: float = 0.0, seed: int = 0):
        if not 0 <= noise <= 100:
            raise UserError(f"the gold judge's noise {noise:g}: it is from 0 to 100 points")
        self.noise, self.seed = noise, seed

    @property
    def fields(self) -> Mapping[str, object]:
        noisy = {"noise": self.noise, "seed": self.seed} if self.noise else {}
        return {"judge": "gold", **noisy}

    async def judge(self, group: Group, draw: int = 0) -> Judgement:
        signed = signature(self.fields)
        segment = group.segment
        meaning = segment_meaning(segment)
        if meaning is None:
            detail = f"segment {segment.id!r} is none of the phrasebook's"
            return Judgement(group, None, Failure("no-gold", detail), signature=signed)
        texts = [candidate.text for candidate in group.candidates]
        if not self.noise:
            said = verdict(texts, meaning, segment.target_lang)
            return Judgement(group, said, None, signature=signed)
        scores = tuple(self._noisy(group, text, draw) for text in texts)
        return Judgement(group, Verdict(rank_scores(scores), scores), None, signature=signed)

    def _noisy(self, group: Group, text: str, draw: int) -> float:
        shift = random.Random(f"{self.seed}/{draw}/{group.segment.id}/{text}").gauss(0, self.noise)
        score = gold_quality(group.segment, text) + shift
        return float(min(HIGHEST, max(0, round(score))))
