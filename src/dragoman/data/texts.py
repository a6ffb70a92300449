"""Texts held against each other, whatever their case, width and punctuation."""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Iterator

_GRAM = 3


def plain(text: str) -> str:
    """The letters, marks and digits of a text, with single blanks between."""
    folded = unicodedata.normalize("NFKC", text).casefold()
    return " ".join(
        "".join(c if unicodedata.category(c)[0] in "LNM" else " " for c in folded).split()
    )


def grams(text: str) -> Counter[str]:
    """The character trigrams of a text."""
    padded = f"  {plain(text)}  "
    return Counter(padded[i : i + _GRAM] for i in range(len(padded) - _GRAM + 1))


def likeness(one: Counter[str], other: Counter[str]) -> float:
    """How many of their trigrams two texts share, from 0 to 1 (Dice)."""
    total = one.total() + other.total()
    return 2 * (one & other).total() / total if total else 1.0


def runs(text: str, length: int) -> Iterator[str]:
    """All runs of so many characters of a text, without its blanks."""
    joined = plain(text).replace(" ", "")
    for start in range(len(joined) - length + 1):
        yield joined[start : start + length]
