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

GUESSERS = {"langid": "dragoman.data.language_check:Langid"}
NONE = "none"

# Below this probability langid is more often wrong than it is worth.
_SURE = 0.5


@dataclass(frozen=True, slots=True)
class LanguageCheck:
    """Finds texts in other languages than theirs. `name` is the guesser's, for signatures."""

    name: str
    guess: Guess

    def is_wrong(self, text: str, language: str) -> bool:
        guessed = self.guess(text)
        if guessed is None:
            return False
        try:
            return language_code(guessed) != language_code(language)
        except UnknownLanguage:
            return True


def make_language_check(name: str) -> LanguageCheck:
    """The check by the guesser called `name`, by the class at `module:Name`, or none at all."""
    if name == NONE:
        return LanguageCheck(NONE, lambda text: None)
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
        return None if code in ("und", "zxx") else code
