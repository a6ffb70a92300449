"""Errors of wording: the right thing is said, wrongly.

Each takes a sentence and gives a faulty one, or None where there is nothing to get wrong.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from types import MappingProxyType

from dragoman.phrasebook.vocabulary import vocabulary
from dragoman.phrasebook.wording import Sentence, Word


def _agreement(
    sentence: Sentence, source: Sentence, language: str, rng: random.Random
) -> Sentence | None:
    """One word in a form that does not agree."""
    places = list(range(len(sentence.words)))
    rng.shuffle(places)
    for i in places:
        word = sentence.words[i]
        if not word.sense or word.severity == "critical":
            continue
        forms = [w for w in _forms_of(language).get(word.sense, ()) if w.text != word.text]
        if forms:
            return _with(sentence, i, rng.choice(forms))
    return None


@cache
def _forms_of(language: str) -> Mapping[str, Sequence[Word]]:
    """The forms of each sense that has several."""
    found: dict[str, list[Word]] = {}
    for words in vocabulary(language).values():
        for word in words:
            found.setdefault(word.sense, []).append(word)
    return {sense: tuple(words) for sense, words in found.items() if len(words) > 1}


def _word_order(
    sentence: Sentence, source: Sentence, language: str, rng: random.Random
) -> Sentence | None:
    """One word moved to where it does not belong."""
    words = list(sentence.words)
    movable = [i for i, word in enumerate(words) if word.sense]
    if len(movable) < 3:
        return None
    word = words.pop(rng.choice(movable))
    words.insert(rng.randrange(len(words) + 1), word)
    return sentence._replace(words=tuple(words))


def _untranslated(
    sentence: Sentence, source: Sentence, language: str, rng: random.Random
) -> Sentence | None:
    """A word left as it stands in the source."""
    there = {w.sense: w for w in source.words if w.severity == "major" and w.sense}
    places = [i for i, w in enumerate(sentence.words) if w.severity == "major" and w.sense in there]
    if not places:
        return None
    i = rng.choice(places)
    left = there[sentence.words[i].sense]
    return None if left.text == sentence.words[i].text else _with(sentence, i, left)


def _with(sentence: Sentence, place: int, word: Word) -> Sentence:
    """The sentence with another word in that place."""
    words = (*sentence.words[:place], word, *sentence.words[place + 1 :])
    return sentence._replace(words=words)


Slip = Callable[[Sentence, Sentence, str, random.Random], Sentence | None]
"""The sentence, the source sentence, the language of the first, and chance."""

KINDS: Mapping[str, Slip] = MappingProxyType(
    {"agreement": _agreement, "word order": _word_order, "untranslated": _untranslated}
)
