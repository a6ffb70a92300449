"""Rows to train on and to validate on, from a JSONL file or from the phrasebook.

- a `Lesson`: a prompt and the response to learn, `{"prompt", "response"}`;
- a `GoldGroup`: a group, as `records.py` reads it, and the gold `"scores"` of its candidates;
- a `Segment`: something to translate, a group's row without candidates.

A row of another kind is named by file and line.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from importlib import import_module
from itertools import combinations, islice
from math import isfinite
from pathlib import Path
from random import Random
from typing import Any, TypeVar, cast

from dragoman.errors import BadRecord, UserError
from dragoman.records import group_from_row, group_to_row, segment_from_row
from dragoman.row_files import Row, read_rows
from dragoman.training.recipe import DataTable, ValidationTable
from dragoman.types import Group, Segment

PHRASEBOOK = "phrasebook:"

Kind = TypeVar("Kind")


@dataclass(frozen=True, slots=True)
class Lesson:
    """One user message, and the response to learn."""

    prompt: str
    response: str


@dataclass(frozen=True, slots=True)
class GoldGroup:
    """A group and what its candidates are worth."""

    group: Group
    scores: tuple[float, ...]

    def pick(self, indices: tuple[int, ...]) -> GoldGroup:
        """These candidates with their scores, in this order."""
        return GoldGroup(self.group.pick(indices), tuple(self.scores[i] for i in indices))


def load_lessons(table: DataTable | ValidationTable) -> list[Lesson]:
    return _load(table, lesson_from_row)


def load_gold_groups(table: DataTable | ValidationTable) -> list[GoldGroup]:
    return _load(table, gold_group_from_row)


def load_segments(table: DataTable | ValidationTable) -> list[Segment]:
    return _load(table, segment_from_row)


def holds_groups(table: DataTable | ValidationTable) -> bool:
    """Whether the first row is a group."""
    return any("candidates" in row for _, row in islice(_rows(table), 1))


def lesson_from_row(row: Row) -> Lesson:
    prompt, response = row.get("prompt"), row.get("response")
    if not isinstance(prompt, str) or not isinstance(response, str) or not response:
        raise ValueError("a lesson is {prompt, response}, two texts")
    return Lesson(prompt, response)


def gold_group_from_row(row: Row) -> GoldGroup:
    group = group_from_row(row)
    scores = row.get("scores")
    if not isinstance(scores, list) or len(cast(list[object], scores)) != len(group):
        raise ValueError(f"'scores' must be a list of {len(group)} numbers, one a candidate")
    return GoldGroup(group, tuple(map(_number, cast(list[object], scores))))


def gold_group_to_row(gold: GoldGroup) -> dict[str, Any]:
    return {**group_to_row(gold.group), "scores": list(gold.scores)}


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


def augment(
    groups: Iterable[GoldGroup], shuffles: int, subgroups: int, seed: int
) -> Iterator[GoldGroup]:
    """Each group, up to `shuffles` other orders of it, and up to `subgroups` proper subsets of
    at least two candidates, each with its other orders: the same comparison told anew."""
    random = Random(seed)
    for gold in groups:
        whole = tuple(range(len(gold.scores)))
        proper = [subset for size in range(2, len(whole)) for subset in combinations(whole, size)]
        for chosen in [whole, *random.sample(proper, min(subgroups, len(proper)))]:
            for order in [chosen, *_other_orders(chosen, shuffles, random)]:
                yield gold.pick(order)


def _other_orders(items: tuple[int, ...], most: int, random: Random) -> Sequence[tuple[int, ...]]:
    """Up to `most` distinct other orders; few candidates have few."""
    found: dict[tuple[int, ...], None] = {}
    possible = 1
    for size in range(2, len(items) + 1):
        possible *= size
    while len(found) < min(most, possible - 1):
        order = tuple(random.sample(items, len(items)))
        if order != items:
            found[order] = None
    return list(found)


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


def _number(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not isfinite(value):
        raise ValueError(f"'scores' holds {value!r}, which is no number")
    return value
