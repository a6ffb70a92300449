"""Groups with what people said of them: strict.

A line is a group, as `records.py` reads it, with `human_scores`, one number a candidate, higher
is better (`scores`, as training data calls them, is read too). `doc_id` names the document;
without one a group is a document of its own. Groups of one document are never drawn apart.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import isfinite
from pathlib import Path
from typing import cast

from dragoman.errors import BadRecord
from dragoman.evaluation.reading import read_by_id
from dragoman.languages import language_code
from dragoman.records import group_from_row
from dragoman.row_files import Row
from dragoman.types import Group


@dataclass(frozen=True, slots=True)
class HumanGroup:
    """A group, the human score of each candidate, the document it is from, and its line."""

    group: Group
    scores: tuple[float, ...]
    document: str
    line: int = 0

    @property
    def id(self) -> str:
        return self.group.segment.id

    @property
    def languages(self) -> str:
        """The language pair, such as `en-de`."""
        segment = self.group.segment
        return f"{language_code(segment.source_lang)}-{language_code(segment.target_lang)}"


def read_human_groups(path: str | Path) -> list[HumanGroup]:
    """All groups of a file; whatever is wrong is named by file and line."""
    return read_by_id(path, human_group_from_row, lambda group: group.id, "groups")


def human_group_from_row(row: Row, line: int = 0) -> HumanGroup:
    group = group_from_row(row)
    if len(group) < 2:
        raise ValueError("a group of one has no pair to be right about; leave it out")
    key = "human_scores" if "human_scores" in row else "scores"
    given: object = row.get(key)
    if not isinstance(given, list):
        raise ValueError("'human_scores' must be a list of numbers, one a candidate")
    scores = tuple(map(_number, cast(list[object], given)))
    if len(scores) != len(group):
        raise ValueError(f"{len(scores)} {key!r} for {len(group)} candidates")
    document: object = row.get("doc_id")
    if document is None:
        document = group.segment.id
    if not isinstance(document, str):
        raise ValueError("'doc_id' must be text")
    return HumanGroup(group, scores, document, line)


def _number(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not isfinite(value):
        raise ValueError(f"'human_scores' must be numbers, not {value!r}")
    return float(value)


def check_references(path: str | Path, groups: Sequence[HumanGroup], judge: str) -> None:
    """Refuse groups without the reference that a judge compares with."""
    without = [group for group in groups if group.group.segment.reference is None]
    if without:
        problem = (
            f"no reference, as in {len(without)} of {len(groups)} groups, and {judge} compares "
            "with one; leave such groups out or take another judge"
        )
        raise BadRecord(path, without[0].line, problem)
