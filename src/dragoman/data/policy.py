"""Training sets for translators by reinforcement: segments to translate.

Cross-lingual augmentation (CLA) adds to each segment the same source into another language,
which is drawn evenly. No reference goes with it: a reward that reads references would take the
translation into the first language for one. A reference that is in another language than it
should be is dropped for the same reason.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from random import Random
from typing import Any

from dragoman.data.sources import read_items
from dragoman.data.step import Seen, Tally
from dragoman.errors import UserError
from dragoman.language_check import LanguageCheck
from dragoman.languages import language_code
from dragoman.records import segment_from_row, segment_to_row
from dragoman.signature import digest
from dragoman.types import Segment

# The published recipe's.
TOWER_LANGUAGES = ("en", "de", "fr", "nl", "it", "es", "pt", "ko", "ru", "zh")


@dataclass(frozen=True)
class CrossLingual:
    """Draws another language to translate a segment into."""

    languages: Sequence[str]
    seed: int

    def __post_init__(self) -> None:
        codes = [language_code(language) for language in self.languages]
        if len(set(codes)) != len(codes):
            raise UserError(f"--languages {' '.join(self.languages)}: one stands there twice")

    def of(self, segment: Segment) -> Segment | None:
        """The segment into another language, or None if there is no other."""
        taken = {language_code(segment.source_lang), language_code(segment.target_lang)}
        others = [other for other in self.languages if language_code(other) not in taken]
        if not others:
            return None
        drawn = Random(f"{self.seed}/{digest(segment_to_row(segment))}").choice(others)
        return Segment(
            f"{segment.id}/{drawn}",
            segment.source,
            segment.source_lang,
            drawn,
            context=segment.context,
        )


def policy_rows(
    path: str, cross_lingual: CrossLingual | None, check: LanguageCheck, tally: Tally
) -> Iterator[dict[str, Any]]:
    """Each segment, and behind it what cross-lingual augmentation makes of it."""
    seen = Seen()
    for number, _, segment in read_items(path, segment_from_row):
        tally.read += 1
        origin = {"row": number}
        if not segment.source.strip():
            tally.leave_out("an empty source", f"{path}:{number}")
            continue
        if not seen.add([segment.source, segment.source_lang, segment.target_lang]):
            tally.leave_out("the same source and languages as before", f"{path}:{number}")
            continue
        reference = segment.reference
        if reference is not None and check.is_wrong(reference, segment.target_lang):
            tally.note("references in another language dropped")
            segment = replace(segment, reference=None)
        yield {**segment_to_row(segment), "origin": origin}
        if cross_lingual is None:
            continue
        if other := cross_lingual.of(segment):
            yield {**segment_to_row(other), "origin": {**origin, "cross_lingual": True}}
        else:
            tally.note("segments without another language")
