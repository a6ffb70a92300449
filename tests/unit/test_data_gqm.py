"""`dragoman data gqm`: lessons to the byte, comparisons without repeats, and their sidecar."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest
from tests.data import data
from tests.training import gold_rows, write_rows

from dragoman.data.rows import gold_group_from_row, lesson_from_row
from dragoman.formats import make_format
from dragoman.signature import read_signature

ANNOTATED: dict[str, Any] = {
    "id": "1",
    "src_lang": "zh",
    "tgt_lang": "en",
    "source": "早上好",
    "candidates": ["Morning good", "Good morning", "Hello"],
    "scores": [5, 8, 5],
    "analysis": "A is odd.\nB is right.\nMy ranking: B first.",
}
REPLY = (
    "A is odd.\nB is right.\n\n### Final Ranking:\n\nB > A = C\n\n### Scores:\n\nB: 8, A: 5, C: 5\n"
)


@pytest.mark.parametrize(
    ("form", "response"),
    [
        ("gqm", REPLY),
        ("gqm-ranking", "A is odd.\nB is right.\n\n### Final Ranking:\n\nB > A = C\n"),
        ("gqm-score", f"{ANNOTATED['analysis']}\n\nA: 5, B: 8, C: 5\n"),
    ],
)
def test_target_replies_to_the_byte(tmp_path: Path, form: str, response: str) -> None:
    rows = data(tmp_path, "gqm", "sft", [ANNOTATED], "--form", form)
    (lesson,) = map(lesson_from_row, rows)
    assert lesson.response == response
    assert lesson.prompt == make_format(form).write(gold_group_from_row(ANNOTATED).group).text
    assert rows[0]["origin"] == {"row": 1}


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"status": "failed", "scores": None, "analysis": None}, "not annotated"),
        ({"scores": [5, 8, 5.5]}, "scores that are not whole"),
        ({"scores": [5, 11, 5]}, "scores beyond 0 to 10"),
        ({"candidates": ["x", "x", "x"], "scores": [5, 5, 5]}, "fewer than two different texts"),
        ({"candidates": ["x", "x", "y"], "scores": [5, 6, 5]}, "one text with two scores"),
        ({"analysis": "<think> it never ends"}, "its reply could not be read: unfinished"),
        ({"id": "2"}, "the same prompt as before"),
        ({"source": "晚安", "confidence": 0.4}, "too little confidence"),
        ({"source": "晚安", "confidence": None}, "too little confidence"),
    ],
)
def test_what_cannot_be_a_lesson_is_counted(
    tmp_path: Path, changed: dict[str, Any], reason: str
) -> None:
    sure = {**ANNOTATED, "confidence": 1.0}
    rows = data(tmp_path, "gqm", "sft", [sure, {**sure, **changed}], "--min-confidence", "0.5")
    assert len(rows) == 1
    (told,) = json.loads((tmp_path / "out.jsonl.provenance.json").read_text())["rows"]["left_out"]
    assert told.startswith(reason)


def test_a_lesson_for_each_candidate_alone(tmp_path: Path) -> None:
    said = [f"On {letter}.\n" for letter in "abc"]
    alone = {key: value for key, value in ANNOTATED.items() if key != "analysis"}
    rows = data(tmp_path, "gqm", "sft", [{**alone, "analyses": said}], "--form", "sqm")
    assert [row["response"] for row in rows] == ["On a.\n\n5", "On b.\n\n8", "On c.\n\n5"]
    assert "Translation text:\n```\nGood morning\n```\n" in rows[1]["prompt"]
    short = {**alone, "analyses": said[:2]}
    data(tmp_path, "gqm", "sft", [short], "--form", "sqm", output="none.jsonl")
    assert not (tmp_path / "none.jsonl").exists()


def test_a_row_without_confidence_is_none_to_judge_by_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert data(tmp_path, "gqm", "sft", [ANNOTATED], "--min-confidence", "0.5") == []
    assert "in.jsonl:1: no 'confidence'" in capsys.readouterr().err


def test_comparisons_are_gold_groups_without_repeats(tmp_path: Path) -> None:
    groups = [ANNOTATED, {**ANNOTATED, "id": "again"}]
    rows = data(tmp_path, "gqm", "rl", groups)
    # Three candidates: see test_data_augment. The second group is the first anew.
    assert len(rows) == 11
    for row in rows:
        gold = gold_group_from_row(row)
        order = row["origin"]["order"]
        assert [c.text for c in gold.group.candidates] == [
            ANNOTATED["candidates"][i] for i in order
        ]
        assert gold.scores == tuple(ANNOTATED["scores"][i] for i in order)
    told = json.loads((tmp_path / "out.jsonl.provenance.json").read_text())
    assert told["rows"] == {
        "read": 2,
        "written": 11,
        "left_out": {"the same comparison as before": 11},
        "notes": {},
    }


def test_a_text_that_stands_twice_is_shown_once(tmp_path: Path) -> None:
    group = {**ANNOTATED, "candidates": ["x", "x", "y"], "scores": [5, 5, 3]}
    rows = data(tmp_path, "gqm", "rl", [group])
    assert [row["origin"]["order"] for row in rows] == [[0, 2], [2, 0]]


def test_same_seed_same_bytes_and_a_sidecar_that_says_how(tmp_path: Path) -> None:
    groups = [{**row, "source": f"Satz {i}"} for i, row in enumerate(gold_rows(30))]
    data(tmp_path, "gqm", "rl", groups, "--seed", "3")
    names = ("out.jsonl", "out.jsonl.provenance.json")
    before = [(tmp_path / name).read_bytes() for name in names]
    data(tmp_path, "gqm", "rl", groups, "--seed", "3", "--overwrite")
    assert [(tmp_path / name).read_bytes() for name in names] == before
    told = json.loads(before[1])
    assert read_signature(told["signature"])["seed"] == "3"
    assert told["inputs"][0]["sha256"] == (
        hashlib.sha256((tmp_path / "in.jsonl").read_bytes()).hexdigest()
    )


def test_published_columns_are_read(tmp_path: Path) -> None:
    published = {
        "src_text": "早上好",
        "trg_text": "Good morning",
        "src_lang": "zh",
        "trg_lang": "en",
        "mt_texts": ANNOTATED["candidates"],
        "analysis": ANNOTATED["analysis"],
        "scores": ANNOTATED["scores"],
    }
    (row,) = data(tmp_path, "gqm", "sft", [published])
    assert row["response"] == REPLY


def test_a_folder_of_shards_is_one_file(tmp_path: Path) -> None:
    folder = tmp_path / "shards" / "data"
    folder.mkdir(parents=True)
    groups = [{**ANNOTATED, "source": f"第{i}"} for i in range(4)]
    write_rows(folder / "train-00000.jsonl", groups[:3])
    write_rows(folder / "train-00001.jsonl", groups[3:])
    rows = data(tmp_path, "gqm", "sft", tmp_path / "shards")
    assert [row["origin"]["row"] for row in rows] == [1, 2, 3, 4]
    assert rows == data(tmp_path, "gqm", "sft", groups, "--overwrite")


def test_flags_of_the_other_kind_are_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_rows(tmp_path / "in.jsonl", [ANNOTATED])
    assert data(tmp_path, "gqm", "rl", tmp_path / "in.jsonl", "--form", "gqm-score") == []
    assert "--form and --min-confidence are for sft" in capsys.readouterr().err
