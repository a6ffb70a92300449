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


def gemba(score: str, match: str) -> dict[str, Any]:
    return {"contains": match, "reply": f"Looked at it.\n\n{score}"}


@pytest.fixture
def judged(dragoman: Program) -> Program:
    """Two systems on three segments with a comment; the second failed on one of them."""
    write("s.jsonl", [segment(id, comment="tense matters") for id in "abc"])
    write("one.jsonl", [{"id": id, "translation": f"good {id}"} for id in "abc"])
    write("two.jsonl", [{"id": "a", "translation": "good a"}, {"id": "b", "translation": "bad"},
                        {"id": "c", "status": "failed"}])  # fmt: skip
    write("rules.jsonl", [gemba("30", "bad"), gemba("no score here", "good b"), gemba("90", "good"),
                          ])  # fmt: skip
    return dragoman


CALL = (
    "evaluate",
    "translation",
    "s.jsonl",
    "-s",
    "one.jsonl",
    "-s",
    "two.jsonl",
    "--json",
    "o.json",
)


def opinion(number: int = 0) -> dict[str, Any]:
    return json.loads(Path("o.json").read_text())["language_pairs"][0]["opinions"][number]


def test_a_judge_sees_reference_and_comment(
    judged: Program, capsys: pytest.CaptureFixture[str]
) -> None:
    rule = {"contains": "评估重点：\ntense matters", "reply": "Fine.\n\n80"}
    write("rules.jsonl", [rule])
    assert judged(*CALL, "--engine", "scripted:rules.jsonl") == 0
    told = capsys.readouterr()
    # Of five translations two are the same text.
    assert "4 calls" in told.err
    assert "format:gemba-sqm.1" in opinion()["signature"]
    assert [one["score"] for one in opinion()["systems"]] == [80, 80]
    assert judged(*CALL, "--engine", "scripted:rules.jsonl") == 0
    assert "0 calls" in capsys.readouterr().err


def test_what_a_judge_fails_on_is_counted_and_never_scored(judged: Program) -> None:
    flags = ("--engine", "scripted:rules.jsonl", "--retries", "0", "--runs", "2")
    assert judged(*CALL, *flags, "--temperature", "0.4", "--markdown", "o.md") == 0
    told = opinion()
    one, two = told["systems"]
    # `good b` got no score in either run; system two has no c at all.
    assert told["segments"] == 1
    assert (one["score"], two["score"]) == (90, 90)
    assert (one["failed"], two["failed"]) == (2, 0)
    assert (one["runs"], one["deviation"]) == ([90, 90], 0)
    assert (two["difference"], two["p"]) == (0, 1)
    assert "spread of runs" in Path("o.md").read_text()


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (("--judge", "group", "--engine", "scripted:rules.jsonl"), "scores each translation alone"),
        (("--judge", "metric:chrf"), "metrics go with --metric"),
        (("--engine", "scripted:rules.jsonl", "--runs", "2"), "temperature 0 are all the same"),
        (("--engine", "scripted:rules.jsonl", "--runs", "0"), "--runs 0: from 1"),
        (("--metric", "nope"), "no metric is called 'nope'"),
        (("--reward-was", "none.json"), "none.json: cannot read"),
    ],
)
def test_judges_that_do_not_fit(
    flags: tuple[str, ...], message: str, judged: Program, capsys: pytest.CaptureFixture[str]
) -> None:
    assert judged(*CALL, *flags) == 2
    assert message in capsys.readouterr().err
    assert not Path("o.json").exists()


def test_other_metrics_have_intervals_and_a_test(judged: Program) -> None:
    write("two.jsonl", [{"id": id, "translation": f"sentence number {id}"} for id in "abc"])
    assert judged(*CALL, "--metric", "chrf") == 0
    told = opinion()
    assert (told["name"], told["segments"]) == ("chrf", 3)
    one, two = told["systems"]
    assert two["score"] > one["score"]
    assert two["difference"] == pytest.approx(two["score"] - one["score"])
    assert one["interval"][0] <= one["score"] <= one["interval"][1]
    assert two["p"] == pytest.approx(0.25, abs=0.02)
    assert "metric:chrf" in told["signature"]


@pytest.mark.parametrize(
    ("reward", "marked"),
    [("chrf", {"chrF2", "chrf"}), ("BLEU", {"BLEU"}), ("metric:chrf", {"chrF2", "chrf"}),
     ("run", {"chrF2", "chrf"}), ("run/recipe.json", {"chrF2", "chrf"}), ("comet", set())],
)  # fmt: skip
def test_numbers_that_were_the_reward_are_marked(
    reward: str, marked: set[str], judged: Program, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("run").mkdir()
    Path("run/recipe.json").write_text(json.dumps({"judge": {"judge": "metric:chrf"}}))
    assert judged(*CALL, "--metric", "chrf", "--reward-was", reward) == 0
    (pair,) = json.loads(Path("o.json").read_text())["language_pairs"]
    rows = [*pair["systems"][0]["scores"], *pair["opinions"]]
    assert {row["name"] for row in rows if row.get("was_reward")} == marked
    assert ("(was the" in capsys.readouterr().out) == bool(marked)


def test_a_judge_that_was_the_reward_is_marked(judged: Program) -> None:
    Path("recipe.json").write_text(
        json.dumps({"judge": {"judge": "group", "engine": "scripted:rules.jsonl"}})
    )
    flags = ("--engine", "scripted:rules.jsonl", "--reward-was", "recipe.json")
    assert judged(*CALL, *flags) == 0
    assert opinion()["was_reward"]
    Path("recipe.json").write_text("{}")
    assert judged(*CALL, "--reward-was", "recipe.json") == 2
