"""Seed-X: translations that people scored from 0 to 4, and its challenge set.

A segment of the challenge set has a comment: what to look out for.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from dragoman.benchmarks.rated import Rated, rated
from dragoman.errors import BadRecord
from dragoman.records import segment_to_row
from dragoman.row_files import Row, read_rows
from dragoman.types import Segment

FOLDER = "challenge_set"
SYSTEMS = ("SEED_X", "SYSTEM1", "SYSTEM2", "SYSTEM3")
RATED = (("en", "de"), ("en", "es"), ("zh", "de"), ("zh", "es"))
CHALLENGES = (("en", "zh"), ("zh", "en"))


def human(repo: Path) -> Iterator[Rated]:
    for source, target in RATED:
        path = repo / FOLDER / f"{source}2{target}_examples.json"
        for number, row in read_rows(path):
            try:
                # Two examples lack the text of a system.
                there = [name for name in SYSTEMS if row[name] is not None]
                texts = {name: _text(row, name) for name in there}
                scores = {name: float(row[f"{name}_SCORE"]) for name in there}
                id = f"seedx.{source}-{target}.{number}"
                segment = Segment(id, _text(row, "INPUT"), source, target)
            except (KeyError, TypeError, ValueError) as error:
                raise BadRecord(path, number, f"no scored example: {error}") from None
            if group := rated(segment, id, "challenge", texts, scores):
                yield group


def challenge(repo: Path) -> Iterator[tuple[str, Row]]:
    for source, target in CHALLENGES:
        path = repo / FOLDER / f"Challenge_set_{source}2{target}.json"
        for number, row in read_rows(path):
            try:
                segment = Segment(
                    f"seedx-challenge.{source}-{target}.{number}", _text(row, "src_text"), source,
                    target, _text(row, "参考译文"), _text(row, "考察点"),
                )  # fmt: skip
                more = {"domain": _text(row, "领域标签"), "style": _text(row, "文本风格")}
            except (KeyError, TypeError) as error:
                raise BadRecord(path, number, f"no challenge: {error}") from None
            yield f"{source}-{target}", {**segment_to_row(segment), **more, "doc_id": segment.id}


def _text(row: Row, key: str) -> str:
    value: object = row[key]
    if not isinstance(value, str):
        raise TypeError(f"{key!r} must be text")
    return value
