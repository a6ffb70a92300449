"""Whether a text is in its language, as far as a guesser of languages can tell.

A guesser is any callable from a text to a language code, or to None where it cannot tell: of a
short text, a name, a number. A text is wrong only if the guesser is sure of another language.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeAlias

from dragoman.errors import MissingExtra, UnknownLanguage
from dragoman.languages import language_code
from dragoman.plugins import find

Guess: TypeAlias = Callable[[str], str | None]

GUESSERS = {"langid": "dragoman.language_check:Langid"}
NONE = "none"

# Of 1,500 sentences of the phrasebook none was taken for another language at this probability,
# five were at 0.5; whatever is shorter than some four words mostly stays below it.
_SURE = 0.8
# More of a text says nothing new, and hostile ones are long.
_ENOUGH = 2000


@dataclass(frozen=True, slots=True)
class LanguageCheck:
    """Finds texts in other languages than theirs. `name` is the guesser's."""

    name: str
    guess: Guess

    def other(self, text: str, language: str) -> str | None:
        """The other language that the text is surely in; None if it is in this one, or unsure."""
        guessed = self.guess(text[:_ENOUGH])
        if guessed is None:
            return None
        try:
            return None if language_code(guessed) == language_code(language) else guessed
        except UnknownLanguage:
            return guessed

    def is_wrong(self, text: str, language: str) -> bool:
        return self.other(text, language) is not None


UNCHECKED = LanguageCheck(NONE, lambda text: None)
"""Finds no text wrong."""


def make_language_check(name: str) -> LanguageCheck:
    """The check by the guesser called `name`, by the class at `module:Name`, or none at all."""
    if name == NONE:
        return UNCHECKED
    return LanguageCheck(name, find("language guesser", name, GUESSERS)())


class Langid:
    """Guesses by py3langid, which knows 140 languages and carries its model with it."""

    def __init__(self) -> None:
        try:
            from py3langid import langid
        except ImportError:
            raise MissingExtra("py3langid", "langid") from None
        # It has no types.
        module: Any = langid
        self._identifier: Any = module.LanguageIdentifier.from_model_file(
            module.MODEL_FILE, norm_probs=True, min_confidence=_SURE
        )

    def __call__(self, text: str) -> str | None:
        code, _ = self._identifier.classify(text)
        # Written Cantonese and Chinese share their short sentences.
        return None if code in ("und", "zxx") else "zh" if code == "yue" else code
