"""`dragoman evaluate translation`: sacrebleu's own figures, and files that do not fit."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from tests.evaluating import Program, dragoman, write

from dragoman.errors import UserError
from dragoman.evaluation.translation_report import guards, translation_report
from dragoman.evaluation.translations import System, read_referenced, read_system
from dragoman.types import Segment

__all__ = ["dragoman"]


def segment(id: str, **more: Any) -> dict[str, Any]:
    return {"id": id, "src_lang": "de", "tgt_lang": "en", "source": f"Satz {id}",
            "reference": f"sentence number {id} is here", **more}  # fmt: skip


def sacrebleu(*arguments: str) -> str:
    """What the sacrebleu program prints."""
    call = [sys.executable, "-m", "sacrebleu", *arguments]
    return subprocess.run(call, capture_output=True, text=True, check=True).stdout


@pytest.mark.parametrize(("name", "tokenizer"), [("wmt23.he-en", "13a"), ("wmt24.en-zh", "zh")])
def test_equals_sacrebleu_byte_for_byte(
    name: str,
    tokenizer: str,
    evaluation: Path,
    dragoman: Program,
) -> None:
    lines = (evaluation / f"mt/{name}.jsonl").read_text().removesuffix("\n").split("\n")
    rows = [json.loads(line) for line in lines]
    references = [row["reference"] for row in rows]
    # Systems of known kinds: one drops the end of every sentence, one every seventh letter.
    made = {
        "short.txt": [text[: -max(1, len(text) // 4)] for text in references],
        "holes.txt": ["".join(c for i, c in enumerate(text) if i % 7) for text in references],
    }
    for file, texts in {"reference.txt": references, **made}.items():
        write(file, texts)
    call = ["evaluate", "translation", str(evaluation / f"mt/{name}.jsonl")]
    assert dragoman(*call, "-s", "short.txt", "-s", "holes.txt", "--paired", "bs",
                    "--json", "o.json") == 0  # fmt: skip
    (ours,) = json.loads(Path("o.json").read_text())["language_pairs"]
    common = ["reference.txt", "-m", "bleu", "chrf", "ter", "-tok", tokenizer]
    for place, file in enumerate(made):
        theirs = sacrebleu(*common, "-i", file, "-f", "text")
        # The program puts names of several metrics under each other with spaces.
        lines = [line.strip() for line in theirs.splitlines()]
        assert [score["line"] for score in ours["systems"][place]["scores"]] == lines
    theirs = sacrebleu(*common, "-i", *made, "--paired-bs", "-f", "text", "-w", "4")
    for metric in ours["paired"]["bs"]:
        assert metric["signature"] in theirs
        for system in metric["systems"]:
            told = f"{system['score']:.4f} ({system['mean']:.4f} ± {system['ci']:.4f})"
            assert told in theirs, metric["metric"]
        assert f"(p = {metric['systems'][1]['p']:.4f})" in theirs


def test_files_that_do_not_fit_are_refused_with_both_lengths(tmp_path: Path) -> None:
    segments = read_referenced(write(tmp_path / "s.jsonl", [segment("1"), segment("2")]))
    for lines, message in ((["one"], "1 lines for 2 segments"), (["a", "b", "c"], "3 lines for 2")):
        with pytest.raises(UserError, match=message):
            read_system(write(tmp_path / "t.txt", lines), segments)
    with pytest.raises(UserError, match="1 translations for 2 segments; '2' has none"):
        read_system(write(tmp_path / "t.jsonl", [{"id": "1", "translation": "x"}]), segments)


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([segment("1"), {**segment("2"), "reference": None}], "s.jsonl:2: no 'reference'"),
        ([segment("1"), segment("1")], "s.jsonl:2: the id '1' stands on line 1"),
        ([], "no segments"),
    ],
)
def test_segments_that_are_refused(rows: list[Any], message: str, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=message):
        read_referenced(write(tmp_path / "s.jsonl", rows))


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ({"id": "3", "translation": "x"}, "none of the 1 segments has the id '3'"),
        ({"id": "1", "translation": None}, "'translation' must be text"),
        ({"translation": "x"}, "'id' must be text"),
    ],
)
def test_translations_that_are_refused(row: Any, message: str, tmp_path: Path) -> None:
    segments = read_referenced(write(tmp_path / "s.jsonl", [segment("1")]))
    with pytest.raises(UserError, match=message):
        read_system(write(tmp_path / "t.jsonl", [row]), segments)


def test_failures_are_counted_and_never_scored(tmp_path: Path) -> None:
    segments = read_referenced(write(tmp_path / "s.jsonl", [segment(str(n)) for n in range(4)]))
    right = tuple(one.reference for one in segments)
    systems = [System("all", right), System("some", (None, *right[1:]))]
    (pair,) = translation_report(segments, systems)["language_pairs"]
    assert (pair["segments"], pair["common"]) == (4, 3)
    assert [one["failed"] for one in pair["systems"]] == [0, 1]
    assert [one["scores"][0]["score"] for one in pair["systems"]] == pytest.approx([100, 100])
    (nothing,) = translation_report(segments, [System("none", (None,) * 4)])["language_pairs"]
    assert nothing["systems"][0]["scores"] == []


def test_language_pairs_are_apart(tmp_path: Path) -> None:
    rows = [segment("1"), segment("2", tgt_lang="zh", reference="早上好")]
    segments = read_referenced(write(tmp_path / "s.jsonl", rows))
    report = translation_report(segments, [System("x", ("sentence number 1 is here", "早上好"))])
    pairs = report["language_pairs"]
    assert [pair["languages"] for pair in pairs] == ["de-en", "de-zh"]
    assert "tok:zh" in pairs[1]["systems"][0]["scores"][0]["signature"]


def test_guards_count_what_is_no_translation() -> None:
    segments = [Segment(str(n), "Guten Morgen", "de", "en") for n in range(4)]
    texts = ["  ", "Guten Morgen", "早上好", None]
    assert guards(segments, texts) == {"empty": 1, "copied": 1, "wrong_script": 1}


def test_a_data_set_with_published_columns(tmp_path: Path) -> None:
    """A folder as data sets are stored: its columns have other names, and rows no id."""
    rows = [{"src_text": f"Satz {n}", "trg_text": f"sentence {n}", "src_lang": "de",
             "trg_lang": "en", "comment": "1. tense"} for n in range(3)]  # fmt: skip
    (tmp_path / "data").mkdir()
    write(tmp_path / "data/test-0.jsonl", rows[:2])
    write(tmp_path / "data/test-1.jsonl", rows[2:])
    segments = read_referenced(tmp_path)
    assert [one.id for one in segments] == ["1", "2", "3"]
    assert segments[2] == Segment("3", "Satz 2", "de", "en", "sentence 2", "1. tense")
