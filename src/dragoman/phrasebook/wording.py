"""Words with what they mean and how bad it is to lose them, and sentences made of words."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Literal, NamedTuple

Severity = Literal["minor", "major", "critical"]

POINTS: Mapping[Severity, int] = MappingProxyType({"minor": 1, "major": 3, "critical": 5})
"""What an error of each severity takes off the ten points of a translation."""


class Word(NamedTuple):
    """One word of a sentence. Forms of one word share its sense: `rote` and `roten`."""

    text: str
    sense: str
    severity: Severity


class Sentence(NamedTuple):
    """What one says: words and marks, in order; marks are words without a sense."""

    words: tuple[Word, ...]
    opening: str = ""
    closing: str = "."

    def text(self, spaced: bool = True) -> str:
        """The sentence as it is written. Chinese writes no spaces."""
        if not spaced:
            return "".join(word.text for word in self.words) + self.closing
        written = ""
        for word in self.words:
            glued = not written or not word.sense or written.endswith(("'", "¿"))
            written += word.text if glued else f" {word.text}"
        return self.opening + written[0].upper() + written[1:] + self.closing


def small(text: str, sense: str | None = None) -> list[Word]:
    """Function words: losing one is a minor error."""
    return [Word(word, sense or f"small:{word}", "minor") for word in text.split()]


def content(text: str, sense: str) -> list[Word]:
    """Words that carry the meaning: losing one is a major error."""
    return [Word(word, one, "major") for word, one in _numbered(text, sense)]


def critical(text: str, sense: str) -> list[Word]:
    """Numbers and negations: losing one turns the meaning over."""
    return [Word(word, one, "critical") for word, one in _numbered(text, sense)]


def mark(text: str) -> list[Word]:
    """Punctuation within a sentence."""
    return [Word(text, "", "minor")]


def starred(text: str, sense: str) -> list[Word]:
    """A phrase of the word lists, in which stars tell the words that carry the meaning."""
    words: list[Word] = []
    for word, one in _numbered(text, sense):
        words += content(word[1:], one) if word.startswith("*") else small(word)
    return words


def _numbered(text: str, sense: str) -> list[tuple[str, str]]:
    """The words of a phrase, each with a sense of its own: they are no forms of one another."""
    words = text.split()
    return [(word, f"{sense}+{i}" if i else sense) for i, word in enumerate(words)]


def distinct(sentences: Iterable[Sentence]) -> tuple[Sentence, ...]:
    """Each sentence once, in order."""
    return tuple(dict.fromkeys(sentences))
