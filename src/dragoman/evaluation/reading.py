"""Rows that each have an id of their own."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from dragoman.data.sources import read_source
from dragoman.errors import BadRecord, UserError
from dragoman.row_files import Row

Value = TypeVar("Value")


def read_by_id(
    path: str | Path, make: Callable[[Row, int], Value], id_of: Callable[[Value], str], noun: str
) -> list[Value]:
    """What `make` makes of every row and its number: of a file, or of a folder as data sets are
    stored. What is wrong is named by file and line; an id that stands twice is wrong."""
    values: list[Value] = []
    lines: dict[str, int] = {}
    for line, row in read_source(path):
        try:
            value = make(row, line)
        except ValueError as error:
            raise BadRecord(path, line, str(error)) from None
        id = id_of(value)
        if id in lines:
            raise BadRecord(path, line, f"the id {id!r} stands on line {lines[id]} already")
        lines[id] = line
        values.append(value)
    if not values:
        raise UserError(f"{path}: no {noun}")
    return values
