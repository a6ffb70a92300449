"""The gold quality of any text, computed from the meaning that it should have.

A text is compared with every acceptable translation, word by word, and takes the one that
it is nearest to. A word that is lacking costs by its severity; so does a word too many,
unless it stands in the place of a lacking one that weighs as much. Another form of the
right word is a minor error, and so is a wrong order. Ten points less the cost is the score.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from functools import lru_cache

from dragoman.phrasebook.grammar import say
from dragoman.phrasebook.meaning import Meaning
from dragoman.phrasebook.vocabulary import vocabulary, words_of
from dragoman.phrasebook.wording import POINTS, Sentence, Severity

HIGHEST = 10


@dataclass(frozen=True, slots=True)
class Comparison:
    """A text beside the acceptable translation that is nearest to it.

    `lacking` has, for each word of the reference, the severity of its loss, or None.
    """

    reference: Sentence
    lacking: tuple[Severity | None, ...]
    surplus: tuple[tuple[str, Severity], ...]
    misordered: bool

    @property
    def errors(self) -> tuple[Severity, ...]:
        """Every error, in the order of the analysis."""
        lost: tuple[Severity, ...] = tuple(severity for severity in self.lacking if severity)
        order: tuple[Severity, ...] = ("minor",) if self.misordered else ()
        too_many: tuple[Severity, ...] = tuple(severity for _, severity in self.surplus)
        return lost + too_many + order

    @property
    def cost(self) -> int:
        return sum(POINTS[severity] for severity in self.errors)

    @property
    def score(self) -> int:
        return max(0, HIGHEST - self.cost)


def score(text: str, meaning: Meaning, language: str) -> int:
    """The quality of a text as a translation of a meaning, from 0 to 10."""
    return compare(text, meaning, language).score


@lru_cache(100_000)
def compare(text: str, meaning: Meaning, language: str) -> Comparison:
    """The text beside the nearest acceptable translation; the usual one where several are."""
    words = [word.casefold() for word in words_of(text, language)]
    comparisons = [_beside(words, sentence, language) for sentence in say(meaning, language)]
    return min(comparisons, key=lambda comparison: comparison.cost)


def _beside(words: list[str], reference: Sentence, language: str) -> Comparison:
    expected = [word for word in reference.words if word.sense]
    left = Counter(words)
    missing: list[int] = []
    for i, word in enumerate(expected):
        form = word.text.casefold()
        if left[form]:
            left[form] -= 1
        else:
            missing.append(i)
    unmatched = _in_order(words, left)
    lost: list[int] = []
    lacking: list[Severity | None] = [None] * len(expected)
    for i in missing:
        other_form = _form_of(expected[i].sense, unmatched, language)
        if other_form is None:
            lacking[i] = expected[i].severity
            lost.append(POINTS[expected[i].severity])
        else:
            unmatched.remove(other_form)
            lacking[i] = "minor"
    surplus = _beyond([(word, _severity(word, language)) for word in unmatched], lost)
    kept = [w.text.casefold() for w, lack in zip(expected, lacking, strict=True) if lack is None]
    misordered = _without(words, kept) != kept
    return Comparison(reference, tuple(lacking), tuple(surplus), misordered)


def _beyond(unmatched: list[tuple[str, Severity]], lost: list[int]) -> list[tuple[str, Severity]]:
    """The unmatched words, the worst first, without those that stand for a lost one: each
    lost word excuses one that weighs no more than itself."""
    worst_first = sorted(unmatched, key=lambda it: -POINTS[it[1]])
    for points in sorted(lost, reverse=True):
        excused = next((it for it in worst_first if POINTS[it[1]] <= points), None)
        if excused:
            worst_first.remove(excused)
    return worst_first


def _in_order(words: list[str], left: Counter[str]) -> list[str]:
    """The words that were not matched, as they stand in the text, the last of each first kept."""
    left = +left
    kept: list[str] = []
    for word in reversed(words):
        if left[word]:
            left[word] -= 1
            kept.append(word)
    return kept[::-1]


def _without(words: list[str], wanted: list[str]) -> list[str]:
    """The wanted words in the order of the text, each as often as it is wanted."""
    left = Counter(wanted)
    kept: list[str] = []
    for word in words:
        if left[word]:
            left[word] -= 1
            kept.append(word)
    return kept


def _form_of(sense: str, words: list[str], language: str) -> str | None:
    """One of the words that is another form of the same thing."""
    known = vocabulary(language)
    return next((w for w in words if any(it.sense == sense for it in known.get(w, ()))), None)


def _severity(word: str, language: str) -> Severity:
    """How bad it is to have this word too much; a foreign word counts as one of content."""
    meanings = vocabulary(language).get(word)
    return meanings[0].severity if meanings else "major"
