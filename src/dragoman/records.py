"""Groups and segments from rows, and rows from them: strict.

JSONL is the home form. One line is one group: `{id, src_lang, tgt_lang, source, reference?,
comment?, context?, candidates}`, where a candidate is `{text, system?}` or just its text;
a line without candidates is one segment. Other keys are left alone (evaluation data
carries human scores). TSV has the same names in a header row, with one column per candidate,
called `candidate` or `candidate:SYSTEM`. Parquet has the same names as columns.
Whatever is wrong is named by file and line.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, TypeVar, cast

from dragoman.errors import BadRecord, UnknownLanguage, UserError
from dragoman.languages import language_name
from dragoman.row_files import Row, kind, read_rows
from dragoman.types import Candidate, Group, Segment

Value = TypeVar("Value")


def read_groups(path: str | Path) -> Iterator[Group]:
    """Stream the groups of a `.jsonl`, `.tsv` or `.parquet` file (JSONL and TSV also
    gzipped), or JSONL from standard input for `-`."""
    return _read(path, group_from_row)


def read_segments(path: str | Path) -> Iterator[Segment]:
    """Stream segments in the same way; candidates, where there are any, are left alone."""
    return _read(path, segment_from_row)


def check_groups(path: str | Path) -> int:
    """Read a whole file once, so that a bad line is found before any paid call; the count."""
    return _check(path, group_from_row)


def check_segments(path: str | Path) -> int:
    """The same for a file of segments."""
    return _check(path, segment_from_row)


def _read(path: str | Path, make: Callable[[Row], Value]) -> Iterator[Value]:
    for line, row in read_rows(path):
        try:
            yield make(row)
        except ValueError as error:
            raise BadRecord(path, line, str(error)) from None


def _check(path: str | Path, make: Callable[[Row], object]) -> int:
    if Path(path).exists() and not Path(path).is_file():
        raise UserError(f"{path}: not a file that can be read twice; pipe it in and give -")
    return sum(1 for _ in _read(path, make))


def group_from_row(row: Row) -> Group:
    """A group from one row; ValueError says which field is wrong."""
    candidates = row.get("candidates")
    if not isinstance(candidates, list) or not candidates:
        raise ValueError("'candidates' must be a list of at least one translation")
    items = cast(list[object], candidates)
    return Group(
        segment_from_row(row), tuple(_candidate(item, number) for number, item in enumerate(items))
    )


def segment_from_row(row: Row) -> Segment:
    """A segment from one row; ValueError says which field is wrong."""
    return Segment(
        id=_text(row, "id"),
        source=_text(row, "source"),
        source_lang=_language(row, "src_lang"),
        target_lang=_language(row, "tgt_lang"),
        reference=_optional_text(row, "reference"),
        comment=_optional_text(row, "comment"),
        context=tuple(_texts(row.get("context"), "context")),
    )


def group_to_row(group: Group) -> dict[str, Any]:
    """The row that `group_from_row` reads back as the same group."""
    row = segment_to_row(group.segment)
    row["candidates"] = [
        {"text": c.text} if c.system is None else {"system": c.system, "text": c.text}
        for c in group.candidates
    ]
    return row


def segment_to_row(segment: Segment) -> dict[str, Any]:
    """The row that `segment_from_row` reads back as the same segment."""
    row: dict[str, Any] = {
        "id": segment.id,
        "src_lang": segment.source_lang,
        "tgt_lang": segment.target_lang,
        "source": segment.source,
    }
    optional = {"reference": segment.reference, "comment": segment.comment}
    row.update({key: value for key, value in optional.items() if value is not None})
    if segment.context:
        row["context"] = list(segment.context)
    return row


def _text(row: Row, key: str) -> str:
    value = row.get(key)
    if not isinstance(value, str):
        what = "is missing" if value is None else f"must be text, not {kind(value)}"
        raise ValueError(f"{key!r} {what}")
    return _clean(value, key)


def _language(row: Row, key: str) -> str:
    """A language that has a name: better refused here than midway, after paid calls."""
    value = _text(row, key)
    try:
        language_name(value)
    except UnknownLanguage as error:
        raise ValueError(f"{key!r}: {error}") from None
    return value


def _optional_text(row: Row, key: str) -> str | None:
    return None if row.get(key) is None else _text(row, key)


def _texts(value: object, key: str) -> Iterable[str]:
    if value is None:
        return ()
    if not isinstance(value, list):
        raise ValueError(f"{key!r} must be a list of texts, not {kind(value)}")
    items = cast(list[object], value)
    return [_text({f"{key}[{i}]": item}, f"{key}[{i}]") for i, item in enumerate(items)]


def _candidate(item: object, number: int) -> Candidate:
    where = f"candidates[{number}]"
    if isinstance(item, str):
        return Candidate(_clean(item, where))
    if not isinstance(item, dict):
        raise ValueError(f"{where} must be text or {{text, system?}}, not {kind(item)}")
    fields = cast(dict[str, object], item)
    try:
        return Candidate(_text(fields, "text"), _optional_text(fields, "system"))
    except ValueError as error:
        raise ValueError(f"{where}: {error}") from None


def _clean(text: str, key: str) -> str:
    """Lone surrogates can be written in JSON but in no file; say so here, not when writing."""
    try:
        text.encode()
    except UnicodeEncodeError:
        raise ValueError(f"{key!r} holds half of a surrogate pair, which is no text") from None
    return text
