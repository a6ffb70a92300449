"""`dragoman evaluate ranking`: what it takes, refuses, writes and shows."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from tests.evaluating import Program, dragoman, row, write

from dragoman.errors import BadRecord, UserError
from dragoman.evaluation.groups import read_human_groups
from dragoman.evaluation.judge_report import judge_report
from dragoman.evaluation.tables import latex, markdown, number, summary
from dragoman.evaluation.verdicts import Said, read_verdicts

__all__ = ["dragoman"]

BAD_GROUPS: dict[str, tuple[list[Any], str]] = {
    "one candidate": ([row("a", [1, 2]), row("b", [1])], "g.jsonl:2: a group of one has no pair"),
    "twice": ([row("a", [1, 2]), row("a", [2, 1])], "g.jsonl:2: the id 'a' stands on line 1"),
    "no scores": ([{**row("a", [1, 2]), "human_scores": None}], "g.jsonl:1: 'human_scores' must"),
    "too few scores": ([row("a", [1, 2]) | {"human_scores": [1]}], "1 'human_scores' for 2"),
    "NaN": (['{"id": "a", "human_scores": [NaN, 1]}'], "g.jsonl:1: not JSON: NaN"),
    "infinite": ([json.dumps(row("a", [1, 7])).replace(" 7]", " 1e999]")], "numbers, not inf"),
    "text": ([row("a", [1, "2"])], "numbers, not '2'"),
    "true": ([row("a", [1, True])], "numbers, not True"),
    "document": ([row("a", [1, 2], doc_id=7)], "'doc_id' must be text"),
    "nothing": ([], "no groups"),
}


@pytest.mark.parametrize("name", BAD_GROUPS)
def test_groups_that_are_refused(
    name: str, dragoman: Program, capsys: pytest.CaptureFixture[str]
) -> None:
    rows, message = BAD_GROUPS[name]
    write("g.jsonl", rows)
    assert dragoman("evaluate", "ranking", "g.jsonl", "--judge", "metric:chrf", "--json", "o") == 2
    assert message in capsys.readouterr().err
    assert not Path("o").exists()


BAD_VERDICTS: dict[str, tuple[list[Any], str]] = {
    "too few": ([{"id": "a", "scores": [1, 2]}], "1 verdicts for 2 groups; 'b' has none"),
    "unknown": ([{"id": "c", "scores": [1, 2]}], "none of the 2 groups has the id 'c'"),
    "twice": ([{"id": "a", "scores": [1, 2]}] * 2, "v.jsonl:2: the id 'a' stood"),
    "too many scores": ([{"id": "a", "scores": [1, 2, 3]}], "3 scores for 2 candidates"),
    "NaN": (['{"id": "a", "scores": [NaN, 1]}'], "v.jsonl:1: not JSON: NaN"),
    "null": ([{"id": "a", "scores": [1, None]}], "numbers, not None"),
    "neither": ([{"id": "a", "scores": None}], "neither 'scores' nor a 'ranking'"),
    "ranking": ([{"id": "a", "ranking": "A > C"}], "no candidate is called 'C'"),
    "status": ([{"id": "a", "status": "fine"}], "ok or failed"),
    "id": ([{"scores": [1, 2]}], "'id' must be text"),
}


@pytest.mark.parametrize("name", BAD_VERDICTS)
def test_verdicts_that_are_refused(name: str, tmp_path: Path) -> None:
    rows, message = BAD_VERDICTS[name]
    groups = read_human_groups(write(tmp_path / "g.jsonl", [row("a", [1, 2]), row("b", [2, 1])]))
    with pytest.raises(UserError, match=message):
        read_verdicts(write(tmp_path / "v.jsonl", rows), groups)


def test_missing_references_are_refused_before_anything_is_judged(
    dragoman: Program, capsys: pytest.CaptureFixture[str]
) -> None:
    write("g.jsonl", [row("a", [1, 2]), row("b", [1, 2]) | {"reference": None}])
    assert dragoman("evaluate", "ranking", "g.jsonl", "--judge", "metric:chrf") == 2
    told = capsys.readouterr().err
    assert "g.jsonl:2: no reference, as in 1 of 2 groups, and metric:chrf compares" in told
    with pytest.raises(BadRecord, match="no reference"):
        from dragoman.evaluation.groups import check_references

        check_references("g.jsonl", read_human_groups("g.jsonl"), "metric:chrf")


def test_somebody_has_to_judge(dragoman: Program, capsys: pytest.CaptureFixture[str]) -> None:
    write("g.jsonl", [row("a", [1, 2])])
    assert dragoman("evaluate", "ranking", "g.jsonl") == 2
    assert "say who judges" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (("--json", "g.jsonl"), "g.jsonl is read or written already"),
        (("--html", "v.jsonl"), "v.jsonl is read or written already"),
        (("--json", "o", "--latex", "./o"), "./o is read or written already"),
        (("--markdown", "there/is/none.md"), "none.md: there is no folder"),
    ],
)
def test_reports_replace_nothing_that_is_read(
    flags: Sequence[str], message: str, dragoman: Program, capsys: pytest.CaptureFixture[str]
) -> None:
    write("g.jsonl", [row("a", [1, 2])])
    write("v.jsonl", [{"id": "a", "scores": [1, 2]}])
    before = Path("g.jsonl").read_text()
    assert dragoman("evaluate", "ranking", "g.jsonl", "--verdicts", "v.jsonl", *flags) == 2
    assert message in capsys.readouterr().err
    assert Path("g.jsonl").read_text() == before
    assert not Path("o").exists()


def test_failures_are_counted_and_in_no_figure(tmp_path: Path) -> None:
    groups = read_human_groups(
        write(tmp_path / "g.jsonl", [row("a", [1, 2]), row("b", [2, 1]), row("c", [2, 1])])
    )
    said = [Said((1, 2)), Said(None, "no-scores"), Said(None, "no-scores")]
    report = judge_report(groups, said)
    assert (report["groups"], report["unjudged"], report["ranking_acc"]) == (1, 2, 1)
    assert report["parse_rate"] == pytest.approx(1 / 3)
    assert report["unjudged_reasons"] == {"no-scores": 2}
    assert report["baselines"]["all_tied"]["groups"] == 1
    nothing = judge_report(groups, [Said(None, "no-scores")] * 3)
    assert (nothing["ranking_acc"], nothing["parse_rate"]) == (None, 0)
    assert "–" in summary(nothing).rows[0]
    json.dumps(nothing, allow_nan=False)


def test_people_who_tie_everything(tmp_path: Path) -> None:
    groups = read_human_groups(write(tmp_path / "g.jsonl", [row("a", [1, 1]), row("b", [3, 3])]))
    report = judge_report(groups, [Said((1, 2)), Said((4, 4))])
    assert (report["all_tied_groups"], report["ranking_acc"]) == (2, 0.5)
    assert report["kendall_b_items_used"] == 0
    assert report["baselines"]["random_expected"]["ranking_acc"] == 0
    json.dumps(report, allow_nan=False)


def test_a_judge_is_run_and_resumed(dragoman: Program, capsys: pytest.CaptureFixture[str]) -> None:
    write("g.jsonl", [row(str(n), [1, 2, 3], doc_id=str(n % 3)) for n in range(6)])
    rules = [
        {"reply": "Well.\n\n### Final Ranking:\n\nC > A = B\n\n### Scores:\n\nC: 9, A: 4, B: 4"}
    ]
    write("rules.jsonl", rules)
    call = (
        "evaluate",
        "ranking",
        "g.jsonl",
        "--engine",
        "scripted:rules.jsonl",
        "--json",
        "o.json",
    )
    assert dragoman(*call, "--pairs", "p.jsonl", "--markdown", "o.md", "--latex", "o.tex") == 0
    told = capsys.readouterr()
    assert "6 calls" in told.err
    assert "0 unjudged" in told.out
    report = json.loads(Path("o.json").read_text())
    assert report["ranking_acc"] == pytest.approx(2 / 3)
    assert report["acc_half"] == pytest.approx(2.5 / 3)
    assert report["documents"] == 3
    assert "engine:scripted" in report["judge"][0]
    assert [part["part"] for part in report["breakdowns"]["group_size"]] == ["3"]
    pairs = [json.loads(line) for line in Path("p.jsonl").read_text().splitlines()]
    assert len(pairs) == 18
    assert pairs[0] == {
        "id": "0", "first": 0, "second": 1, "human": "<", "judge": "=", "right": False,
        "human_gap": -1, "judge_gap": 0,
    }  # fmt: skip
    assert Path("o.md").read_text().startswith("|  | accuracy |")
    assert dragoman(*call) == 0
    assert "0 calls" in capsys.readouterr().err


def test_two_judges(dragoman: Program, capsys: pytest.CaptureFixture[str]) -> None:
    names = [str(n) for n in range(20)]
    write("g.jsonl", [row(name, [1, 2]) for name in names])
    write("good.jsonl", [{"id": name, "scores": [1, 2]} for name in names])
    failed = {"status": "failed", "reason": "no-scores: none"}
    poor = [{"id": name, "ranking": "A > B"} for name in names[:15]]
    write("poor.jsonl", poor + [{"id": name, **failed} for name in names[15:]])
    call = ("evaluate", "ranking", "g.jsonl", "--verdicts", "good.jsonl", "--against", "poor.jsonl")
    assert dragoman(*call, "--json", "o.json") == 0
    against = json.loads(Path("o.json").read_text())["against"]
    assert (against["groups"], against["unjudged"]) == (15, 5)
    assert against["ranking_acc"]["difference"] == 1
    assert against["ranking_acc"]["interval"] == [1, 1]
    assert against["ranking_acc"]["p"] < 0.01
    assert "on 15 groups that both judged" in capsys.readouterr().out
    assert dragoman(*call[:-1], "good.jsonl", "--json", "o.json") == 0
    assert json.loads(Path("o.json").read_text())["against"]["ranking_acc"]["p"] == 1


def test_json_on_standard_output_is_all_there_is(
    dragoman: Program, capsys: pytest.CaptureFixture[str]
) -> None:
    write("g.jsonl", [row("a", [1, 2])])
    write("v.jsonl", [{"id": "a", "scores": [1, 2]}])
    assert dragoman("evaluate", "ranking", "g.jsonl", "--verdicts", "v.jsonl", "--json", "-") == 0
    assert json.loads(capsys.readouterr().out)["ranking_acc"] == 1


def test_noise_in_the_last_bits_makes_no_order(tmp_path: Path) -> None:
    groups = read_human_groups(write(tmp_path / "g.jsonl", [row("a", [1, 1])]))
    said = read_verdicts(
        write(tmp_path / "v.jsonl", [{"id": "a", "scores": [0.3, 0.1 + 0.2]}]), groups
    )
    assert judge_report(groups, said)["ranking_acc"] == 1


def test_tables_escape_what_they_hold() -> None:
    from dragoman.evaluation.tables import Table

    table = Table(("", "a_b"), (("x|y", "50 %"),))
    assert markdown(table).splitlines() == ["|  | a\\_b |", "| --- | --- |", "| x\\|y | 50 % |"]
    assert r"a\_b" in latex(table)
    assert r"50 \%" in latex(table)


def test_nothing_has_no_sign() -> None:
    assert number(-0.0001, (-0.0004, 0.25)) == "0.000 [0.000, 0.250]"
    assert number(-0.25) == "-0.250"
