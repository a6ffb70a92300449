"""From segments to labelled translations, a batch at a time."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from dragoman.data.qe.labels import (
    Labels,
    Parser,
    Ranked,
    by_phrases,
    by_words,
    check_heads,
    word_severities,
)
from dragoman.data.qe.networks import Network, Search
from dragoman.data.qe.words import kept, words_in
from dragoman.errors import UnknownName, UserError
from dragoman.plugins import find
from dragoman.records import group_to_row, segment_from_row
from dragoman.row_files import Row, to_line
from dragoman.runs import Record, record_of
from dragoman.signature import signature
from dragoman.types import Candidate, Group, Segment

NONE = "none"
SETTLE = 0.002
"""Seconds that a first segment waits for others to share its batch."""


def referenced_from_row(row: Row) -> Segment:
    """A segment from one row; ValueError if it has no reference that could pull."""
    segment = segment_from_row(row)
    if not (segment.reference or "").strip():
        raise ValueError("'reference' is missing: translations are made along it")
    return segment


def check_different(generator: Network, annotator: Network) -> None:
    """Refuse a model that would mark its own work."""
    if generator.content == annotator.content:
        raise UserError(
            f"generator and annotator are one model, {generator.name}: it finds its own words "
            "likely, so its errors would pass as right; name another --annotator"
        )


def make_parser(name: str) -> Parser | None:
    """The parser by the class at `module:Name`, or none."""
    if name == NONE:
        return None
    if ":" not in name:
        raise UnknownName(f"no parser is called {name!r}; give module:Name, or none")
    return find("parser", name, {})()


@dataclass
class Maker:
    """Makes one wrong translation of each segment, with labels.

    Segments that are asked for at the same time share a batch; what becomes of one does not
    depend on the others.
    """

    generator: Network
    annotator: Network
    search: Search
    parser: Parser | None = None
    batch: int = 8
    settings: Mapping[str, object] = field(default_factory=dict[str, object])
    _waiting: list[tuple[Segment, asyncio.Future[Record[Group]]]] = field(
        default_factory=list[Any], init=False
    )
    _working: asyncio.Task[None] | None = field(default=None, init=False)

    @property
    def fields(self) -> Mapping[str, object]:
        """What the rows depend on."""
        pull = self.search.pull
        return {
            "data": "qe",
            "generator": self.generator.name,
            "annotator": self.annotator.name,
            "own_share": pull.own,
            "threshold": pull.threshold,
            "pull_temperature": pull.temperature,
            "beams": self.search.beams,
            "max_tokens": self.search.max_tokens,
            **self.settings,
        }

    async def make(self, segment: Segment, tries: int = 0) -> Record[Group]:
        """The record of one segment: its translation with labels, or the reason for none."""
        place: asyncio.Future[Record[Group]] = asyncio.get_running_loop().create_future()
        self._waiting.append((segment, place))
        if self._working is None or self._working.done():
            self._working = asyncio.create_task(self._work())
        return await place

    async def _work(self) -> None:
        while self._waiting:
            await asyncio.sleep(SETTLE)
            batch, self._waiting = self._waiting[: self.batch], self._waiting[self.batch :]
            try:
                records = await asyncio.to_thread(self.records, [segment for segment, _ in batch])
            except Exception as error:  # noqa: BLE001 - every caller gets it
                for _, place in batch:
                    if not place.done():
                        place.set_exception(error)
                continue
            for (_, place), record in zip(batch, records, strict=True):
                if not place.done():
                    place.set_result(record)

    def records(self, segments: Sequence[Segment]) -> list[Record[Group]]:
        """The records of a batch."""
        done: dict[int, Record[Group]] = {}
        most = self.search.max_tokens
        asked = [i for i, s in enumerate(segments) if self.generator.fits(s, most)]
        texts = dict(zip(asked, self._translations([segments[i] for i in asked]), strict=True))
        for i, segment in enumerate(segments):
            text = texts.get(i)
            if i not in texts:
                done[i] = _none("too-long", "the generator has no room for the segment")
            elif text is None:
                done[i] = _none("no-end", f"no translation ended within {most} tokens")
            elif not text:
                done[i] = _none("empty", "the translation is empty")
            elif not self.annotator.fits(segment, len(self.annotator.tokens.say(text, segment))):
                done[i] = _none("too-long", "the annotator has no room for the translation")
        left = [i for i in range(len(segments)) if i not in done]
        chosen = [segments[i] for i in left]
        written = [texts[i] or "" for i in left]
        ranks = self.annotator.rank(chosen, written) if left else []
        for i, segment, text, tokens in zip(left, chosen, written, ranks, strict=True):
            done[i] = self._record(segment, text, tokens)
        return [done[i] for i in range(len(segments))]

    def _translations(self, segments: Sequence[Segment]) -> list[str | None]:
        return self.generator.translate(segments, self.search) if segments else []

    def _record(self, segment: Segment, text: str, tokens: Sequence[Ranked]) -> Record[Group]:
        try:
            labels = labelled(segment, text, tokens, self.parser)
        except ValueError as error:
            return _none("no-heads", f"the parser gave no tree: {error}")
        group = Group(segment, (Candidate(text, self.generator.name),))
        row = {
            **group_to_row(group),
            "scores": [labels["score"]],
            "qe": labels,
            "signature": signature(self.fields),
        }
        return record_of(to_line(row), None, group)


def labelled(
    segment: Segment, text: str, tokens: Sequence[Ranked], parser: Parser | None
) -> dict[str, Any]:
    """The labels of a translation by phrases, and those of its single words beside them;
    ValueError for heads that are no tree."""
    words = words_in(text)
    forms = [text[start:end] for start, end in words]
    reference = segment.reference or ""
    wanted = [reference[start:end] for start, end in words_in(reference)]
    severities = word_severities(words, kept(forms, wanted), tokens)
    heads = None
    if parser is not None:
        heads = parser(forms, segment.target_lang)
        check_heads(heads, len(words))
    phrases: Labels = by_phrases(severities, heads)
    return {
        "words": [list(place) for place in words],
        **phrases.to_row(words),
        "by_words": by_words(severities).to_row(words),
    }


def _none(reason: str, detail: str) -> Record[Group]:
    return Record("", reason, f"{reason}: {detail}")
