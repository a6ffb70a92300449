"""One language a file: a meaning in, every acceptable sentence out, the usual one first."""

from __future__ import annotations

from functools import lru_cache
from importlib import import_module

from dragoman.phrasebook.lexicon import LANGUAGES
from dragoman.phrasebook.meaning import Meaning
from dragoman.phrasebook.wording import Sentence

FILES = {
    "en": "dragoman.phrasebook.grammar.english",
    "de": "dragoman.phrasebook.grammar.german",
    "zh": "dragoman.phrasebook.grammar.chinese",
    "es": "dragoman.phrasebook.grammar.spanish",
    "fr": "dragoman.phrasebook.grammar.french",
}
assert tuple(FILES) == LANGUAGES


@lru_cache(100_000)
def say(meaning: Meaning, language: str) -> tuple[Sentence, ...]:
    """Every acceptable way to say it in a language, the usual one first."""
    return import_module(FILES[language]).say(meaning)


def write(sentence: Sentence, language: str) -> str:
    """A sentence of a language as text."""
    return sentence.text(spaced=language != "zh")
