"""`dragoman benchmark`: what it makes of checkouts, and what it refuses in them."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests import checkouts
from tests.checkouts import rating
from tests.evaluating import Program, dragoman

from dragoman.benchmarks import BENCHMARKS
from dragoman.benchmarks.mqm import weight
from dragoman.benchmarks.rated import Rated, fewer
from dragoman.errors import UserError
from dragoman.evaluation.groups import read_human_groups
from dragoman.evaluation.translations import read_referenced
from dragoman.types import Segment

__all__ = ["dragoman"]


def prepare(program: Program, name: str, *more: str) -> int:
    return program("benchmark", "prepare", name, "--repo", "repo", "-o", "out", *more)


def groups(name: str, repo: Path = Path("repo"), **options: Any) -> list[dict[str, Any]]:
    return [one.row for one in BENCHMARKS[name].read(repo, **options)]


def scores(row: dict[str, Any]) -> dict[str, float]:
    systems = [candidate["system"] for candidate in row["candidates"]]
    return dict(zip(systems, row["human_scores"], strict=True))


def test_an_evalset(dragoman: Program, capsys: pytest.CaptureFixture[str]) -> None:
    checkouts.evalset(Path("repo"))
    assert prepare(dragoman, "evalset") == 0
    told = capsys.readouterr().err
    assert "licence: that of the test set" in told
    assert "en-de: 2 groups, 5 candidates" in told
    first, last = read_human_groups("out/evalset.en-de.jsonl")
    assert [candidate.system for candidate in first.group.candidates] == ["X", "Y", "Z"]
    assert [candidate.text for candidate in last.group.candidates] == ["X 3", "Y 3"]
    assert (first.scores, last.scores) == ((-1, -2.5, 0), (-5.1, 0))
    assert (first.group.segment.reference, last.document) == ("eins", "d2")
    assert last.id == "repo.en-de.3"


def test_other_scores_of_an_evalset(dragoman: Program, capsys: pytest.CaptureFixture[str]) -> None:
    checkouts.evalset(Path("repo"))
    assert prepare(dragoman, "evalset", "--scores", "esa") == 2
    assert "no esa scores of segments; there are mqm" in capsys.readouterr().err
    assert prepare(dragoman, "wmt23-mqm", "--scores", "esa") == 2
    assert "--scores is for evalset; not for wmt23-mqm" in capsys.readouterr().err


BROKEN = {
    "short output": ("system-outputs/en-de/X.txt", "a\nb\n", "X.txt: 2 lines for 3 segments"),
    "short reference": ("references/en-de.refA.txt", "a\n", "refA.txt: 1 lines for 3 segments"),
    "short scores": ("human-scores/en-de.mqm.seg.score", "X\t1\n", "X has 1 scores for 3"),
    "long scores": ("human-scores/en-de.mqm.seg.score", "X\t1\n" * 4, "score:4: X has more"),
    "no number": ("human-scores/en-de.mqm.seg.score", "X\tgood\n", "score:1: 'good' is no score"),
    "NaN": ("human-scores/en-de.mqm.seg.score", "X\tnan\n", "score:1: 'nan' is no score"),
    "stranger": ("human-scores/en-de.mqm.seg.score", "Q\t1\n", "a score of Q, which has no"),
    "documents": ("documents/en-de.docs", "d1\nd1\nd1\n", "docs:1: 1 cells, not a domain"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_files_that_do_not_fit_are_refused(
    name: str, dragoman: Program, capsys: pytest.CaptureFixture[str]
) -> None:
    file, text, message = BROKEN[name]
    (checkouts.evalset(Path("repo")) / file).write_text(text)
    assert prepare(dragoman, "evalset") == 2
    assert message in capsys.readouterr().err
    assert not Path("out").exists()


def test_weights_of_errors() -> None:
    assert weight("Accuracy/Mistranslation", "Major") == 5
    assert weight("Style/Awkward", "Minor") == 1
    assert weight("Fluency/Punctuation", "Minor") == 0.1
    assert weight("Fluency/Punctuation", "Major") == 5
    assert weight("Non-translation!", "Major") == 25
    assert weight("No-error", "No-error") == weight("HOTW-test", "HOTW-test") == 0


def test_ratings_side_by_side(tmp_path: Path) -> None:
    ende = [
        rating("X_with_refA", 1, "r1", "Style/Awkward", "Minor"),
        rating("X_with_refA", 1, "r1", "Accuracy/Addition", "Major", target="<v>X</v> t"),
        rating("X_with_Y", 1, "r1", "No-error", "No-error"),
        rating("Y", 1, "r2", "Fluency/Punctuation", "Minor"),
        rating("refA", 1, "r2", "No-error", "No-error"),
        rating("Y", 2, "r2", "No-error", "No-error"),
    ]
    repo = checkouts.side_by_side(tmp_path, {"ende": ende, "zhen": []})
    (row,) = groups("wmt23-mqm-sxs", repo)
    assert scores(row) == {"X": -3, "Y": -0.1}
    assert [candidate["text"] for candidate in row["candidates"]] == ["X t", "Y t"]
    assert (row["source"], row["reference"]) == ("a b", "refA t")
    assert (row["doc_id"], row["domain"]) == ("site.1", "news")


def test_tables_without_their_columns_are_refused(tmp_path: Path) -> None:
    for pair in ("zhen", "ende"):
        checkouts.lines(tmp_path / f"ted/{pair}/mqm_ted_{pair}.tsv", ["system\tdoc"])
    with pytest.raises(UserError, match=r"mqm_ted_zhen.tsv:1: no column is called 'category'"):
        groups("ted21-mqm", tmp_path)
    with pytest.raises(UserError, match="cannot read"):
        groups("wmt23-mqm-sxs", tmp_path)


def test_annotators_of_the_biomedical_set(tmp_path: Path) -> None:
    (row,) = groups("bio21-mqm", checkouts.biomedical(tmp_path))
    assert scores(row) == {"A": -0.55, "B": -15}
    assert row["reference"] == "eight questions"
    assert (row["src_lang"], row["tgt_lang"], row["doc_id"]) == ("de", "en", "doc1")


def esa(system: str, line: int, score: int, *, who: str = "a", kind: str = "TGT",
        document: str = "d1", ended: float = 1) -> str:  # fmt: skip
    return f'{who},{system},{line},{kind},eng,jpn,{score},{document},False,"[{{}}, {{}}]",0,{ended}'


def test_latest_answers_of_annotators(tmp_path: Path) -> None:
    ratings = [
        esa("X", 1, 80, ended=5), esa("X", 1, 20, ended=3), esa("X", 1, 90, who="b"),
        esa("Y", 1, 50), esa("Y", 1, 0, kind="BAD"), esa("Y", 1, 0, document="d1#dup"),
        esa("ende-tutorial1", 1, 0), esa("X", 2, 70),
    ]  # fmt: skip
    (row,) = groups("wmt24-esa", checkouts.wmt24(tmp_path, ratings))
    assert scores(row) == {"X": 85, "Y": 50}
    assert [candidate["text"] for candidate in row["candidates"]] == ["X1", "Y1"]
    assert (row["source"], row["reference"], row["tgt_lang"]) == ("one", "ichi", "ja")
    with pytest.raises(UserError, match="segment 3, of 3"):
        groups("wmt24-esa", checkouts.wmt24(tmp_path, [esa("X", 3, 70)]))
    with pytest.raises(UserError, match=r"wave2.csv:1: cannot be read"):
        groups("wmt24-esa", checkouts.wmt24(tmp_path, [esa("X", 1, 70).replace("eng", "qqq")]))


def test_a_test_set_has_no_line_that_marks_it(dragoman: Program) -> None:
    checkouts.wmt24(Path("repo"), [])
    assert prepare(dragoman, "wmt24") == 1
    segments = read_referenced("out/wmt24.en-ja.jsonl")
    assert [(one.source, one.reference) for one in segments] == [("one", "ichi"), ("two", "ni")]


def test_counts_that_differ_are_told(dragoman: Program, capsys: pytest.CaptureFixture[str]) -> None:
    checkouts.seedx(Path("repo"))
    assert prepare(dragoman, "seedx-human") == 1
    told = capsys.readouterr().err
    assert "licence: OpenMDW-1.0" in told
    assert "zh-es: 2 groups, 7 candidates; expected 100 and 400: another revision" in told
    assert prepare(dragoman, "seedx-human") == 2
    assert "seedx-human.en-de.jsonl is there already" in capsys.readouterr().err
    assert prepare(dragoman, "seedx-human", "--overwrite", "--candidates", "2") == 1
    assert all(len(one.group) == 2 for one in read_human_groups("out/seedx-human.en-de.jsonl"))


def test_points_to_look_out_for(dragoman: Program) -> None:
    checkouts.seedx(Path("repo"))
    assert prepare(dragoman, "seedx-challenge") == 1
    (segment,) = read_referenced("out/seedx-challenge.en-zh.jsonl")
    assert (segment.reference, segment.comment) == ("你好", "1. hi")
    assert json.loads(Path("out/seedx-challenge.en-zh.jsonl").read_text())["style"] == "plain"


@pytest.mark.parametrize(
    ("name", "flags", "message"),
    [
        ("wmt99", (), "no benchmark is called 'wmt99'; there are wmt23-mqm"),
        ("wmt24", ("--candidates", "4"), "wmt24 has no groups"),
        ("wmt24-esa", ("--candidates", "1"), "wants at least 2"),
        ("bio21-mqm", (), "no language pairs; is this a checkout"),
        ("wmt24", (), "no segments in it; is it whole?"),
    ],
)
def test_what_cannot_be_made(
    name: str,
    flags: tuple[str, ...],
    message: str,
    dragoman: Program,
    capsys: pytest.CaptureFixture[str],
) -> None:
    Path("repo").mkdir()
    assert prepare(dragoman, name, *flags) == 2
    assert message in capsys.readouterr().err


def test_benchmarks_are_listed_with_their_licences(
    dragoman: Program, capsys: pytest.CaptureFixture[str]
) -> None:
    assert dragoman("benchmark", "list") == 0
    told = capsys.readouterr().out
    for benchmark in BENCHMARKS.values():
        assert benchmark.licence in told
    assert dragoman("benchmark", "prepare", "wmt24", "--repo", "none", "-o", "out") == 2
    assert "git clone https://github.com/wmt-conference/wmt24" in capsys.readouterr().err


@given(
    st.lists(st.tuples(st.sampled_from("abcde"), st.integers(0, 3)), min_size=2, max_size=9),
    st.integers(2, 5),
    st.integers(0, 99),
)
def test_smaller_groups(told: list[tuple[str, int]], most: int, seed: int) -> None:
    texts, numbers = zip(*told, strict=True)
    systems = tuple(f"s{place}" for place in range(len(told)))
    segment = Segment("1", "x", "en", "de")
    group = Rated(segment, "d", None, systems, texts, tuple(map(float, numbers)))
    drawn = fewer(group, most, random.Random(seed))
    means = {text: sum(n for t, n in told if t == text) / texts.count(text) for text in {*texts}}
    if len({round(mean, 6) for mean in means.values()}) < 2:
        assert drawn is None
        return
    assert drawn
    assert 2 <= len(drawn.texts) <= most
    assert len({*drawn.texts}) == len(drawn.texts)
    assert len({*drawn.scores}) > 1
    for system, text, score in zip(drawn.systems, drawn.texts, drawn.scores, strict=True):
        assert score == pytest.approx(means[text])
        assert len(system.split("+")) == texts.count(text)
