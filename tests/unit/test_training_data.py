"""Rows to train on: what is wrong is named by file and line; augmentation keeps gold scores."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from tests.conftest import make_group
from tests.training import gold_rows, write_rows

from dragoman.data.rows import GoldGroup, Lesson, gold_group_from_row, gold_group_to_row
from dragoman.errors import UserError
from dragoman.training.data import (
    holds_groups,
    load_gold_groups,
    load_lessons,
    load_segments,
    model_folder,
)
from dragoman.training.recipe import DataTable

GOLD = GoldGroup(make_group("a", "b", "c", "d"), (9, 7, 7, 2))


def test_lessons_are_read_up_to_a_limit(tmp_path: Path) -> None:
    rows = [{"prompt": str(i), "response": "x", "more": 1} for i in range(4)]
    file = write_rows(tmp_path / "l.jsonl", rows)
    assert load_lessons(DataTable(rows=str(file), limit=2)) == [Lesson("0", "x"), Lesson("1", "x")]
    assert not holds_groups(DataTable(rows=str(file)))


def test_gold_groups_and_segments_are_read(tmp_path: Path) -> None:
    table = DataTable(rows=str(write_rows(tmp_path / "g.jsonl", gold_rows(3))))
    golds = load_gold_groups(table)
    assert [gold.scores for gold in golds] == [(8, 0), (8, 1), (8, 2)]
    assert [gold_group_from_row(gold_group_to_row(gold)) for gold in golds] == golds
    assert load_segments(table) == [gold.group.segment for gold in golds]
    assert holds_groups(table)


def test_a_segment_needs_no_candidates(tmp_path: Path) -> None:
    row = {key: value for key, value in gold_rows(1)[0].items() if key != "candidates"}
    (segment,) = load_segments(DataTable(rows=str(write_rows(tmp_path / "s.jsonl", [row]))))
    assert (segment.source, segment.target_lang) == ("Guten Morgen", "en")


@pytest.mark.parametrize(
    ("changed", "complaint"),
    [
        ({"scores": [1]}, "'scores' must be a list of 2 numbers, one a candidate"),
        ({"scores": None}, "'scores' must be a list of 2 numbers"),
        ({"scores": [1, "2"]}, "'scores' holds '2', which is no number"),
        ({"scores": [1, True]}, "'scores' holds True, which is no number"),
        ({"candidates": []}, "'candidates' must be a list"),
        ({"src_lang": "xx-none"}, "'src_lang'"),
    ],
)
def test_a_bad_line_is_named(tmp_path: Path, changed: dict[str, Any], complaint: str) -> None:
    good = gold_rows(2)
    file = write_rows(tmp_path / "g.jsonl", [good[0], {**good[1], **changed}])
    with pytest.raises(UserError, match=rf"g\.jsonl:2: {complaint}"):
        load_gold_groups(DataTable(rows=str(file)))


@pytest.mark.parametrize(
    "row", [{"prompt": "a"}, {"prompt": "a", "response": ""}, {"prompt": 1, "response": "a"}]
)
def test_a_lesson_has_two_texts(tmp_path: Path, row: dict[str, Any]) -> None:
    file = write_rows(tmp_path / "l.jsonl", [row])
    with pytest.raises(UserError, match=r"l\.jsonl:1: a lesson is"):
        load_lessons(DataTable(rows=str(file)))


def test_no_rows_and_no_use_for_options(tmp_path: Path) -> None:
    file = write_rows(tmp_path / "l.jsonl", [])
    with pytest.raises(UserError, match="there are no rows in it"):
        load_lessons(DataTable(rows=str(file)))
    with pytest.raises(UserError, match="options are for data sets of the phrasebook"):
        load_lessons(DataTable(rows=str(file), options={"size": 3}))


def test_a_model_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="there is no such model folder"):
        model_folder(str(tmp_path))


def test_a_shipped_model_that_is_not_in_this_checkout(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dragoman.phrasebook.models.FOLDER", tmp_path)
    with pytest.raises(UserError, match=r"phrasebook:base: .* see docs/phrasebook\.md"):
        model_folder("phrasebook:base")
