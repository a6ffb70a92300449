"""`dragoman evaluate ranking --suite`: one file fills the table of judges and sets."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tests.evaluating import Program, dragoman, row, write

__all__ = ["dragoman"]

SUITE = """
[sets]
one = "one.jsonl"
two = "two.jsonl"

[judges.chrF]
judge = "metric:chrf"

[judges.scripted]
engine = "scripted:rules.jsonl"
concurrency = 2

[judges.published]
verdicts = "published/{set}.jsonl"
"""
REPLY = "Well.\n\n### Final Ranking:\n\nB > A\n\n### Scores:\n\nA: 4, B: 9"


@pytest.fixture
def suite(dragoman: Program) -> Program:
    """The program where a suite lies, with sets that share an id and a group."""
    Path("suite.toml").write_text(SUITE)
    write("one.jsonl", [row("a", [1, 2]), row("b", [2, 1])])
    # Of c alone chrF likes the second: no two sets get the same from it.
    turned = {"candidates": ["nothing alike", "text 0"]}
    write("two.jsonl", [row("a", [1, 2]), row("c", [1, 2]) | turned, row("d", [3, 3])])
    write("rules.jsonl", [{"reply": REPLY, "log": "calls.log"}])
    Path("published").mkdir()
    write("published/one.jsonl", [{"id": i, "scores": [0, 1]} for i in "ab"])
    failed = {"id": "c", "status": "failed", "reason": "no-scores: none"}
    write("published/two.jsonl", [*({"id": i, "scores": [0, 1]} for i in "ad"), failed])
    return dragoman


def run(program: Program, *more: str) -> int:
    return program("evaluate", "ranking", "--suite", "suite.toml", *more)


def test_every_cell_is_the_report_of_that_judge_on_that_set(
    suite: Program, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(suite, "--json", "o.json", "--latex", "o.tex", "--html", "o.html") == 0
    told = capsys.readouterr()
    report = json.loads(Path("o.json").read_text())
    cells = report["judges"]
    assert [cells["scripted"][name]["ranking_acc"] for name in ("one", "two")] == [0.5, 2 / 3]
    assert [cells["published"][name]["unjudged"] for name in ("one", "two")] == [0, 1]
    assert cells["published"]["two"]["ranking_acc"] == 0.5
    assert report["sets"]["two"]["baselines"]["all_tied"]["groups"] == 3
    for name in ("one", "two"):
        flags = ("--judge", "metric:chrf", "--json", f"{name}.json")
        assert suite("evaluate", "ranking", f"{name}.jsonl", *flags) == 0
        assert json.loads(Path(f"{name}.json").read_text()) == cells["chrF"][name]
    assert cells["scripted"]["one"]["against"]["judge"] == cells["chrF"]["one"]["judge"]
    assert "groups without a verdict" in told.out
    assert (
        "scripted & 0.500 [0.000, 1.000] & 0.667 [0.000, 1.000] & 0.583"
        in Path("o.tex").read_text()
    )
    assert "<title>Judges beside people</title>" in Path("o.html").read_text()


def test_nothing_is_asked_twice(suite: Program, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(suite) == 0
    # The group that both sets have is asked about once.
    assert "4 calls" in capsys.readouterr().err
    before = Path("suite.verdicts/scripted.jsonl").read_bytes()
    assert run(suite) == 0
    assert "0 calls" in capsys.readouterr().err
    assert Path("suite.verdicts/scripted.jsonl").read_bytes() == before
    Path("suite.toml").write_text(SUITE.replace("[sets]", '[sets]\nnew = "new.jsonl"'))
    write("new.jsonl", [row("e", [1, 2]), row("b", [2, 1])])
    write("published/new.jsonl", [{"id": i, "scores": [0, 1]} for i in "eb"])
    assert run(suite) == 0
    assert "1 call," in capsys.readouterr().err.replace("1 calls", "1 call")


BAD = {
    "no table": ("judges = {}\n[sets]\na='one.jsonl'", "[judges] names nothing"),
    "no judges": ("[sets]\na='one.jsonl'", "judges is missing"),
    "a list": ("[sets]\na=['one.jsonl']\n[judges.x]\njudge='gold'", "a is a file of groups"),
    "a path": ("[sets]\na='one.jsonl'\n[judges.'../x']\njudge='gold'", "'../x' is no name"),
    "nobody": ("[sets]\na='one.jsonl'\n[judges.x]\nvotes=2", "name a judge or an engine"),
    "both": ("[sets]\na='one.jsonl'\n[judges.x]\njudge='gold'\nverdicts='v'", "name a judge"),
    "unknown": ("[sets]\na='one.jsonl'\n[judges.x]\njugde='gold'", "unknown key 'jugde'"),
    "type": ("[sets]\na='one.jsonl'\n[judges.x]\njudge='gold'\nvotes='2'", "votes is a whole"),
    "no set": ("[sets]\na='none.jsonl'\n[judges.x]\njudge='gold'", "none.jsonl: cannot read"),
    "no TOML": ("[sets", "not TOML"),
}


@pytest.mark.parametrize("name", BAD)
def test_suites_that_are_refused(
    name: str, suite: Program, capsys: pytest.CaptureFixture[str]
) -> None:
    text, message = BAD[name]
    Path("suite.toml").write_text(text)
    assert run(suite, "--json", "o.json") == 2
    assert message in capsys.readouterr().err
    assert not Path("o.json").exists()
    assert not Path("suite.verdicts").exists()


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (("--judge", "gold"), "--suite names all groups and judges"),
        (("--ledger", "l"), "a ledger for each judge"),
        (("--json", "one.jsonl"), "one.jsonl is read or written already"),
        (("--html", "published/two.jsonl"), "two.jsonl is read or written already"),
    ],
)
def test_flags_that_do_not_fit(
    flags: tuple[str, ...], message: str, suite: Program, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(suite, *flags) == 2
    assert message in capsys.readouterr().err


def test_references_are_missed_before_anything_is_judged(
    suite: Program, capsys: pytest.CaptureFixture[str]
) -> None:
    write("two.jsonl", [row("a", [1, 2]) | {"reference": None}])
    assert run(suite) == 2
    assert "two.jsonl:1: no reference" in capsys.readouterr().err
    assert not Path("suite.verdicts").exists()


def test_there_is_no_mean_over_sets_that_lack_a_figure(suite: Program) -> None:
    for name, ids in (("one", "ab"), ("two", "acd")):
        rows = [{"id": i, "status": "failed", "reason": "no-scores: none"} for i in ids]
        if name == "one":
            rows = [{"id": i, "scores": [0, 1]} for i in ids]
        write(f"published/{name}.jsonl", rows)
    assert run(suite, "--latex", "o.tex") == 0
    assert "published & 0.500 [0.000, 1.000] & -- & -- " in Path("o.tex").read_text()
