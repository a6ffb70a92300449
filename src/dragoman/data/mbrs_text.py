"""Groups as the text files that mbrs reads, and back.

A folder holds `sources.txt` and `hypotheses.txt`, with as many lines to a source as each group
has candidates, and `references.txt` where every group has one. What these have no place for,
such as ids and languages, stands in `rows.jsonl`, so that the groups come back as they were.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any, cast

from dragoman.errors import BadRecord, UserError
from dragoman.records import group_from_row
from dragoman.row_files import Row, read_rows, read_text_lines, to_line, write_lines

FILES = ("sources.txt", "hypotheses.txt", "references.txt", "rows.jsonl")
_LINE_ENDS = ("\n", "\r", "\x0b", "\x0c", "\x1c", "\x1d", "\x1e", "\x85", "\u2028", "\u2029")


def write_mbrs(folder: Path, rows: Iterable[tuple[int, Row]], path: str) -> int:
    """Write the folder; the number of candidates of each group. Errors name the row."""
    folder.mkdir(parents=True, exist_ok=True)
    size, with_reference = 0, 0
    with ExitStack() as opened:
        sources, hypotheses, references, rest = (
            opened.enter_context(write_lines(folder / name)) for name in FILES
        )
        count = 0
        for number, row in rows:
            count += 1
            try:
                group = group_from_row(row)
                texts = [candidate.text for candidate in group.candidates]
                size = size or len(texts)
                if len(texts) != size:
                    raise ValueError(f"{len(texts)} candidates; mbrs wants {size}, as before")
                sources(one_line(group.segment.source))
                for text in texts:
                    hypotheses(one_line(text))
                if (reference := group.segment.reference) is not None:
                    references(one_line(reference))
                    with_reference += 1
            except ValueError as error:
                raise BadRecord(path, number, str(error)) from None
            rest(to_line(without_texts(row)))
        if not count:
            raise UserError(f"{path}: there are no rows in it")
        if with_reference not in (0, count):
            raise UserError(f"{path}: {with_reference} of {count} groups have a reference; mbrs "
                            "wants all or none")  # fmt: skip
    if not with_reference:
        (folder / "references.txt").unlink()
    return size


def read_mbrs(folder: Path) -> Iterator[dict[str, Any]]:
    """The groups of a folder that `write_mbrs` wrote."""
    sources, hypotheses, references, rest = FILES
    there = [sources, hypotheses, *([references] if (folder / references).exists() else [])]
    texts = {name: read_text_lines(folder / name) for name in there}

    def next_text(name: str) -> str:
        _, text = next(texts[name], (0, None))
        if text is None:
            raise UserError(f"{folder}: {name} has fewer lines than {rest} says")
        return text

    for number, row in read_rows(folder / rest):
        candidates: object = row.get("candidates")
        if not isinstance(candidates, list):
            raise BadRecord(folder / rest, number, "'candidates' must be a list")
        back = {**row, "source": next_text(sources)}
        if references in texts:
            back["reference"] = next_text(references)
        yield {
            **back,
            "candidates": [
                with_text(one, next_text(hypotheses)) for one in cast(list[Any], candidates)
            ],
        }
    if longer := [name for name, lines in texts.items() if next(lines, None)]:
        raise UserError(f"{folder}: {longer[0]} has more lines than {rest} says")


def one_line(text: str) -> str:
    """A text for a file that has one a line."""
    if any(end in text for end in _LINE_ENDS):
        raise ValueError("a text of several lines; these files have one line a text")
    if "\0" in text or text.startswith("\ufeff"):
        raise ValueError("a NUL or a byte order mark, which is no text in a file of lines")
    return text


def without_texts(row: Row) -> dict[str, Any]:
    """The row with its texts taken out, in the same order of keys."""
    candidates = [with_text(candidate, None) for candidate in row["candidates"]]
    emptied = {**row, "source": None, "candidates": candidates}
    return {**emptied, "reference": None} if row.get("reference") is not None else emptied


def with_text(candidate: Any, text: str | None) -> Any:
    """A candidate as a row has it, with another text."""
    return {**cast(Row, candidate), "text": text} if isinstance(candidate, dict) else text
