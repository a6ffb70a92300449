"""The plain translator: asks a model for one translation or several."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from dragoman.asking import Asker
from dragoman.errors import UserError
from dragoman.formats import Format
from dragoman.judges.fields import asking_fields
from dragoman.judges.together import together
from dragoman.signature import signature
from dragoman.types import Failure, Segment, Translation, Usage


@dataclass(frozen=True)
class SampleTranslator:
    """Draws `samples` translations and keeps those that can be read, in the order drawn.

    Nothing chooses among them: the first is the translation. Where samples were lost, the
    details say how many and why; when all were, the translation is a failure.
    """

    asker: Asker
    format: Format[Segment, str]
    samples: int = 1

    def __post_init__(self) -> None:
        if self.samples < 1:
            raise UserError(f"{self.samples} samples: there must be at least one")
        if self.samples > 1 and self.asker.sampling.temperature == 0:
            raise UserError("samples at temperature 0 are all the same; set it to 0.7, say")

    @property
    def fields(self) -> Mapping[str, object]:
        return {
            "translator": "sample",
            "samples": self.samples,
            **asking_fields(self.asker, self.format),
        }

    async def translate(self, segment: Segment, draw: int = 0) -> Translation:
        draws = range(draw * self.samples, (draw + 1) * self.samples)
        asked = await together(self.asker.ask(self.format, segment, d) for d in draws)
        texts = tuple(one.answer for one in asked if one.answer is not None)
        failures = [one.failure for one in asked if one.failure]
        return Translation(
            segment,
            texts,
            None if texts else _summed_up(failures),
            tuple(reply for one in asked for reply in one.replies),
            signature(self.fields),
            sum((one.usage for one in asked), Usage()),
            _lost(failures) if texts and failures else {},
        )


def _summed_up(failures: list[Failure]) -> Failure:
    if len(failures) == 1:
        return failures[0]
    return Failure(failures[0].reason, f"all {len(failures)} samples: {failures[0].detail}")


def _lost(failures: list[Failure]) -> dict[str, dict[str, int]]:
    return {"lost": dict(Counter(failure.reason for failure in failures))}
