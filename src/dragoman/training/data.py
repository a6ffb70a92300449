"""Rows to train on and to validate on, from a JSONL file or from the phrasebook.

A lesson, a gold group, a pair, a sentence (all in `data/rows.py`) or a segment to translate,
which is a group's row without candidates. A row of another kind is named by file and line.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from importlib import import_module
from itertools import islice
from pathlib import Path
from typing import Any, TypeVar

from dragoman.data.rows import (
    GoldGroup,
    Lesson,
    Pair,
    Sentence,
    gold_group_from_row,
    lesson_from_row,
    pair_from_row,
    sentence_from_row,
)
from dragoman.errors import BadRecord, UserError
from dragoman.records import segment_from_row
from dragoman.row_files import Row, read_rows
from dragoman.training.recipe import DataTable, ValidationTable
from dragoman.types import Segment

PHRASEBOOK = "phrasebook:"

Kind = TypeVar("Kind")


def load_lessons(table: DataTable | ValidationTable) -> list[Lesson]:
    return _load(table, lesson_from_row)


def load_gold_groups(table: DataTable | ValidationTable) -> list[GoldGroup]:
    return _load(table, gold_group_from_row)


def load_segments(table: DataTable | ValidationTable) -> list[Segment]:
    return _load(table, segment_from_row)


def load_pairs(table: DataTable | ValidationTable) -> list[Pair]:
    return _load(table, pair_from_row)


def load_sentences(table: DataTable | ValidationTable) -> list[Sentence]:
    return _load(table, sentence_from_row)


def holds_groups(table: DataTable | ValidationTable) -> bool:
    """Whether the first row is a group."""
    return _first_has(table, "candidates")


def holds_pairs(table: DataTable | ValidationTable) -> bool:
    """Whether the first row is a pair."""
    return _first_has(table, "chosen")


def model_folder(name: str) -> Path:
    """The folder of a recipe's model: `phrasebook:NAME`, or a folder that is there."""
    why = "there is no such model folder (config.json, safetensors)"
    if name.startswith(PHRASEBOOK):
        models: Any = import_module("dragoman.phrasebook.models")
        folder: Path = models.model_folder(name.removeprefix(PHRASEBOOK))
        why = "it is not in this checkout; see docs/phrasebook.md"
    else:
        folder = Path(name).expanduser()
    if not (folder / "config.json").is_file():
        raise UserError(f"model {name}: {why}")
    return folder


def _first_has(table: DataTable | ValidationTable, key: str) -> bool:
    return any(key in row for _, row in islice(_rows(table), 1))


def _load(table: DataTable | ValidationTable, read: Callable[[Row], Kind]) -> list[Kind]:
    rows: list[Kind] = []
    for number, row in islice(_rows(table), table.limit):
        try:
            rows.append(read(row))
        except ValueError as error:
            raise BadRecord(table.rows, number, str(error)) from None
    if not rows:
        raise UserError(f"{table.rows}: there are no rows in it")
    return rows


def _rows(table: DataTable | ValidationTable) -> Iterator[tuple[int, Row]]:
    if table.rows.startswith(PHRASEBOOK):
        datasets: Any = import_module("dragoman.phrasebook.datasets")
        rows: Iterable[Row] = datasets.load(table.rows.removeprefix(PHRASEBOOK), **table.options)
        return enumerate(rows, start=1)
    if table.options:
        raise UserError(f"{table.rows}: options are for data sets of the phrasebook")
    return iter(read_rows(table.rows))
