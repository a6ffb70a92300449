"""Ranking from Python: the functions that scripts and notebooks call."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from tests.conftest import make_group

import dragoman
from dragoman import Group, Sampling, UserError, rank, rank_groups
from dragoman.engines.scripted import ScriptedEngine
from dragoman.judges.metric import MetricJudge
from dragoman.metrics import make_metric

GERMAN = {"source_lang": "de", "target_lang": "en"}


def hashing() -> ScriptedEngine:
    return ScriptedEngine(rules=[{"verdict": "hash"}])


def test_one_group_by_a_metric() -> None:
    candidates = ["Good night", "Good morning"]
    judgement = rank(
        "Guten Morgen", candidates, **GERMAN, reference="Good morning", judge="metric:chrf"
    )
    assert judgement.verdict is not None
    assert judgement.verdict.ranking.order == (1, 0)


async def test_it_works_inside_a_running_loop() -> None:
    assert rank("Hallo", ["Hello", "Hi"], **GERMAN, engine=hashing()).verdict is not None


def test_options_reach_the_judge() -> None:
    [judgement] = rank_groups(
        [make_group("a", "b", "c")],
        engine=hashing(),
        permute="balanced",
        votes=2,
        slots=2,
        reading="lenient",
        retries=0,
        sampling=Sampling(temperature=0.7),
        concurrency=1,
    )
    assert judgement.failure is None
    for field in ("permute:balanced", "votes:2", "slots:2", "reading:lenient", "retries:0"):
        assert field in judgement.signature


def test_many_groups_come_back_in_order() -> None:
    groups = [make_group(f"text {i}", "other", id=str(i)) for i in range(50)]
    judgements = rank_groups(groups, engine=hashing(), concurrency=7)
    assert [j.group.segment.id for j in judgements] == [str(i) for i in range(50)]


def test_an_error_midway_is_raised_as_it_is() -> None:
    def broken() -> Iterator[Group]:
        yield make_group("a", "b")
        raise RuntimeError("the source broke")

    with pytest.raises(RuntimeError, match="the source broke"):
        rank_groups(broken(), engine=hashing())


@pytest.mark.parametrize("candidates", ["abc", [], ()])
def test_candidates_are_a_list_of_texts(candidates: object) -> None:
    with pytest.raises(UserError, match="a list of at least one translation"):
        rank("x", candidates, **GERMAN, judge="metric:chrf")  # type: ignore[arg-type]


def test_a_ready_made_judge_takes_no_options_of_its_own() -> None:
    judge = MetricJudge(make_metric("chrf"))
    group = make_group("a", "b", reference="a")
    assert rank_groups([group], judge=judge)[0].verdict is not None
    with pytest.raises(UserError, match="has its engine, format and wrappers already"):
        rank_groups([group], judge=judge, permute="all")


def test_notebooks_complete_the_names() -> None:
    assert {"rank", "Asker", "make_judge"} <= set(dir(dragoman))
