"""What a judge said, from the lines that `dragoman rank` writes: strict.

A line is `{id, status, scores, ranking, …}`; `{id, scores}` alone is read too, so that any metric
can be weighed. Scores are rounded to six decimals: noise in the last bits makes no order.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from math import isfinite
from pathlib import Path
from typing import cast

from dragoman.errors import BadRecord, UserError
from dragoman.evaluation.baselines import PLACES
from dragoman.evaluation.groups import HumanGroup
from dragoman.formats.letters import labels
from dragoman.judges.merging import standing
from dragoman.ranking import read_ranking
from dragoman.row_files import Row, read_rows


@dataclass(frozen=True, slots=True)
class Said:
    """What was said of one group: a number for each candidate, or why there is none."""

    scores: tuple[float, ...] | None
    failed: str | None = None
    analysis: str = ""
    signature: str = ""


def read_verdicts(path: str | Path, groups: Sequence[HumanGroup]) -> list[Said]:
    """One for each group, in their order. A file of other groups, or of some, is refused."""
    wanted = {group.id: group for group in groups}
    found: dict[str, Said] = {}
    for line, row in read_rows(path):
        try:
            id = _id(row)
            if id in found:
                raise ValueError(f"the id {id!r} stood on an earlier line already")
            if id not in wanted:
                raise ValueError(f"none of the {len(groups)} groups has the id {id!r}")
            found[id] = said_from_row(row, len(wanted[id].group))
        except ValueError as error:
            raise BadRecord(path, line, str(error)) from None
    lacking = next((group.id for group in groups if group.id not in found), None)
    if lacking is not None:
        raise UserError(
            f"{path}: {len(found)} verdicts for {len(groups)} groups; {lacking!r} has none"
        )
    return [found[group.id] for group in groups]


def read_in_order(path: str | Path, sizes: Iterable[int]) -> Iterator[Said]:
    """What was said, line by line, of questions about so many candidates each, in their order."""
    for size, (line, row) in zip(sizes, read_rows(path), strict=True):
        try:
            yield said_from_row(row, size)
        except ValueError as error:
            raise BadRecord(path, line, str(error)) from None


def said_from_row(row: Row, candidates: int) -> Said:
    """What a line says of a group with so many candidates; ValueError says what is wrong."""
    status: object = row.get("status", "ok")
    analysis, signature = _words(row, "analysis"), _words(row, "signature")
    if status == "failed":
        reason = _words(row, "reason").partition(":")[0] or "unknown"
        return Said(None, reason, analysis, signature)
    if status != "ok":
        raise ValueError(f"'status' is ok or failed, not {status!r}")
    scores: object = row.get("scores")
    if isinstance(scores, list):
        numbers = tuple(map(_number, cast(list[object], scores)))
        if len(numbers) != candidates:
            raise ValueError(f"{len(numbers)} scores for {candidates} candidates")
    elif isinstance(ranking := row.get("ranking"), str):
        numbers = standing(read_ranking(ranking, labels(candidates)))
    else:
        raise ValueError("neither 'scores' nor a 'ranking'")
    return Said(numbers, None, analysis, signature)


def _id(row: Row) -> str:
    id: object = row.get("id")
    if not isinstance(id, str):
        raise ValueError("'id' must be text")
    return id


def _number(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not isfinite(value):
        raise ValueError(f"'scores' must be numbers, not {value!r}")
    return round(float(value), PLACES)


def _words(row: Row, key: str) -> str:
    value: object = row.get(key)
    return value if isinstance(value, str) else ""
