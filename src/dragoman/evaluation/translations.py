"""What systems translated, beside the segments that it was: strict.

A system is a file that `dragoman translate` wrote, or a text with one line a segment. Files that
do not fit the segments are refused with both lengths: nothing is cut to the shorter.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from dragoman.errors import BadRecord, UserError
from dragoman.evaluation.reading import read_by_id
from dragoman.records import segment_from_row
from dragoman.row_files import Row, read_rows
from dragoman.types import Segment

PLAIN = (".txt", ".out")


@dataclass(frozen=True, slots=True)
class System:
    """A system's translation of each segment; None is one that it failed on."""

    name: str
    texts: tuple[str | None, ...]
    signature: str = ""


def read_referenced(path: str | Path) -> list[Segment]:
    """Segments that all have a reference, and an id of their own."""
    return read_by_id(path, _referenced, lambda segment: segment.id, "segments")


def _referenced(row: Row, line: int) -> Segment:
    segment = segment_from_row(row)
    if segment.reference is None:
        raise ValueError("no 'reference' to compare translations with")
    return segment


def read_system(path: str | Path, segments: Sequence[Segment]) -> System:
    """The translations of a file, in the order of the segments."""
    name = Path(path).name
    if Path(path).suffix in PLAIN:
        return System(name, tuple(_lines(path, len(segments))))
    ids = [segment.id for segment in segments]
    wanted, found = set(ids), dict[str, str | None]()
    signature = ""
    for line, row in read_rows(path):
        try:
            id, text = _translation(row)
            if id in found:
                raise ValueError(f"the id {id!r} stood on an earlier line already")
            if id not in wanted:
                raise ValueError(f"none of the {len(segments)} segments has the id {id!r}")
        except ValueError as error:
            raise BadRecord(path, line, str(error)) from None
        found[id] = text
        signature = signature or str(row.get("signature") or "")
    lacking = next((id for id in ids if id not in found), None)
    if lacking is not None:
        raise UserError(
            f"{path}: {len(found)} translations for {len(ids)} segments; {lacking!r} has none"
        )
    return System(name, tuple(found[id] for id in ids), signature)


def _lines(path: str | Path, segments: int) -> list[str]:
    try:
        text = Path(path).read_text(encoding="utf-8")
    except OSError as error:
        raise UserError(f"{path}: cannot read: {error.strerror}") from None
    except UnicodeDecodeError as error:
        raise UserError(f"{path}: not UTF-8 at byte {error.start + 1}") from None
    # Only \n ends a line: translations may hold other line ends.
    lines = text.removesuffix("\n").split("\n") if text else []
    if len(lines) != segments:
        raise UserError(f"{path}: {len(lines)} lines for {segments} segments")
    return [line.removesuffix("\r") for line in lines]


def _translation(row: Row) -> tuple[str, str | None]:
    id: object = row.get("id")
    if not isinstance(id, str):
        raise ValueError("'id' must be text")
    if row.get("status") == "failed":
        return id, None
    text: object = row.get("translation")
    if not isinstance(text, str):
        raise ValueError("'translation' must be text, or the 'status' failed")
    return id, text
