"""Which translations of a segment become a group: different ones, of all qualities.

Left out are texts in another language, copies of the source, and texts that hardly differ from
one that is kept. Of many, those are taken that stand evenly along the line from the text most
like all others to the one least like them: a model's samples agree where it is sure, so that
line goes from likely to unlikely, and groups keep easy pairs and hard ones.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from dragoman.data.texts import grams as grams_of
from dragoman.data.texts import likeness
from dragoman.errors import UserError
from dragoman.language_check import LanguageCheck
from dragoman.languages import language_code
from dragoman.types import Candidate, Segment


@dataclass(frozen=True)
class Choosing:
    """At most `most` candidates, of which no two are as alike as `alike`, from 0 to 1."""

    check: LanguageCheck
    most: int = 4
    alike: float = 0.98

    def __post_init__(self) -> None:
        if self.most < 2:
            raise UserError(f"{self.most} candidates: a group has at least two")
        if not 0 < self.alike <= 1:
            raise UserError(f"alike {self.alike:g}: it is above 0 and at most 1")

    def choose(
        self, segment: Segment, pool: Sequence[Candidate]
    ) -> tuple[tuple[Candidate, ...], Counter[str]]:
        """The chosen, in the order of the pool, and how many were left out why."""
        left_out: Counter[str] = Counter()
        kept: list[tuple[Candidate, Counter[str]]] = []
        translated = language_code(segment.source_lang) != language_code(segment.target_lang)
        for candidate in pool:
            text = candidate.text.strip()
            grams = grams_of(text)
            if not text:
                left_out["empty"] += 1
            elif translated and text == segment.source.strip():
                left_out["copies of the source"] += 1
            elif self.check.is_wrong(text, segment.target_lang):
                left_out["in another language"] += 1
            elif any(likeness(grams, other) >= self.alike for _, other in kept):
                left_out["hardly different"] += 1
            else:
                kept.append((Candidate(text, candidate.system), grams))
        if len(kept) > self.most:
            left_out["more than wanted"] += len(kept) - self.most
        chosen = _evenly([grams for _, grams in kept], self.most)
        return tuple(kept[i][0] for i in chosen), left_out


def _evenly(grams: Sequence[Counter[str]], most: int) -> list[int]:
    """Indices of at most so many, evenly from the most to the least like all others."""
    if len(grams) <= most:
        return list(range(len(grams)))
    common = [sum(likeness(one, other) for other in grams) for one in grams]
    line = sorted(range(len(grams)), key=lambda i: -common[i])
    return sorted(line[step * (len(line) - 1) // (most - 1)] for step in range(most))
