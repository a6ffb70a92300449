"""A file into parts, such as train, validation and test, without leaks between them.

All rows of a document go into one part. Which one is drawn by the seed and the document's name
alone, until the part is full. A source that also stands in a later part is left out of the
earlier one: the parts for measuring come last, and nothing of them may be learned.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from math import isclose
from typing import Any

from dragoman.data.sources import read_source
from dragoman.data.step import Tally
from dragoman.data.texts import plain
from dragoman.errors import BadRecord, UserError
from dragoman.row_files import Row
from dragoman.signature import digest

# Sources shorter than this, without blanks, such as "Yes.", leak nothing.
SHORTEST = 8


@dataclass(frozen=True)
class Splitting:
    """The parts in order with their shares; `by` is the field with a document's name."""

    shares: Mapping[str, float]
    by: str = "document"
    seed: int = 0

    def __post_init__(self) -> None:
        total = sum(self.shares.values())
        if len(self.shares) < 2 or min(self.shares.values()) <= 0 or not isclose(total, 1):
            raise UserError("write at least two parts, with shares above 0 that add up to 1")

    def parts_of_documents(self, path: str) -> dict[str, str]:
        """In which part each document is. The last parts are filled first."""
        sizes: Counter[str] = Counter()
        for number, row in read_source(path):
            sizes[self.document(path, number, row)] += 1
        waiting = sorted(sizes, key=lambda name: digest([self.seed, name]))
        first, *others = self.shares
        part_of: dict[str, str] = {}
        for part in reversed(others):
            room = self.shares[part] * sizes.total()
            while waiting and room >= sizes[waiting[-1]] / 2:
                room -= sizes[waiting[-1]]
                part_of[waiting.pop()] = part
        return {**part_of, **dict.fromkeys(waiting, first)}

    def document(self, path: str, number: int, row: Row) -> str:
        """The name of a row's document; a row without one is a document by its source."""
        name: object = row.get(self.by)
        if isinstance(name, str | int):
            return f"{self.by}:{name}"
        if name is not None:
            raise BadRecord(path, number, f"{self.by!r} must be the name of a document")
        return f"source:{plain(_source(path, number, row))}"


def split(path: str, splitting: Splitting, tally: Tally) -> Iterator[tuple[str, dict[str, Any]]]:
    """Each row with its part, in the order of the file."""
    part_of = splitting.parts_of_documents(path)
    order = list(splitting.shares)
    last_part: dict[bytes, int] = {}
    for number, row in read_source(path):
        part = order.index(part_of[splitting.document(path, number, row)])
        if part and (key := _key(_source(path, number, row))):
            last_part[key] = max(part, last_part.get(key, 0))
    for number, row in read_source(path):
        tally.read += 1
        part = order.index(part_of[splitting.document(path, number, row)])
        key = _key(_source(path, number, row))
        if key and last_part.get(key, part) > part:
            tally.leave_out(f"of {order[part]}, with a source of {order[last_part[key]]}",
                            f"{path}:{number}")  # fmt: skip
            continue
        yield order[part], dict(row)


def _source(path: str, number: int, row: Row) -> str:
    source: object = row.get("source", row.get("prompt"))
    if not isinstance(source, str):
        raise BadRecord(path, number, "neither a 'source' nor a 'prompt'")
    return source


def _key(source: str) -> bytes | None:
    text = plain(source).replace(" ", "")
    return bytes.fromhex(digest(text)[:20]) if len(text) >= SHORTEST else None
