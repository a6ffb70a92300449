"""The hasty translator: always the same bad habits, as in a cheap corpus.

Idioms word by word, times and adjectives dropped, no courtesy, one classifier for all
Chinese things, one article for most German ones, and some words for their neighbours. A
translator that learned from this has something to unlearn, which its own samples show it.
"""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType

from dragoman.phrasebook.grammar import say, write
from dragoman.phrasebook.meaning import Meaning
from dragoman.phrasebook.wording import Word

NEIGHBOURS: Mapping[str, str] = MappingProxyType(
    {
        "coat": "jacket", "skirt": "dress", "cup": "plate", "suitcase": "bag", "box": "basket",
        "teacher": "student", "waiter": "cook", "uncle": "brother", "aunt": "sister",
        "window": "door", "beer": "wine", "orange": "apple", "table": "chair", "bus": "train",
        "guitar": "violin", "letter": "newspaper", "ring": "watch", "car": "bicycle",
    }
)  # fmt: skip

HABITS: Mapping[str, float] = MappingProxyType(
    {"literal": 0.75, "time": 0.55, "adjective": 0.45, "courtesy": 0.6, "neighbour": 0.6,
     "grammar": 0.5}
)  # fmt: skip
"""How often each habit shows where it can."""


def sloppy(meaning: Meaning, language: str, rng: random.Random) -> str:
    """The hasty translation of a meaning."""

    def gives_in(habit: str) -> bool:
        return rng.random() < HABITS[habit]

    m = meaning
    if m.frame == "idiom" and language != "en" and gives_in("literal"):
        m = replace(m, literal=True)
    if m.time and gives_in("time"):
        m = replace(m, time=None)
    if m.polite and gives_in("courtesy"):
        m = replace(m, polite=False)
    if m.subject:
        if m.subject.adjective and gives_in("adjective"):
            m = replace(m, subject=replace(m.subject, adjective=None))
        if m.subject and m.subject.id in NEIGHBOURS and gives_in("neighbour"):
            m = replace(m, subject=replace(m.subject, id=NEIGHBOURS[m.subject.id]))
    if m.object:
        if m.object.adjective and gives_in("adjective"):
            m = replace(m, object=replace(m.object, adjective=None))
        if m.object and m.object.id in NEIGHBOURS and gives_in("neighbour"):
            m = replace(m, object=replace(m.object, id=NEIGHBOURS[m.object.id]))
    sentence = say(m, language)[0]
    if gives_in("grammar"):
        sentence = sentence._replace(words=tuple(_flat(word, language) for word in sentence.words))
    return write(sentence, language)


def _flat(word: Word, language: str) -> Word:
    """One classifier, one article."""
    if language == "zh" and word.sense.startswith("classifier:"):
        return word._replace(text="个")
    if language == "de" and word.sense == "article" and word.text in ("den", "der"):
        return word._replace(text="die")
    return word
