"""Rows from what people have, in the names that `records.py` reads.

A `.jsonl`, `.tsv` or `.parquet` file, or a folder of them as data sets are stored, whose files
are read in the order of their names; a `.tmx` file; or two files of lines, as `news.{de,en}`.
Rows with the columns of published ranking data (`src_text`, `trg_text`, `mt_texts`, `trg_lang`)
get our names, and their number as an id.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeVar

from dragoman.data.corpora import moses_files, read_moses, read_tmx
from dragoman.errors import BadRecord, UserError
from dragoman.row_files import Row, read_rows

Value = TypeVar("Value")

SUFFIXES = (".jsonl", ".jsonl.gz", ".ndjson", ".tsv", ".tsv.gz", ".parquet")

# Column of published data, and our name for it.
_PUBLISHED = {
    "src_text": "source",
    "trg_text": "reference",
    "trg_lang": "tgt_lang",
    "mt_texts": "candidates",
}


def read_source(path: str | Path) -> Iterator[tuple[int, Row]]:
    """Stream (number, row); the number counts lines, or in a folder the rows of all files."""
    if not Path(path).is_dir():
        for number, row in _reader(path)(path):
            yield number, in_our_names(row, number)
        return
    number = 0
    for file in files_of(path):
        for _, row in read_rows(file):
            number += 1
            yield number, in_our_names(row, number)


def read_items(path: str | Path, make: Callable[[Row], Value]) -> Iterator[tuple[int, Row, Value]]:
    """Stream rows with what `make` makes of them; its ValueError names the row."""
    for number, row in read_source(path):
        try:
            yield number, row, make(row)
        except ValueError as error:
            raise BadRecord(path, number, str(error)) from None


def check_items(path: str | Path, make: Callable[[Row], object]) -> int:
    """Read everything once, so that a bad row is found before any paid call; the count."""
    return sum(1 for _ in read_items(path, make))


def _reader(path: str | Path) -> Callable[[str | Path], Iterator[tuple[int, Row]]]:
    if str(path).endswith((".tmx", ".tmx.gz")):
        return read_tmx
    return read_moses if moses_files(path) else read_rows


def files_of(path: str | Path) -> list[Path]:
    """The file, both files of lines, or the data files in a folder and in the folders in it."""
    place = Path(path)
    if both := moses_files(path):
        return [file for file, _ in both]
    if not place.is_dir():
        return [place]
    files = sorted(file for file in place.rglob("*") if file.name.endswith(SUFFIXES))
    if not files:
        raise UserError(f"{path}: no file in this folder ends in {', '.join(SUFFIXES)}")
    return files


def in_our_names(row: Row, number: int) -> Row:
    """A row of published data with our names for its columns; any other as it is."""
    if "src_text" not in row:
        return row
    renamed: dict[str, Any] = {_PUBLISHED.get(key, key): value for key, value in row.items()}
    return {"id": str(number), **renamed}
