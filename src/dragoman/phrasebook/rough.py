"""Texts as an unfinished translator writes them: many errors at once, repeated, cut off, astray."""

from __future__ import annotations

import random
from collections.abc import Callable
from functools import cache

from dragoman.phrasebook.errors import plant
from dragoman.phrasebook.grammar import say, write
from dragoman.phrasebook.meaning import Meaning
from dragoman.phrasebook.vocabulary import vocabulary
from dragoman.phrasebook.wording import Sentence, Word
from dragoman.phrasebook.world import draw


def rough(meaning: Meaning, language: str, source_language: str, rng: random.Random) -> str:
    """A translation with the faults of a model rather than of a person."""
    if rng.random() < 0.3:
        return plant(meaning, language, source_language, rng, rng.randint(3, 6)).text
    sentence = rng.choice(say(meaning, language)[:2])
    for _ in range(rng.choice((1, 1, 1, 2, 3))):
        words = rng.choice(_FAULTS)(list(sentence.words), language, rng)
        sentence = sentence._replace(words=tuple(words or sentence.words))
    if rng.random() < 0.05:
        sentence = sentence._replace(closing="")
    return write(sentence, language)


Fault = Callable[[list[Word], str, random.Random], list[Word]]


def _cut_off(words: list[Word], language: str, rng: random.Random) -> list[Word]:
    return words[: rng.randint(1, max(1, len(words) - 1))]


def _dropped(words: list[Word], language: str, rng: random.Random) -> list[Word]:
    gone = rng.randrange(len(words))
    return words[:gone] + words[gone + 1 :]


def _repeated(words: list[Word], language: str, rng: random.Random) -> list[Word]:
    start = rng.randrange(len(words))
    end = min(len(words), start + rng.randint(1, 3))
    return words[:end] + words[start:end] * rng.randint(1, 2) + words[end:]


def _replaced(words: list[Word], language: str, rng: random.Random) -> list[Word]:
    """Any word of the language in the place of one."""
    at = rng.randrange(len(words))
    return [*words[:at], _any_word(language, rng), *words[at + 1 :]]


def _inserted(words: list[Word], language: str, rng: random.Random) -> list[Word]:
    at = rng.randrange(len(words) + 1)
    return [*words[:at], _any_word(language, rng), *words[at:]]


def _swapped(words: list[Word], language: str, rng: random.Random) -> list[Word]:
    at = rng.randrange(len(words))
    return words[:at] + words[at : at + 2][::-1] + words[at + 2 :]


def _astray(words: list[Word], language: str, rng: random.Random) -> list[Word]:
    """It begins well and goes on as another sentence does."""
    other: Sentence = say(draw(rng), language)[0]
    half = rng.randint(1, len(words))
    return words[:half] + list(other.words[half:])


_FAULTS: tuple[Fault, ...] = (
    _cut_off, _dropped, _dropped, _repeated, _replaced, _replaced, _replaced, _inserted,
    _swapped, _astray,
)  # fmt: skip


def _any_word(language: str, rng: random.Random) -> Word:
    known = vocabulary(language)
    return rng.choice(known[rng.choice(_forms(language))])


@cache
def _forms(language: str) -> tuple[str, ...]:
    return tuple(vocabulary(language))
