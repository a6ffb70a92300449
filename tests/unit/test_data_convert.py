"""`dragoman data convert`: other programs read the rows, and they come back as they were."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from tests.data import rows_of, run
from tests.training import lessons, write_rows

SEGMENT = {
    "id": "s",
    "src_lang": "zh",
    "tgt_lang": "en",
    "source": "早上好\u2028",
    "context": ["前"],
}
GROUPS: list[dict[str, Any]] = [
    {
        "id": str(i),
        "src_lang": "de",
        "tgt_lang": "en",
        "source": f"Satz {i}",
        "reference": "R",
        "comment": "c",
        "candidates": [{"system": "S", "text": f"a {i} \\ \t"}, f"b {i}", {"text": "```"}],
        "scores": [i % 11, 5, 2.5 if i % 2 else 3],
        "origin": {"row": i, "order": [1, 0]},
    }
    for i in range(500)
]
KINDS = {
    "lessons": [{**row, "origin": {"row": i}} for i, row in enumerate(lessons(9))],
    "groups": GROUPS[:40],
    "segments": [SEGMENT, {**SEGMENT, "reference": "Good morning"}],
}


@pytest.mark.parametrize(
    ("kind", "to", "suffix"),
    [
        ("lessons", "trl", "jsonl"),
        ("groups", "trl", "jsonl"),
        ("segments", "trl", "jsonl"),
        ("lessons", "llama-factory", "jsonl"),
        ("lessons", "llama-factory", "parquet"),
        ("groups", "verl", "parquet"),
        ("segments", "verl", "parquet"),
        ("groups", "verl", "jsonl"),
        ("groups", "mbrs", "mbrs"),
    ],
)
def test_there_and_back_again(tmp_path: Path, kind: str, to: str, suffix: str) -> None:
    ours = write_rows(tmp_path / "ours.jsonl", KINDS[kind])
    there, back = str(tmp_path / f"there.{suffix}"), tmp_path / "back.jsonl"
    assert run("data", "convert", str(ours), "-o", there, "--to", to) == 0
    assert run("data", "convert", there, "-o", str(back), "--to", "ours") == 0
    assert back.read_bytes() == ours.read_bytes()


def load(path: Path, kind: str, tmp_path: Path) -> list[dict[str, Any]]:
    datasets = pytest.importorskip("datasets")
    cache = str(tmp_path / "cache")
    return list(datasets.load_dataset(kind, data_files=str(path), split="train", cache_dir=cache))


def test_the_real_loader_reads_what_trl_is_given(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_DATASETS_DISABLE_PROGRESS_BARS", "1")
    ours = write_rows(tmp_path / "ours.jsonl", KINDS["lessons"])
    for to, suffix, kind in (("trl", "jsonl", "json"), ("llama-factory", "parquet", "parquet")):
        there = tmp_path / f"{to}.{suffix}"
        run("data", "convert", str(ours), "-o", str(there), "--to", to)
        first = load(there, kind, tmp_path)[0]
        messages = first["prompt"] + first["completion"] if to == "trl" else first["messages"]
        assert messages == [
            {"role": "user", "content": "Compare 0 and 0."},
            {"role": "assistant", "content": "A: 0, B: 0"},
        ]


def test_the_published_ground_truth_of_500_groups(tmp_path: Path) -> None:
    ours = write_rows(tmp_path / "ours.jsonl", GROUPS)
    there = tmp_path / "there.jsonl"
    run("data", "convert", str(ours), "-o", str(there), "--to", "verl")
    rows = rows_of(there.read_text())
    assert len(rows) == 500
    for i, row in enumerate(rows):
        # Python's own JSON, with blanks, as the published rows have it.
        last = "2.5" if i % 2 else "3"
        truth = f'{{"A": {i % 11}, "B": 5, "C": {last}}}'
        assert row["reward_model"]["ground_truth"] == truth
        assert row["ability"] == "ranking"
        assert row["prompt"][0]["content"].startswith("Given a source text in German and multiple")
        assert "\nTranslation C:\n````\n```\n````\n" in row["prompt"][0]["content"]


def test_a_policys_row_in_verl(tmp_path: Path) -> None:
    ours = write_rows(tmp_path / "ours.jsonl", KINDS["segments"])
    there = tmp_path / "there.parquet"
    run("data", "convert", str(ours), "-o", str(there), "--to", "verl")
    rows = load(there, "parquet", tmp_path)
    assert [row["reward_model"]["ground_truth"] for row in rows] == ["", "Good morning"]
    assert [row["ability"] for row in rows] == ["translation"] * 2
    assert rows[0]["extra_info"]["src_text"] == "早上好\u2028"
    assert rows[0]["prompt"][0]["content"].startswith("Translate the following text from Chinese")


def test_llama_factory_gets_its_entry_and_keeps_others(tmp_path: Path) -> None:
    info = tmp_path / "dataset_info.json"
    info.write_text('{"other": {"file_name": "x.json"}}')
    ours = write_rows(tmp_path / "ours.jsonl", lessons(2))
    there = str(tmp_path / "judge.jsonl")
    assert run("data", "convert", str(ours), "-o", there, "--to", "llama-factory") == 0
    told = json.loads(info.read_text())
    assert told["other"] == {"file_name": "x.json"}
    assert told["judge"] == {
        "file_name": "judge.jsonl",
        "formatting": "sharegpt",
        "columns": {"messages": "messages"},
        "tags": {"role_tag": "role", "content_tag": "content", "user_tag": "user",
                 "assistant_tag": "assistant"},
    }  # fmt: skip
    (tmp_path / "judge.jsonl").unlink()
    assert run("data", "convert", str(ours), "-o", there, "--to", "llama-factory") == 2
    info.write_text("[")
    assert run("data", "convert", str(ours), "-o", there, "--to", "llama-factory") == 2


def test_mbrs_has_a_line_a_text(tmp_path: Path) -> None:
    ours = write_rows(tmp_path / "ours.jsonl", GROUPS[:2])
    run("data", "convert", str(ours), "-o", str(tmp_path / "m"), "--to", "mbrs")
    assert (tmp_path / "m/hypotheses.txt").read_text() == (
        "a 0 \\ \t\nb 0\n```\na 1 \\ \t\nb 1\n```\n"
    )
    assert (tmp_path / "m/references.txt").read_text() == "R\nR\n"


@pytest.mark.parametrize(
    ("rows", "to", "complaint"),
    [
        ([{**GROUPS[0], "source": "a\nb"}], "mbrs", "ours.jsonl:1: a text of several lines"),
        ([{**GROUPS[0], "source": "a\0b"}], "mbrs", "ours.jsonl:1: a NUL"),
        ([{**GROUPS[0], "source": "\ufeffa"}], "mbrs", "a byte order mark"),
        ([GROUPS[0], {**GROUPS[1], "candidates": ["a"]}], "mbrs", "ours.jsonl:2: 1 candidates;"),
        ([GROUPS[0], {**GROUPS[1], "reference": None}], "mbrs", "1 of 2 groups have a reference"),
        ([SEGMENT], "llama-factory", "ours.jsonl:1: a lesson is"),
        ([{"prompt": "p", "response": "r"}], "verl", "ours.jsonl:1: 'id' is missing"),
        ([{"messages": []}], "ours", "'messages' must be a list of messages"),
        ([{"data_source": "x", "extra_info": {}}], "ours", "were not written by dragoman"),
        ([{"data_source": "x", "extra_info": {"row": "[1]"}}], "ours", "is not a row of ours"),
        ([{"prompt": [], "completion": []}], "ours", "'prompt' must be a list of messages"),
        ([], "trl", "there are no rows in it"),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_named_and_nothing_is_written(
    tmp_path: Path,
    rows: list[dict[str, Any]],
    to: str,
    complaint: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    ours = write_rows(tmp_path / "ours.jsonl", rows)
    assert run("data", "convert", str(ours), "-o", str(tmp_path / "there"), "--to", to) == 2
    assert complaint in capsys.readouterr().err
    left = [file for file in tmp_path.rglob("*") if file.is_file()]
    assert left == [ours]


@pytest.mark.parametrize(
    ("name", "content", "complaint"),
    [
        ("sources.txt", b"Gr\xfc\xdfe\nSatz 1\n", "sources.txt:1: not UTF-8"),
        ("sources.txt", b"Satz 0\n", "sources.txt has fewer lines than rows.jsonl"),
        ("references.txt", b"R\n", "references.txt has fewer lines"),
        ("hypotheses.txt", b"a\n" * 5, "hypotheses.txt has fewer lines"),
        ("hypotheses.txt", b"a\n" * 7, "hypotheses.txt has more lines"),
        ("rows.jsonl", b'{"id": "1"}\n', "rows.jsonl:1: 'candidates' must be a list"),
        ("rows.jsonl", None, "rows.jsonl: cannot read"),
        ("sources.txt", None, "sources.txt: cannot read"),
    ],
)  # fmt: skip
def test_a_folder_of_mbrs_that_was_changed(
    tmp_path: Path,
    name: str,
    content: bytes | None,
    complaint: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    ours, there = write_rows(tmp_path / "ours.jsonl", GROUPS[:2]), tmp_path / "m"
    run("data", "convert", str(ours), "-o", str(there), "--to", "mbrs")
    (there / name).unlink()
    if content is not None:
        (there / name).write_bytes(content)
    assert run("data", "convert", str(there), "-o", str(tmp_path / "back"), "--to", "ours") == 2
    assert complaint in capsys.readouterr().err
    assert sorted(file.name for file in tmp_path.iterdir()) == ["m", "ours.jsonl"]


SYSTEMS = [
    {
        "id": str(i),
        "src_lang": "de",
        "tgt_lang": "en",
        "source": f"Satz {i}",
        "reference": "R",
        "candidates": [{"system": name, "text": f"{name} {i}"} for name in order],
        "human_scores": [i, 2.5],
        "doc_id": f"d{i // 2}",
    }
    for i, order in enumerate(("AB", "BA", "AB"))
]


def test_an_evaluation_set_has_its_files_and_comes_back(tmp_path: Path) -> None:
    ours, there, back = tmp_path / "ours.jsonl", tmp_path / "set", tmp_path / "back.jsonl"
    write_rows(ours, SYSTEMS)
    assert run("data", "convert", str(ours), "-o", str(there), "--to", "mtme") == 0
    assert (there / "system-outputs/de-en/A.txt").read_text() == "A 0\nA 1\nA 2\n"
    assert (there / "documents/de-en.docs").read_text().splitlines()[2] == "dragoman\td1"
    scores = (there / "human-scores/de-en.human.seg.score").read_text().splitlines()
    # The second group names B first: its scores go to the right systems.
    assert scores == ["A\t0", "A\t2.5", "A\t2", "B\t2.5", "B\t1", "B\t2.5"]
    assert run("data", "convert", str(there), "-o", str(back), "--to", "ours") == 0
    assert back.read_bytes() == ours.read_bytes()


def test_an_evaluation_set_of_others_is_read(tmp_path: Path) -> None:
    ours, there, back = tmp_path / "ours.jsonl", tmp_path / "set", tmp_path / "back.jsonl"
    write_rows(ours, SYSTEMS)
    run("data", "convert", str(ours), "-o", str(there), "--to", "mtme")
    (there / "rows.jsonl").unlink()
    mqm = there / "human-scores/de-en.mqm.seg.score"
    (there / "documents/de-en.docs").write_text("news\td0\n\nnews\td1\n")
    mqm.write_text("A\t-1\nA\tNone\nA\tNone\nB\t-2\nB\t-3\nB\tNone\nC\t0\n")
    assert run("data", "convert", str(there), "-o", str(back), "--to", "ours") == 0
    first, second = rows_of(back.read_text())
    assert (first["id"], first["doc_id"], first["human_scores"]) == ("de-en:1", "d0", [-1, -2])
    assert first["reference"] == "R"
    assert second["candidates"] == [{"system": "B", "text": "B 1"}]
    assert second["doc_id"] == ""


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"candidates": ["a", "b"]}, "a system called None"),
        ({"candidates": [{"system": "../x", "text": "a"}, {"system": "B", "text": "b"}]}, "'../x'"),
        ({"candidates": [{"system": "A", "text": "a"}]}, "other systems"),
        ({"tgt_lang": "fr"}, "de-fr after de-en"),
        ({"human_scores": [1]}, "2 numbers"),
        ({"reference": None}, "2 of 3 groups have a reference"),
        ({"source": "a\nb"}, "a text of several lines"),
    ],
)
def test_what_is_no_evaluation_set_leaves_nothing(
    tmp_path: Path, change: dict[str, Any], complaint: str, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = write_rows(tmp_path / "ours.jsonl", [*SYSTEMS[:2], {**SYSTEMS[2], **change}])
    assert run("data", "convert", str(rows), "-o", str(tmp_path / "set"), "--to", "mtme") == 2
    assert complaint in capsys.readouterr().err
    assert [file.name for file in tmp_path.iterdir()] == ["ours.jsonl"]
