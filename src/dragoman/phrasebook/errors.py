"""Errors planted in translations: what kind, and how severe, as MQM counts them."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

from dragoman.phrasebook import errors_of_meaning, errors_of_wording
from dragoman.phrasebook.gold import compare
from dragoman.phrasebook.grammar import say, write
from dragoman.phrasebook.lexicon import LANGUAGES
from dragoman.phrasebook.meaning import Meaning
from dragoman.phrasebook.wording import Sentence, Severity

Kind = Literal[
    "wrong word", "number", "negation", "omission", "addition", "literal idiom", "tense",
    "register", "agreement", "word order", "untranslated", "wrong language",
]  # fmt: skip

SEVERITIES: Mapping[Kind, Severity] = MappingProxyType(
    {
        "wrong word": "major", "number": "critical", "negation": "critical",
        "omission": "major", "addition": "major", "literal idiom": "major", "tense": "major",
        "register": "major", "agreement": "minor", "word order": "minor",
        "untranslated": "major", "wrong language": "critical",
    }
)  # fmt: skip

WEIGHTS: Mapping[Kind, int] = MappingProxyType(
    {
        "wrong word": 30, "number": 12, "negation": 10, "omission": 9, "addition": 7,
        "literal idiom": 30, "tense": 5, "register": 4, "agreement": 11, "word order": 5,
        "untranslated": 3, "wrong language": 2,
    }
)  # fmt: skip
"""How often each kind is tried; idioms are rarer than words, so theirs is tried more."""


@dataclass(frozen=True, slots=True)
class Planted:
    """A faulty translation and what is wrong with it."""

    text: str
    errors: tuple[tuple[Kind, Severity], ...]


def plant(
    meaning: Meaning, language: str, source_language: str, rng: random.Random, count: int
) -> Planted:
    """A translation with up to `count` errors of different kinds or places."""
    errors: list[Kind] = []
    changed = meaning
    slips: list[Kind] = []
    tried: list[Kind] = rng.choices(list(WEIGHTS), list(WEIGHTS.values()), k=6 * count)
    for kind in tried:
        if len(errors) + len(slips) >= count:
            break
        get_wrong = errors_of_meaning.KINDS.get(kind)
        if get_wrong is None:
            if kind not in slips:
                slips.append(kind)
            continue
        if kind == "literal idiom" and language == "en":
            continue  # what is said plainly is right
        if kind == "wrong word" or kind not in errors:
            other = get_wrong(changed, rng)
            if other is not None and other != changed:
                changed = other
                errors.append(kind)
    if "wrong language" in slips:
        # Said as a whole, not word by word; nothing else counts beside it.
        elsewhere = rng.choice([code for code in LANGUAGES if code != language])
        text = write(say(meaning, elsewhere)[0], elsewhere)
        return Planted(text, _with_severity(["wrong language"]))
    sentence = rng.choice(_usual_ways(changed, language, rng))
    source = say(changed, source_language)[0]
    for kind in slips:
        slipped = errors_of_wording.KINDS[kind](sentence, source, language, rng)
        # Moved to a place that is as good, or in a form that is: nothing is wrong.
        if slipped is not None and _costs(slipped, meaning, language) != _costs(
            sentence, meaning, language
        ):
            sentence = slipped
            errors.append(kind)
    return Planted(write(sentence, language), _with_severity(errors))


def _costs(sentence: Sentence, meaning: Meaning, language: str) -> int:
    return compare(write(sentence, language), meaning, language).cost


def _with_severity(kinds: Sequence[Kind]) -> tuple[tuple[Kind, Severity], ...]:
    return tuple((kind, SEVERITIES[kind]) for kind in kinds)


def _usual_ways(meaning: Meaning, language: str, rng: random.Random) -> Sequence[Sentence]:
    """Mostly the usual way to say it, sometimes any."""
    ways = say(meaning, language)
    return ways if rng.random() < 0.25 else ways[:1]
