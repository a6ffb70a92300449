"""Texts cut into words with their places, and words held against those of a reference."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from typing import TypeAlias

Place: TypeAlias = tuple[int, int]
"""The first character of a word and the one behind its last."""

# Chinese, Japanese kana, Thai, Lao, Myanmar and Khmer are written without blanks.
_UNSPACED = re.compile(r"[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff]")
_JOINING = "'’-"


def words_in(text: str) -> list[Place]:
    """The words of a text: runs of letters and digits, single marks of punctuation, and single
    characters of scripts that have no blanks between words."""
    words: list[Place] = []
    letters = False
    for at, character in enumerate(text):
        kind = unicodedata.category(character)[0]
        if character.isspace():
            letters = False
            continue
        unspaced = bool(_UNSPACED.match(character))
        joins = character in _JOINING and text[at + 1 : at + 2].isalnum()
        goes_on = letters and (joins or (kind in "LN" and not unspaced))
        if goes_on or (kind == "M" and words and words[-1][1] == at):
            words[-1] = words[-1][0], at + 1
        else:
            words.append((at, at + 1))
            letters = kind in "LN" and not unspaced
    return words


def kept(words: Sequence[str], reference: Sequence[str]) -> list[bool]:
    """Which words stand in the reference as well, along the cheapest way from one to the other
    by words put in, left out and replaced; of equally cheap ones the way that keeps most. Case
    does not matter; a word that has moved is lost.
    """
    one, other = [w.casefold() for w in words], [w.casefold() for w in reference]
    edit = len(one) + len(other) + 1  # more than all words that could be kept
    costs = [[edit * j for j in range(len(other) + 1)]]
    for i, word in enumerate(one):
        above, row = costs[-1], [edit * (i + 1)]
        for j, wanted in enumerate(other):
            across = above[j] + (-1 if word == wanted else edit)
            row.append(min(across, above[j + 1] + edit, row[j] + edit))
        costs.append(row)
    found = [False] * len(one)
    i, j = len(one), len(other)
    while i and j:
        same = one[i - 1] == other[j - 1]
        if costs[i][j] == costs[i - 1][j - 1] + (-1 if same else edit):
            i, j = i - 1, j - 1
            found[i] = same
        elif costs[i][j] == costs[i - 1][j] + edit:
            i -= 1
        else:
            j -= 1
    return found
