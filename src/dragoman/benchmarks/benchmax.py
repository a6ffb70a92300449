"""BenchMAX's translation tasks, from clones of its two data sets.

There is a file a language, and the card says which: `flores_de`, or of a task that goes one way
only `wmt24_en-de_de`. A text may be a list, of what several people wrote: the first counts.
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, cast

from dragoman.errors import BadRecord, UserError
from dragoman.records import segment_to_row
from dragoman.row_files import Row, read_rows
from dragoman.types import Segment

CARD = "README.md"
FILE = re.compile(r"config_name: *(\S+)\n +data_files: *(\S+)")
ENGLISH = "en"
# How the talks say that a line was not translated, and how many lines of them are published.
LACKING = ("__NULL__", "_ _ NULL _ _")
MOST = 1000
SEED = 42

_Line = tuple[object, str, str | None]
"""What numbers it, its text, and its document."""


def segments(repo: Path, task: str, pair: Sequence[str] = ()) -> Iterator[tuple[str, Row]]:
    """From English and to it, where no pairs are named."""
    files = _files(repo)
    for one in pair or _pairs(repo, task, files):
        source, _, target = one.partition("-")
        both = [_lines(_file(repo, files, task, one, code)) for code in (source, target)]
        lines = _shared(*both) if task == "ted" else _beside(repo, task, one, *both)
        for (number, text, document), (_, reference, _) in lines:
            segment = Segment(f"benchmax-{task}.{one}.{number}", text, source, target, reference)
            more = {"domain": task, "doc_id": document or segment.id}
            yield one, {**segment_to_row(segment), **more}


def _files(repo: Path) -> dict[str, Path]:
    try:
        card = (repo / CARD).read_text(encoding="utf-8")
    except OSError as error:
        raise UserError(f"{repo / CARD}: cannot read: {error.strerror}") from None
    return {name: repo / file.strip("\"'") for name, file in FILE.findall(card)}


def _pairs(repo: Path, task: str, files: Mapping[str, Path]) -> list[str]:
    names = [name.removeprefix(f"{task}_") for name in files if name.startswith(f"{task}_")]
    others = [name for name in names if "-" not in name and name != ENGLISH]
    both_ways = [f"{a}-{b}" for one in others for a, b in ((ENGLISH, one), (one, ENGLISH))]
    found = [*dict.fromkeys(name.partition("_")[0] for name in names if "-" in name), *both_ways]
    if not found:
        raise UserError(f"{repo / CARD}: names no file of {task}; is it the other data set?")
    return found


def _file(repo: Path, files: Mapping[str, Path], task: str, pair: str, language: str) -> Path:
    for name in (f"{task}_{pair}_{language}", f"{task}_{language}"):
        if name in files:
            return files[name]
    raise UserError(f"{repo / CARD}: names no file of {task} for {pair}, in {language!r}")


def _lines(path: Path) -> list[_Line]:
    return [_line(path, number, row) for number, row in read_rows(path)]


def _line(path: Path, number: int, row: Row) -> _Line:
    text: object = row.get("text")
    if isinstance(text, list) and text:
        text = cast(list[object], text)[0]
    if not isinstance(text, str):
        raise BadRecord(path, number, "'text' must be text, or a list of texts")
    document: Any = row.get("talk_name")
    return row.get("id", number), text, document


def _beside(
    repo: Path, task: str, pair: str, sources: Sequence[_Line], targets: Sequence[_Line]
) -> Iterator[tuple[_Line, _Line]]:
    if len(sources) != len(targets):
        raise UserError(f"{repo}: {task} {pair} has {len(sources)} and {len(targets)} lines")
    return zip(sources, targets, strict=True)


def _shared(sources: Sequence[_Line], targets: Sequence[_Line]) -> Iterator[tuple[_Line, _Line]]:
    """The talks' lines that both languages have, or the thousand of them that are published."""
    there = [
        {line[0]: line for line in lines if not any(mark in line[1] for mark in LACKING)}
        for lines in (sources, targets)
    ]
    known = {number for number in there[0]} & {number for number in there[1]}  # noqa: C416
    if len(known) > MOST:
        # Published is a draw from a set, so the order that CPython gives it is part of it.
        known = {*random.Random(SEED).sample([*known], MOST)}
    return ((line, there[1][number]) for number, line in there[0].items() if number in known)
