"""`dragoman data annotate`: scores, analyses, confidence; resumed, bounded, never made up."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from tests.conftest import make_group
from tests.data import data, rows_of, run
from tests.training import gold_rows, write_rows

from dragoman.asking import Asker, Patience
from dragoman.data.annotate import Annotator
from dragoman.engines.made_up import find_candidates
from dragoman.engines.scripted import ScriptedEngine
from dragoman.errors import UserError
from dragoman.judges import make_judge
from dragoman.types import Prompt, Sampling

GROUP = make_group("good", "bad", "worse", id="1")
WORTH = {"good": 9, "bad": 5, "worse": 2}


def reply(scores: list[int]) -> str:
    order = sorted(range(len(scores)), key=lambda i: -scores[i])
    ranking = " > ".join("ABCD"[i] for i in order)
    listed = ", ".join(f"{'ABCD'[i]}: {scores[i]}" for i in order)
    return f"A is first.\n\n### Final Ranking:\n\n{ranking}\n\n### Scores:\n\n{listed}\n"


def sees_texts(prompt: Prompt, sampling: Sampling) -> str:
    return reply([WORTH[text] for text in find_candidates(prompt.text)])


def sees_slots(prompt: Prompt, sampling: Sampling) -> str:
    return reply([9, 5, 2][: len(find_candidates(prompt.text))])


def annotator(answer: Any, orders: int = 2) -> Annotator:
    asker = Asker(ScriptedEngine.answering(answer), patience=Patience(0))
    return Annotator(make_judge("group", asker), orders)


async def said(answer: Any, orders: int = 2) -> dict[str, Any]:
    record = await annotator(answer, orders).annotate(GROUP)
    return json.loads(record.line)


async def test_a_judge_that_sees_texts_is_sure() -> None:
    row = await said(sees_texts, orders=6)
    assert (row["status"], row["scores"], row["confidence"]) == ("ok", [9, 5, 2], 1)
    assert row["analysis"] == "A is first."
    assert row["candidates"] == [{"text": "good"}, {"text": "bad"}, {"text": "worse"}]


async def test_a_judge_that_sees_slots_is_not() -> None:
    row = await said(sees_slots, orders=6)
    assert row["scores"] == [9, 5, 2]
    # Of all six orders, one says of a pair what two fifths of the others say: three of five
    # have it the other way.
    assert row["confidence"] == pytest.approx(2 / 5)


async def test_one_order_gives_no_confidence() -> None:
    assert (await said(sees_texts, orders=1))["confidence"] is None


async def test_what_cannot_be_read_is_not_annotated_and_not_guessed() -> None:
    row = await said(lambda prompt, sampling: "I like them all.")
    assert (row["status"], row["scores"]) == ("failed", None)
    assert "analysis" not in row
    assert row["reason"].startswith("bad-scores")


async def test_another_order_that_cannot_be_read_is_left_out() -> None:
    def once(prompt: Prompt, sampling: Sampling) -> str:
        own = find_candidates(prompt.text) == ["good", "bad", "worse"]
        return sees_texts(prompt, sampling) if own else "nothing"

    row = await said(once, orders=3)
    assert (row["status"], row["scores"], row["confidence"]) == ("ok", [9, 5, 2], None)


async def test_the_groups_own_order_must_be_read() -> None:
    def others(prompt: Prompt, sampling: Sampling) -> str:
        own = find_candidates(prompt.text) == ["good", "bad", "worse"]
        return "nothing" if own else sees_texts(prompt, sampling)

    assert (await said(others, orders=3))["status"] == "failed"


async def test_one_text_leaves_nothing_to_compare() -> None:
    record = await annotator(sees_texts).annotate(make_group("same", "same"))
    assert record.failed == "nothing-to-compare"


async def test_a_judge_without_scores_annotates_nothing() -> None:
    asker = Asker(ScriptedEngine(rules=[{"reply": "Well.\n\n### Final Ranking:\n\nA > B > C"}]))
    record = await Annotator(make_judge("group", asker, format="gqm-ranking")).annotate(GROUP)
    assert record.failed == "no-scores"


async def test_a_pointwise_judge_has_an_analysis_for_each() -> None:
    def alone(prompt: Prompt, sampling: Sampling) -> str:
        (text,) = re.findall("Translation text:\n```\n(.*)\n", prompt.text)
        return f"On {text}.\n\n{WORTH[text] - (sampling.seed > 0 and text == 'good') * 5}"

    asker = Asker(ScriptedEngine.answering(alone), Sampling(temperature=1))
    judge = make_judge("pointwise", asker)
    row = json.loads((await Annotator(judge, 2, alone=True).annotate(GROUP)).line)
    assert row["scores"] == [9, 5, 2]
    assert row["analyses"] == ["On good.", "On bad.", "On worse."]
    # Asked again, `good` falls to 4: its pair with `bad` turns round, the other two stay.
    assert row["confidence"] == pytest.approx(2 / 3)


async def test_a_second_opinion_that_cannot_be_read_is_none() -> None:
    def alone(prompt: Prompt, sampling: Sampling) -> str:
        (text,) = re.findall("Translation text:\n```\n(.*)\n", prompt.text)
        return "Hm." if sampling.seed and text == "bad" else f"On {text}.\n\n{WORTH[text]}"

    engine = ScriptedEngine.answering(alone)
    judge = make_judge("pointwise", Asker(engine, Sampling(temperature=1), Patience(0)))
    row = json.loads((await Annotator(judge, 2, alone=True).annotate(GROUP)).line)
    assert (row["status"], row["scores"], row["confidence"]) == ("ok", [9, 5, 2], None)


async def test_a_group_that_is_tried_again_is_asked_other_questions() -> None:
    seeds: list[int] = []

    def alone(prompt: Prompt, sampling: Sampling) -> str:
        seeds.append(sampling.seed)
        return "On it.\n\n5"

    judge = make_judge("pointwise", Asker(ScriptedEngine.answering(alone), Sampling(temperature=1)))
    for tries in (0, 1):
        await Annotator(judge, 2, alone=True).annotate(GROUP, tries)
    assert len(seeds) == 12
    assert not {*seeds[:6]} & {*seeds[6:]}


def test_there_is_at_least_one_order() -> None:
    with pytest.raises(UserError, match="at least one"):
        annotator(sees_texts, orders=0)


@pytest.fixture
def script(tmp_path: Path) -> list[str]:
    rules = [{"verdict": "hash", "log": str(tmp_path / "calls")}]
    return ["--engine", f"scripted:{write_rows(tmp_path / 'rules.jsonl', rules)}"]


def groups(count: int) -> list[dict[str, Any]]:
    return [{**row, "source": f"Satz {i}"} for i, row in enumerate(gold_rows(count))]


def test_the_budget_stops_it_and_the_ledger_goes_on(tmp_path: Path, script: list[str]) -> None:
    assert data(tmp_path, "annotate", groups(9), *script, "--max-calls", "7") == []
    assert not (tmp_path / "out.jsonl.provenance.json").exists()
    rows = data(tmp_path, "annotate", tmp_path / "in.jsonl", *script)
    assert [row["id"] for row in rows] == [str(i) for i in range(9)]
    assert all(row["confidence"] == 1 for row in rows)
    calls = (tmp_path / "calls").read_text().splitlines()
    assert len(calls) == len(set(calls)) == 18
    told = json.loads((tmp_path / "out.jsonl.provenance.json").read_text())
    assert told["rows"]["read"] == told["rows"]["written"] == 9


def test_the_same_bytes_however_many_at_once(tmp_path: Path, script: list[str]) -> None:
    outputs = ("one.jsonl", "many.jsonl")
    for output, at_once in zip(outputs, ("1", "16"), strict=True):
        flags = (*script, "--concurrency", at_once, "--orders", "3")
        assert len(data(tmp_path, "annotate", groups(40), *flags, output=output)) == 40
    one, many = ((tmp_path / output).read_bytes() for output in outputs)
    assert one == many


def test_annotations_become_lessons(tmp_path: Path, script: list[str]) -> None:
    data(tmp_path, "annotate", groups(4), *script, output="annotated.jsonl")
    lessons = data(tmp_path, "gqm", "sft", tmp_path / "annotated.jsonl")
    assert len(lessons) == 4
    assert all("### Scores:" in lesson["response"] for lesson in lessons)


def test_failures_stand_in_the_output_and_in_the_sidecar(tmp_path: Path) -> None:
    rules = write_rows(tmp_path / "rules.jsonl", [{"reply": "no"}])
    rows = data(tmp_path, "annotate", groups(2), "--engine", f"scripted:{rules}")
    assert [row["status"] for row in rows] == ["failed", "failed"]
    told = json.loads((tmp_path / "out.jsonl.provenance.json").read_text())
    assert (told["rows"]["written"], sum(told["rows"]["notes"].values())) == (2, 2)


@pytest.mark.parametrize(
    ("flags", "complaint"),
    [
        (["--votes", "2"], "give --orders instead"),
        (["--judge", "pointwise"], "says the same again at temperature 0"),
        (["--orders", "0"], "at least one"),
    ],
)
def test_flags_that_make_no_sense(
    tmp_path: Path,
    script: list[str],
    flags: list[str],
    complaint: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert data(tmp_path, "annotate", groups(1), *script, *flags) == []
    assert complaint in capsys.readouterr().err


def test_a_metric_annotates_without_an_engine(tmp_path: Path) -> None:
    rows = [{**row, "reference": "Good morning"} for row in groups(2)]
    (one, _) = data(tmp_path, "annotate", rows, "--judge", "metric:chrf")
    assert one["scores"][0] == 100
    assert one["confidence"] is None


def test_a_bad_row_is_found_before_any_call(tmp_path: Path, script: list[str]) -> None:
    file = write_rows(tmp_path / "g.jsonl", [*groups(3), {"id": "x"}])
    assert run("data", "annotate", str(file), "-o", str(tmp_path / "out.jsonl"), *script) == 2
    assert not (tmp_path / "calls").exists()
    assert rows_of((tmp_path / "g.jsonl").read_text())[3] == {"id": "x"}
