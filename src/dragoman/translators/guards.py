"""Guards: what can be seen to be doubtful about a translation without knowing either language.

An empty or cut off reply is no translation and fails before it comes here. Whatever a guard
finds stays a translation and gets a warning; where a guard is unsure, it is silent.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from dragoman.errors import UnknownLanguage
from dragoman.language_check import LanguageCheck
from dragoman.languages import language_code, language_name
from dragoman.row_files import writable
from dragoman.translators import Translator
from dragoman.translators.placeholders import changed_placeholders, without_placeholders
from dragoman.translators.warnings import warned
from dragoman.types import Segment, Translation

# A text this much longer than another, and some letters more, is hardly its translation.
LONGEST_RATIO, SLACK = 3, 30
# Shorter sources may be names, which stay as they are.
SHORTEST_COPY = 12


@dataclass(frozen=True)
class Guarded:
    """A translator whose translations are looked at, each with its warnings in the details.

    `fields` names the language check, so that a run goes on with the same one; signatures do
    not, for a guard changes no text.
    """

    inner: Translator
    check: LanguageCheck

    @property
    def fields(self) -> Mapping[str, object]:
        return {**self.inner.fields, "guards": "yes", "language_check": self.check.name}

    async def translate(self, segment: Segment, draw: int = 0) -> Translation:
        translation = await self.inner.translate(segment, draw)
        if translation.failure:
            return translation
        return warned(translation, dict(guard(segment, translation.texts[0], self.check)))


def guard(segment: Segment, text: str, check: LanguageCheck) -> Iterator[tuple[str, str]]:
    """The kinds of what is doubtful about a translation, each with its words."""
    if not any(unicodedata.category(c)[0] in "LNPS" for c in text):
        yield "blank", "there is nothing to be seen in it"
        return
    if is_copy(segment, text):
        yield "copy", "it is the source itself"
    elif other := check.other(without_placeholders(text), segment.target_lang):
        yield "language", f"it looks like {_named(other)}"
    source, target = size(segment.source), size(text)
    if max(source, target) > LONGEST_RATIO * min(source, target) + SLACK:
        yield "length", f"{target} letters for {source}, where wide ones count thrice"
    if changed := changed_placeholders(segment.source, text):
        yield "placeholders", writable(changed)


def in_wrong_language(segment: Segment, text: str, check: LanguageCheck) -> bool:
    """Whether a text is the source itself, or surely in another language than its target's."""
    plain = without_placeholders(text)
    return is_copy(segment, text) or check.is_wrong(plain, segment.target_lang)


def is_copy(segment: Segment, text: str) -> bool:
    """Whether the source was given back, for one too long to be a mere name."""
    if language_code(segment.source_lang) == language_code(segment.target_lang):
        return False
    plain = without_placeholders(segment.source)
    return size(plain) >= SHORTEST_COPY and _folded(segment.source) == _folded(text)


def size(text: str) -> int:
    """Letters and digits; a wide one, such as a Chinese character, is worth three."""
    letters = (c for c in text if c.isalnum())
    return sum(3 if unicodedata.east_asian_width(c) in "WF" else 1 for c in letters)


def _folded(text: str) -> str:
    return " ".join(text.casefold().split())


def _named(language: str) -> str:
    try:
        return language_name(language)
    except UnknownLanguage:
        return language
