"""From ranks to labels: severities of words, spans of phrases, a score.

A word that the reference has is right. Another one is as wrong as its token ranks among what
the annotator would have said. Runs of wrong words grow to whole phrases, as the heads of a
dependency tree bound them, and a phrase is as wrong as the worst word in it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any, TypeAlias

from dragoman.data.qe.words import Place

OK, MINOR, MAJOR, CRITICAL = range(4)
NAMES = ("OK", "minor", "major", "critical")
WEIGHTS = (0.0, 0.1, 1.0, 5.0)
"""What an error of each severity takes off a text, to be shared among its words."""
HIGHEST_RANKS = (4, 8, 30)
"""The last rank of what is right, of a minor and of a major error, as published."""

Heads: TypeAlias = Sequence[int | None]
"""For each word the index of the word that it depends on; None for the root of a sentence."""

Parser: TypeAlias = Callable[[Sequence[str], str], Heads]
"""The heads of words in a language."""

Run: TypeAlias = tuple[int, int]
"""The first word of a run and the one behind its last."""


@dataclass(frozen=True, slots=True)
class Ranked:
    """A token's place in the text, and its rank among all tokens there, from 1."""

    start: int
    end: int
    rank: int


@dataclass(frozen=True, slots=True)
class Labels:
    """A severity for every word, the spans of wrong words, and a score from 0 to 1."""

    severities: tuple[int, ...]
    spans: tuple[tuple[int, int, int], ...]
    """First word, the one behind the last, severity."""

    @property
    def score(self) -> float:
        """One less the weights of the spans, shared among the words; never below 0."""
        if not self.severities:
            return 0.0
        lost = sum(WEIGHTS[severity] for _, _, severity in self.spans)
        return max(0.0, 1 - lost / len(self.severities))

    def to_row(self, words: Sequence[Place]) -> dict[str, Any]:
        """As a row has it, spans by characters."""
        return {
            "tags": ["BAD" if severity else "OK" for severity in self.severities],
            "severities": [NAMES[severity] for severity in self.severities],
            "spans": [
                {"start": words[i][0], "end": words[j - 1][1], "severity": NAMES[severity]}
                for i, j, severity in self.spans
            ],
            "score": round(self.score, 6),
        }


def severity_of(rank: int, highest: Sequence[int] = HIGHEST_RANKS) -> int:
    """How bad it is to say what the annotator puts at this rank."""
    return sum(rank > last for last in highest)


def word_severities(
    words: Sequence[Place],
    kept: Sequence[bool],
    tokens: Sequence[Ranked],
    highest: Sequence[int] = HIGHEST_RANKS,
) -> list[int]:
    """A word is right where the reference has it, else as wrong as the worst of its tokens."""
    return [
        OK
        if is_kept
        else max(
            (severity_of(t.rank, highest) for t in tokens if t.start < end and start < t.end),
            default=OK,
        )
        for (start, end), is_kept in zip(words, kept, strict=True)
    ]


def by_words(severities: Sequence[int]) -> Labels:
    """Labels as they are: each run of one severity is a span."""
    spans = tuple((i, j, severities[i]) for i, j in _runs(severities) if severities[i])
    return Labels(tuple(severities), spans)


def by_phrases(severities: Sequence[int], heads: Heads | None) -> Labels:
    """Labels of phrases: each run of wrong words grows until no dependency leads out of it and
    back. Spans that share a word are one. Without heads a run is a span."""
    wrong = [bool(severity) for severity in severities]
    runs = [(i, j) for i, j in _runs(wrong) if wrong[i]]
    if heads is not None:
        runs = _apart([closed(run, heads) for run in runs], heads)
    labels = list(severities)
    spans: list[tuple[int, int, int]] = []
    for i, j in runs:
        worst = max(severities[i:j])
        labels[i:j] = [worst] * (j - i)
        spans.append((i, j, worst))
    return Labels(tuple(labels), tuple(spans))


def closed(run: Run, heads: Heads) -> Run:
    """The smallest run around this one with all that lies on the paths between its words and
    the word above them all."""
    first, behind = run
    while True:
        words = set(range(first, behind))
        paths = [_above(word, heads) for word in range(first, behind)]
        # Sentences have no word above them; each is closed by itself.
        for _, tree in groupby(sorted(paths, key=lambda path: path[-1]), lambda path: path[-1]):
            upwards = list(tree)
            common = set(upwards[0]).intersection(*upwards)
            for path in upwards:
                top = next(at for at, word in enumerate(path) if word in common)
                words.update(path[: top + 1])
        if (min(words), max(words) + 1) == (first, behind):
            return first, behind
        first, behind = min(words), max(words) + 1


def check_heads(heads: Heads, count: int) -> None:
    """ValueError unless these are the heads of so many words, and none is above itself."""
    if len(heads) != count:
        raise ValueError(f"{len(heads)} heads for {count} words")
    for word, head in enumerate(heads):
        if head is not None and not 0 <= head < count:
            raise ValueError(f"word {word} has the head {head}, which is none of {count} words")
    for word in range(count):
        _above(word, heads)


def _above(word: int, heads: Heads) -> list[int]:
    """A word and all words above it."""
    path = [word]
    while (head := heads[path[-1]]) is not None:
        path.append(head)
        if len(path) > len(heads):
            raise ValueError(f"word {word} is above itself")
    return path


def _apart(runs: Sequence[Run], heads: Heads) -> list[Run]:
    """Runs of which no two share a word: those that do are joined, and grow again."""
    done: list[Run] = []
    for run in sorted(runs):
        while done and run[0] < done[-1][1]:
            before = done.pop()
            run = closed((min(before[0], run[0]), max(before[1], run[1])), heads)
        done.append(run)
    return done


def _runs(values: Sequence[object]) -> Iterator[Run]:
    start = 0
    for _, same in groupby(values):
        length = len(list(same))
        yield start, start + length
        start += length
