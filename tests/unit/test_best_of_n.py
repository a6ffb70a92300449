"""Choosing among samples by a judge."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pytest

from dragoman.asking import Asker, Patience
from dragoman.cli import main
from dragoman.engines.scripted import ScriptedEngine
from dragoman.errors import UserError
from dragoman.judges import Judge, make_judge
from dragoman.translators import make_translator
from dragoman.translators.best_of_n import BestOfTranslator, best_first
from dragoman.translators.sample import SampleTranslator
from dragoman.translators.translation_line import translation_row
from dragoman.types import (
    Failure,
    Group,
    Judgement,
    Prompt,
    Ranking,
    Sampling,
    Segment,
    Usage,
    Verdict,
)

SEGMENT = Segment("s", "Guten Morgen", "de", "en", "Good morning")
WARM = Sampling(temperature=0.7)
DRAWN = ("Good night", "Morning", "Good morning", "Morning")


def asker(texts: Sequence[str]) -> Asker:
    """Answers the draws with these texts, one after another; an empty one cannot be read."""

    def answer(prompt: Prompt, sampling: Sampling) -> str:
        text = texts[sampling.seed // 1000]
        return f"Well.\n\n```\n{text}\n```" if text else "no block"

    return Asker(ScriptedEngine.answering(answer), WARM, Patience(0))


def chooser(texts: Sequence[str], judge: Judge, **options: Any) -> BestOfTranslator:
    made = make_translator("best-of-n", asker(texts), samples=len(texts), judge=judge, **options)
    assert isinstance(made, BestOfTranslator)
    return made


class Fixed:
    """Says the same of every group, or nothing at all, and remembers the groups."""

    fields: Mapping[str, object] = MappingProxyType({"judge": "fixed", "temp": 0.5})

    def __init__(self, *tiers: tuple[int, ...]):
        self.tiers, self.seen = tiers, list[tuple[Group, int]]()

    async def judge(self, group: Group, draw: int = 0) -> Judgement:
        self.seen.append((group, draw))
        verdict = Verdict(Ranking(self.tiers), analysis="So.") if self.tiers else None
        failure = None if verdict else Failure("bad-scores", "no score")
        return Judgement(group, verdict, failure, ("reply",), "judge:fixed|seen:yes", Usage(2))


async def test_the_judge_sees_each_text_once_and_its_first_is_the_translation() -> None:
    judge = Fixed((2,), (0,), (1,))
    translation = await chooser(DRAWN, judge).translate(SEGMENT)
    ((group, draw),) = judge.seen
    assert [c.text for c in group.candidates] == ["Good night", "Morning", "Good morning"]
    assert draw == 0
    assert translation.texts == ("Good morning", "Good night", "Morning")
    assert translation.usage.calls == 4 + 2
    assert translation.replies[-1] == "reply"
    details = translation.details
    assert details["candidates"] == ["Good night", "Morning", "Good morning"]
    assert (details["drawn"], details["chosen"]) == ([1, 2, 1], 2)
    assert details["judgement"]["order"] == [2, 0, 1]
    assert details["judgement"]["analysis"] == "So."
    assert "tied" not in details


async def test_the_signature_names_translator_and_judge_and_what_it_saw() -> None:
    made = chooser(DRAWN, Fixed((0, 1, 2)))
    translation = await made.translate(SEGMENT)
    assert "translator:best-of-n|samples:4|format:codeblock-think.1" in translation.signature
    assert "|temp:0.7|" in translation.signature
    assert "|unjudged:fail|judge:fixed|judge_seen:yes|version:" in translation.signature
    assert made.fields["judge_temp"] == 0.5


async def test_of_texts_that_tie_the_one_drawn_most_often_is_taken() -> None:
    translation = await chooser(DRAWN, Fixed((0, 1), (2,))).translate(SEGMENT)
    assert translation.texts == ("Morning", "Good night", "Good morning")
    assert translation.details["tied"] == [0, 1]
    assert best_first(Verdict(Ranking(((0, 2), (1, 3)))), [1, 2, 1, 3]) == ([0, 2, 3, 1], [0, 2])


async def test_without_a_verdict_there_is_no_translation() -> None:
    translation = await chooser(DRAWN, Fixed()).translate(SEGMENT)
    assert translation.texts == ()
    assert translation.failure == Failure("unjudged", "bad-scores: no score")
    row = translation_row(translation)
    assert (row["status"], row["translation"]) == ("failed", None)
    assert row["details"]["judgement"]["status"] == "failed"
    assert len(row["details"]["candidates"]) == 3


async def test_the_first_sample_is_taken_only_if_asked_for_and_never_in_silence() -> None:
    translation = await chooser(DRAWN, Fixed(), unjudged="first").translate(SEGMENT)
    assert translation.failure is None
    assert translation.texts[0] == "Good night"
    assert "bad-scores: no score" in translation.details["warnings"]["unjudged"]
    assert "unjudged:first" in translation.signature


async def test_lost_samples_are_not_judged() -> None:
    judge = Fixed((1,), (0,))
    translation = await chooser(("", "a", "b", ""), judge).translate(SEGMENT)
    assert translation.texts == ("b", "a")
    assert translation.details["lost"] == {"no-block": 2}
    unread = await chooser(("", ""), judge).translate(SEGMENT)
    assert unread.failure
    assert unread.failure.reason == "no-block"
    assert len(judge.seen) == 1


async def test_another_draw_is_judged_anew() -> None:
    judge = Fixed((0,), (1,))
    sampler = SampleTranslator(asker(("a", "b", "c", "d")), chooser(DRAWN, judge).sampler.format, 2)
    await BestOfTranslator(sampler, judge).translate(SEGMENT, draw=1)
    assert [c.text for c in judge.seen[-1][0].candidates] == ["c", "d"]
    assert judge.seen[-1][1] == 1


async def test_a_metric_with_a_reference_judges_too() -> None:
    translation = await chooser(DRAWN, make_judge("metric:chrf")).translate(SEGMENT)
    assert translation.texts[0] == "Good morning"
    assert translation.details["judgement"]["scores"][2] == 100
    assert "judge:metric|judge_metric:chrf" in translation.signature


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"samples": 1, "judge": Fixed((0,))}, "--samples 8"),
        ({"samples": 2}, "best-of-n wants a judge"),
        ({"name": "sample", "judge": Fixed((0,))}, "asks no judge"),
    ],
)
def test_what_no_chooser_can_be_made_of(options: dict[str, Any], message: str) -> None:
    with pytest.raises(UserError, match=message):
        make_translator(**{"name": "best-of-n", "asker": asker(DRAWN), **options})


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Three segments; a translator that knows two ways to say each, and a judge."""
    rows = [
        {"id": f"{i}", "src_lang": "de", "tgt_lang": "en", "source": f"Satz {i}"} for i in range(3)
    ]
    write_rows(tmp_path / "segments.jsonl", rows)
    ways = [f"```\n{text}\n```" for text in ("One way", "The other way")]
    write_rows(tmp_path / "translator.jsonl", [{"replies": ways, "log": "translator.log"}])
    score = {"reply": "### Final Ranking:\n\nB > A\n\n### Scores:\n\nB: 9, A: 4"}
    write_rows(
        tmp_path / "judge.jsonl",
        [{"contains": "Satz 1", "reply": "Hm."}, {**score, "log": "judge.log"}],
    )
    monkeypatch.chdir(tmp_path)
    return tmp_path


def write_rows(file: Path, rows: list[dict[str, Any]]) -> None:
    file.write_text("".join(json.dumps(row) + "\n" for row in rows))


def dragoman(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> int:
    monkeypatch.setattr(sys, "argv", ["dragoman", "translate", *arguments])
    with pytest.raises(SystemExit) as exit:
        main()
    return int(exit.value.code or 0)


FILE = (
    *("segments.jsonl", "-o", "out.jsonl", "--engine", "scripted:translator.jsonl"),
    *("--translator", "best-of-n", "-n", "6", "--temperature", "1"),
    *("--judge", "group", "--judge-engine", "scripted:judge.jsonl", "--no-guards"),
)


def test_a_file_is_chosen_from_by_a_judge_with_an_engine_of_its_own(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert dragoman(monkeypatch, *FILE) == 0
    told = capsys.readouterr().err
    assert "3 of 3 segments · 1 untranslated (unjudged 1)" in told
    rows = [json.loads(line) for line in (folder / "out.jsonl").read_text().splitlines()]
    assert [row["status"] for row in rows] == ["ok", "failed", "ok"]
    for row in rows[::2]:
        assert row["translation"] == row["details"]["candidates"][1]
    assert "judge_engine:scripted@" in rows[0]["signature"]
    translated = len((folder / "translator.log").read_text().splitlines())
    judged = len((folder / "judge.log").read_text().splitlines())
    assert (translated, judged) == (18, 2)
    # Both engines are on one meter: the third judgement took three calls.
    assert f"{18 + 2 + 3} calls" in told


def test_the_first_sample_may_be_asked_for_and_is_counted(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for _ in range(2):
        assert dragoman(monkeypatch, *FILE, "--unjudged", "first") == 0
        assert "warnings: unjudged 1" in capsys.readouterr().err
    rows = [json.loads(line) for line in (folder / "out.jsonl").read_text().splitlines()]
    assert "unjudged" in rows[1]["details"]["warnings"]


def test_the_judge_is_named_before_its_options(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    flags = [*FILE[:9], "--temperature", "1", "--votes", "2"]
    assert dragoman(monkeypatch, *flags) == 2
    assert "say who judges" in capsys.readouterr().err
