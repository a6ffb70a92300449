"""Groups from segments: translations are drawn, pooled with those that are there, and chosen.

Translations that are there come from files in the order of the segments: what `dragoman
translate` wrote, or groups. A file may lack segments, and none is held in memory.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, cast

from dragoman.data.pool import Choosing
from dragoman.data.sources import read_source
from dragoman.errors import BadRecord, EngineDown
from dragoman.judges.together import together
from dragoman.records import group_from_row, group_to_row
from dragoman.row_files import Row, to_line
from dragoman.runs import Record, record_of
from dragoman.signature import signature
from dragoman.translators import Translator
from dragoman.types import Candidate, Failure, Group, Segment


@dataclass(frozen=True, slots=True)
class Pool:
    """A segment and the translations of it that are there already."""

    segment: Segment
    candidates: tuple[Candidate, ...] = ()


@dataclass(frozen=True, slots=True)
class Sampler:
    """Draws translations by each translator, which has the name of a system, and chooses."""

    translators: Mapping[str, Translator]
    choosing: Choosing

    @property
    def fields(self) -> Mapping[str, object]:
        choosing = self.choosing
        fields: dict[str, object] = {"data": "sample"}
        for translator in self.translators.values():
            fields |= translator.fields
        # One field for all temperatures: whatever else there is, they share.
        fields["temp"] = " ".join(f"{t.fields['temp']:g}" for t in self.translators.values())
        return {
            **fields,
            "candidates": choosing.most,
            "alike": choosing.alike,
            "language_check": choosing.check.name,
        }

    async def sample(self, pool: Pool, tries: int = 0) -> Record[Group]:
        """The record of one segment: its group, or nothing and the reason why there is none."""
        drawn = await together(t.translate(pool.segment, tries) for t in self.translators.values())
        lost = [translation.failure for translation in drawn if translation.failure]
        if lost and len(lost) == len(drawn) and not pool.candidates:
            return Record("", lost[0].reason, f"{lost[0].reason}: {lost[0].detail}", _final(lost))
        fresh = tuple(
            Candidate(text, name)
            for name, translation in zip(self.translators, drawn, strict=True)
            for text in translation.texts
        )
        chosen, left_out = self.choosing.choose(pool.segment, (*pool.candidates, *fresh))
        if len(chosen) < 2:
            return _too_few(len(chosen), left_out, _final(lost))
        group = Group(pool.segment, chosen)
        row = {
            **group_to_row(group),
            "pool": {"texts": len(pool.candidates) + len(fresh), "left_out": dict(left_out)},
            "signature": signature(self.fields),
        }
        return record_of(to_line(row), None, group)


def pools(segments: Iterable[Segment], there: Mapping[str, str]) -> Iterator[Pool]:
    """Each segment with its translations from the files `there`, by the name of the system."""
    files = [_Translations(name, path) for name, path in there.items()]
    for segment in segments:
        yield Pool(segment, tuple(text for file in files for text in file.of(segment)))
    for file in files:
        file.check_end()


class _Translations:
    """A file of translations, read beside the segments."""

    def __init__(self, name: str, path: str):
        self._name, self._path = name, path
        self._rows = read_source(path)
        self._next = next(self._rows, None)

    def of(self, segment: Segment) -> tuple[Candidate, ...]:
        """The translations of a segment; none if the next in the file are another's."""
        if self._next is None or self._next[1].get("id") != segment.id:
            return ()
        number, row = self._next
        self._next = next(self._rows, None)
        try:
            return _candidates(row, self._name)
        except ValueError as error:
            raise BadRecord(self._path, number, str(error)) from None

    def check_end(self) -> None:
        if self._next is not None:
            number, row = self._next
            problem = f"no segment has the id {row.get('id')!r}, or they come in another order"
            raise BadRecord(self._path, number, problem)


def _candidates(row: Row, name: str) -> tuple[Candidate, ...]:
    if "candidates" in row:
        group = group_from_row(row)
        return tuple(replace(c, system=c.system or name) for c in group.candidates)
    if row.get("status") == "failed":
        return ()
    texts: object = row.get("samples") or [row.get("translation")]
    if not isinstance(texts, list) or not all(isinstance(t, str) for t in cast(list[Any], texts)):
        raise ValueError("neither 'candidates' nor a 'translation': no line of translations")
    return tuple(Candidate(text, name) for text in cast(list[str], texts))


def _too_few(count: int, left_out: Counter[str], final: bool) -> Record[Group]:
    reasons = ", ".join(f"{number} {why}" for why, number in left_out.most_common())
    detail = f"too-few: {count} texts are left to compare ({reasons or 'none were drawn'})"
    return Record("", "too-few", detail, final)


def _final(lost: Sequence[Failure]) -> bool:
    """Whether another run need not try again: an engine that was not there may be there then."""
    return all(failure.reason != EngineDown.reason for failure in lost)
