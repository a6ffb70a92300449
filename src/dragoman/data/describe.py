"""What is in a file: counts, languages, lengths, scores, ties, repeats, and what of test sets.

One pass in memory that grows with what is counted, not with the texts: some 70 bytes for each
different source.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations
from typing import Any, cast

from dragoman.data.sources import read_source
from dragoman.data.step import Seen
from dragoman.data.texts import plain, runs
from dragoman.errors import BadRecord
from dragoman.row_files import Row

RUN = 40
"""A test text is met where so many characters in a row are the same, blanks aside."""
_HALF = RUN // 2


class TestSet:
    """The texts of a named test set, to be met again: sources, references and prompts.

    Of the test set every run of half the length is kept. A run of the whole length is shared where
    so many shorter ones in a row are known.
    """

    __test__ = False

    def __init__(self, name: str, path: str):
        self.name = name
        self._whole: set[int] = set()
        self._runs: set[int] = set()
        for _, row in read_source(path):
            for text in _texts(row):
                self._whole.add(hash(plain(text)))
                self._runs.update(map(hash, runs(text, _HALF)))

    def holds(self, text: str) -> bool:
        """Whether the text, or a long run of it, is in the test set."""
        if hash(plain(text)) in self._whole:
            return True
        known = 0
        for run in runs(text, _HALF):
            known = known + 1 if hash(run) in self._runs else 0
            if known > RUN - _HALF:
                return True
        return False


@dataclass
class Description:
    """Counts over the rows seen so far."""

    tests: Sequence[TestSet] = ()
    rows: int = 0
    kinds: Counter[str] = field(default_factory=Counter[str])
    pairs: Counter[str] = field(default_factory=Counter[str])
    systems: Counter[str] = field(default_factory=Counter[str])
    lengths: dict[str, Counter[int]] = field(default_factory=dict[str, Counter[int]])
    sizes: Counter[int] = field(default_factory=Counter[int])
    scores: Counter[float] = field(default_factory=Counter[float])
    confidences: Counter[float] = field(default_factory=Counter[float])
    score_pairs: int = 0
    tied_pairs: int = 0
    wholly_tied: int = 0
    failed: int = 0
    repeated_rows: int = 0
    repeated_sources: int = 0
    repeated_candidates: int = 0
    met: Counter[str] = field(default_factory=Counter[str])
    _seen_rows: Seen = field(default_factory=Seen)
    _seen_sources: Seen = field(default_factory=Seen)

    def add(self, row: Row) -> None:
        """Count a row; ValueError says that it is of no kind we know."""
        source = row.get("source", row.get("prompt"))
        if not isinstance(source, str):
            raise ValueError("neither a 'source' nor a 'prompt'")
        self.rows += 1
        self.kinds[_kind(row)] += 1
        self.failed += row.get("status") == "failed"
        if row.get("src_lang"):
            self.pairs[f"{row['src_lang']}-{row.get('tgt_lang')}"] += 1
        self._count_lengths(row)
        self.repeated_sources += not self._seen_sources.add(plain(source))
        told = {key: value for key, value in row.items() if key not in ("id", "origin")}
        self.repeated_rows += not self._seen_rows.add(told)
        self._count_candidates(row)
        for test in self.tests:
            self.met[test.name] += any(map(test.holds, _texts(row)))

    def _count_lengths(self, row: Row) -> None:
        for name in ("source", "reference", "prompt", "response", "analysis"):
            if isinstance(row.get(name), str):
                self.lengths.setdefault(name, Counter())[len(row[name])] += 1
        for text in _candidates(row):
            self.lengths.setdefault("candidate", Counter())[len(text)] += 1

    def _count_candidates(self, row: Row) -> None:
        texts = _candidates(row)
        if not texts:
            return
        self.sizes[len(texts)] += 1
        self.repeated_candidates += len(texts) - len(set(texts))
        for one in cast(list[Any], row["candidates"]):
            if isinstance(one, dict) and cast(Row, one).get("system"):
                self.systems[str(cast(Row, one)["system"])] += 1
        scores: object = row.get("scores")
        if isinstance(scores, list) and len(cast(list[float], scores)) == len(texts):
            given = cast(list[float], scores)
            self.scores.update(given)
            pairs = list(combinations(given, 2))
            self.score_pairs += len(pairs)
            self.tied_pairs += sum(one == other for one, other in pairs)
            self.wholly_tied += len(given) > 1 and len(set(given)) == 1
        if isinstance(row.get("confidence"), int | float):
            self.confidences[round(float(row["confidence"]), 1)] += 1

    def as_row(self) -> dict[str, Any]:
        """All of it as plain values."""
        return {
            "rows": self.rows,
            "kinds": _sorted(self.kinds),
            "failed": self.failed,
            "pairs": _sorted(self.pairs),
            "systems": _sorted(self.systems),
            "characters": {name: _spread(counts) for name, counts in self.lengths.items()},
            "candidates": _sorted(self.sizes),
            "scores": _sorted(self.scores),
            "tied_pairs": share(self.tied_pairs, self.score_pairs),
            "wholly_tied_groups": share(self.wholly_tied, self.sizes.total()),
            "confidences": _sorted(self.confidences),
            "repeated": {
                "rows": self.repeated_rows,
                "sources": self.repeated_sources,
                "candidates in their group": self.repeated_candidates,
            },
            "rows_met_in": {test.name: self.met[test.name] for test in self.tests},
        }


def describe(path: str, tests: Sequence[TestSet] = ()) -> Description:
    """The description of a file."""
    description = Description(tests)
    for number, row in read_source(path):
        try:
            description.add(row)
        except ValueError as error:
            raise BadRecord(path, number, str(error)) from None
    return description


def share(part: int, whole: int) -> float | None:
    """A share, to four digits; None of nothing."""
    return round(part / whole, 4) if whole else None


def _kind(row: Row) -> str:
    if "response" in row:
        return "lessons"
    if "candidates" not in row:
        return "segments"
    return "groups with scores" if row.get("scores") else "groups"


def _candidates(row: Row) -> list[str]:
    items: object = row.get("candidates")
    if not isinstance(items, list):
        return []
    texts: list[object] = [
        cast(Row, item).get("text") if isinstance(item, dict) else item
        for item in cast(list[object], items)
    ]
    return [text for text in texts if isinstance(text, str)]


def _texts(row: Row) -> Iterator[str]:
    """What of a row should not be in a test set."""
    for name in ("source", "reference", "prompt"):
        if isinstance(row.get(name), str) and row[name].strip():
            yield row[name]


def _sorted(counts: Mapping[Any, int]) -> dict[str, int]:
    names = {key: f"{key:g}" if isinstance(key, float) else str(key) for key in sorted(counts)}
    return {name: counts[key] for key, name in names.items()}


def _spread(counts: Counter[int]) -> dict[str, float]:
    """Least, quartiles, most and mean of counted numbers."""
    total, seen, at = counts.total(), 0, 0
    wanted = {"least": 0.0, "quarter": 0.25, "half": 0.5, "three quarters": 0.75, "most": 1.0}
    names = list(wanted)
    spread: dict[str, float] = {}
    for number in sorted(counts):
        seen += counts[number]
        while at < len(names) and seen >= max(1, wanted[names[at]] * total):
            spread[names[at]] = number
            at += 1
    mean = sum(number * count for number, count in counts.items()) / total
    return {**spread, "mean": round(mean, 1)}
