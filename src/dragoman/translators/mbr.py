"""The translation that agrees best with all the others: minimum Bayes risk over samples.

Every sample is held against every sample, itself included, as if each were the reference.
A text that a model draws twice counts twice on that side, for it is twice as likely.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from dragoman.errors import UserError
from dragoman.signature import signature
from dragoman.translators.sample import SampleTranslator
from dragoman.translators.utilities import Utility
from dragoman.types import Segment, Translation


@dataclass(frozen=True)
class MbrTranslator:
    """Orders the different texts among a translator's samples, the one of most use first.

    `details["utilities"]` has a number for each text of the result.
    """

    sampler: SampleTranslator
    utility: Utility

    def __post_init__(self) -> None:
        if self.sampler.samples < 2:
            raise UserError("mbr chooses among samples; ask for several: --samples 16")

    @property
    def fields(self) -> Mapping[str, object]:
        return self._fields(self.utility.fields)

    def _fields(self, utility: Mapping[str, object]) -> dict[str, object]:
        # A utility's fields may be called as the sampler's are: sacrebleu has a seed as well.
        named = {k if k == "utility" else f"utility_{k}": v for k, v in utility.items()}
        return {**self.sampler.fields, "translator": "mbr", **named}

    async def translate(self, segment: Segment, draw: int = 0) -> Translation:
        drawn = await self.sampler.translate(segment, draw)
        fields = self._fields(self.utility.fields_for(segment))
        signed = replace(drawn, signature=signature(fields))
        if drawn.failure:
            return signed
        texts = list(dict.fromkeys(drawn.texts))
        worth = dict(zip(texts, self.utility.expected(texts, drawn.texts, segment), strict=True))
        best = sorted(texts, key=lambda text: -worth[text])
        utilities = [round(worth[text], 4) for text in best]
        return replace(signed, texts=tuple(best), details={**drawn.details, "utilities": utilities})
