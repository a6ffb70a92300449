"""`dragoman translate`, and the translator underneath."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pytest

from dragoman.asking import Asker
from dragoman.cli import main
from dragoman.cli.translate import translating
from dragoman.engines.scripted import ScriptedEngine
from dragoman.errors import UserError
from dragoman.translators import make_translator
from dragoman.translators.translation_line import translation_row
from dragoman.types import Failure, Prompt, Sampling, Segment, Translation

SEGMENT = Segment("s", "Guten Morgen", "de", "en")
WARM = Sampling(temperature=0.7)


def block(text: str) -> str:
    return f"A greeting.\n\n```\n{text}\n```"


def asker(reply: str, sampling: Sampling = Sampling()) -> Asker:
    """Asks an engine that always says this."""
    return Asker(ScriptedEngine(rules=[{"reply": reply}]), sampling)


async def test_one_sample_is_the_translation() -> None:
    translator = make_translator("sample", asker(block("Good morning")))
    translation = await translator.translate(SEGMENT)
    assert (translation.texts, translation.failure) == (("Good morning",), None)
    assert translation.usage.calls == 1
    row = translation_row(translation)
    assert list(row) == ["id", "status", "translation", "signature"]
    assert (row["status"], row["translation"]) == ("ok", "Good morning")
    assert "translator:sample|samples:1|format:codeblock-think.1" in row["signature"]


async def test_when_all_samples_are_lost_there_is_no_translation() -> None:
    translator = make_translator("sample", asker("no block", WARM), samples=2)
    translation = await translator.translate(SEGMENT)
    assert translation.texts == ()
    assert translation.failure
    assert translation.failure.reason == "no-block"
    assert translation.failure.detail.startswith("all 2 samples: ")
    row = translation_row(translation)
    assert (row["status"], row["translation"]) == ("failed", None)
    assert row["reason"].startswith("no-block: all 2")
    assert "samples" not in row


async def test_some_lost_samples_stand_in_the_details() -> None:
    def answer(prompt: Prompt, sampling: Sampling) -> str:
        return block(f"text {sampling.seed}") if sampling.seed < 1000 else "no block"

    some = Asker(ScriptedEngine.answering(answer), WARM)
    translation = await make_translator("sample", some, samples=3).translate(SEGMENT)
    assert translation.texts == ("text 0",)
    assert translation.details == {"lost": {"no-block": 2}}
    assert translation_row(translation)["details"] == {"lost": {"no-block": 2}}


async def test_another_draw_is_another_attempt() -> None:
    def answer(prompt: Prompt, sampling: Sampling) -> str:
        return block(f"text {sampling.seed}")

    translator = make_translator("sample", Asker(ScriptedEngine.answering(answer), WARM), samples=2)
    first, second = [await translator.translate(SEGMENT, draw) for draw in (0, 1)]
    assert len({*first.texts, *second.texts}) == 4


async def test_a_failed_segment_tried_again_is_another_draw() -> None:
    class Counting:
        fields: Mapping[str, object] = MappingProxyType({})

        async def translate(self, segment: Segment, draw: int = 0) -> Translation:
            return Translation(segment, (f"draw {draw}",), None)

    record = await translating(Counting())(SEGMENT, 2)
    assert json.loads(record.line)["translation"] == "draw 2"


@pytest.mark.parametrize(
    ("texts", "failure"), [((), None), (("a",), Failure("no-block"))], ids=["neither", "both"]
)
def test_a_translation_is_either_texts_or_a_failure(
    texts: tuple[str, ...], failure: Failure | None
) -> None:
    with pytest.raises(ValueError, match="either texts or a failure"):
        Translation(SEGMENT, texts, failure)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"samples": 0}, "at least one"),
        ({"samples": 2}, "temperature 0"),
        ({"format": "gqm"}, "gqm is about a group"),
        ({"name": "oracle"}, "no translator is called 'oracle'"),
    ],
)
def test_what_no_translator_can_be_made_of(options: dict[str, Any], message: str) -> None:
    with pytest.raises(UserError, match=message):
        make_translator(**{"name": "sample", "asker": asker("x"), **options})


Dragoman = Callable[..., tuple[int, str, str]]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Eight segments, and an engine that logs its calls and fails at one."""
    rows = [
        {"id": f"{i}", "src_lang": "de", "tgt_lang": "en", "source": f"Satz {i}"} for i in range(8)
    ]
    write_rows(tmp_path / "segments.jsonl", rows)
    rule = {"reply": block("Sentence"), "log": "calls.log", "delay": 0.05}
    write_rows(tmp_path / "rules.jsonl", [{"contains": "Satz 5", "reply": "Nothing."}, rule])
    monkeypatch.chdir(tmp_path)
    return tmp_path


def write_rows(file: Path, rows: list[dict[str, Any]]) -> None:
    file.write_text("".join(json.dumps(row) + "\n" for row in rows))


@pytest.fixture
def dragoman(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Dragoman:
    def run(*arguments: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["dragoman", "translate", *arguments])
        with pytest.raises(SystemExit) as exit:
            main()
        return (exit.value.code or 0, *capsys.readouterr())  # type: ignore[return-value]

    return run


ENGINE = ["--engine", "scripted:rules.jsonl"]
FILE = ["segments.jsonl", "-o", "out.jsonl", *ENGINE]


@pytest.mark.usefixtures("folder")
def test_a_text_is_translated_and_nothing_else_is_said(dragoman: Dragoman) -> None:
    told = dragoman("Guten Morgen", "--from", "de", "--to", "en", *ENGINE)
    assert told == (0, "Sentence\n", "")
    told = dragoman("-5", "--from", "de", "--to", "en", *ENGINE, "-n", "2", "--temperature", "1")
    assert told == (0, "Sentence\nSentence\n", "")


@pytest.mark.usefixtures("folder")
def test_a_text_that_is_not_translated_says_why(dragoman: Dragoman) -> None:
    code, out, error = dragoman("Satz 5", "--from", "de", "--to", "en", *ENGINE)
    assert (code, out) == (1, "")
    assert error.startswith("not translated: no-block: ")


@pytest.mark.usefixtures("folder")
def test_what_is_said_of_a_file_on_the_screen_names_its_segments(dragoman: Dragoman) -> None:
    row = {"src_lang": "de", "tgt_lang": "en"}
    rows = [{**row, "id": "one", "source": "Satz 5"}, {**row, "id": "two", "source": "Hallo {x}"}]
    write_rows(Path("two.jsonl"), rows)
    _, out, error = dragoman("two.jsonl", *ENGINE, "--retries", "0")
    assert out == "Sentence\n"
    assert "one: not translated: no-block: " in error
    assert "two: warning: placeholders: lost {x}" in error


def test_a_file_becomes_lines_in_its_order_and_failures_are_data(
    folder: Path, dragoman: Dragoman
) -> None:
    code, out, error = dragoman(*FILE)
    assert (code, out) == (0, "")
    assert "8 of 8 segments · 1 untranslated (no-block 1)" in error
    assert "first untranslated: no-block: " in error
    rows = [json.loads(line) for line in (folder / "out.jsonl").read_text().splitlines()]
    assert [row["id"] for row in rows] == [str(i) for i in range(8)]
    assert [row["status"] for row in rows] == ["ok"] * 5 + ["failed"] + ["ok"] * 2
    assert [row["translation"] for row in rows].count("Sentence") == 7
    before = (folder / "out.jsonl").read_bytes()
    assert "8 from the ledger" in dragoman(*FILE)[2]
    assert (folder / "out.jsonl").read_bytes() == before
    assert len((folder / "calls.log").read_text().splitlines()) == 7


def test_a_killed_run_goes_on_where_it_was(folder: Path, dragoman: Dragoman) -> None:
    log = folder / "calls.log"
    command = [sys.executable, "-m", "dragoman", "translate", *FILE, "--concurrency", "1"]
    with subprocess.Popen(command, stderr=subprocess.DEVNULL) as process:
        while not log.is_file() or len(log.read_text().splitlines()) < 3:
            assert process.poll() is None, "it ended before it could be killed"
            time.sleep(0.01)
        os.kill(process.pid, signal.SIGKILL)
    assert not (folder / "out.jsonl").exists()
    done = len(log.read_text().splitlines())
    code, _, error = dragoman(*FILE)
    assert code == 0
    assert "from the ledger" in error
    assert len((folder / "out.jsonl").read_text().splitlines()) == 8
    # At most the call under way when it was killed is made again.
    assert 7 <= len(log.read_text().splitlines()) <= 8
    assert done < 7


def test_other_settings_are_refused(folder: Path, dragoman: Dragoman) -> None:
    dragoman(*FILE)
    code, _, error = dragoman(*FILE, "--temperature", "0.5")
    assert code == 2
    assert "was begun with temp" in error


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["Guten Morgen", *ENGINE], "a text wants its languages"),
        (["Guten Morgen", "--from", "de", *ENGINE], "both languages"),
        (["Guten Morgen", "--from", "de", "--to", "xx", *ENGINE], "no language has"),
        (["segments.jsonl", "--from", "de", "--to", "en", *ENGINE], "leave out --from"),
        (["Guten Morgen", "--from", "de", "--to", "en"], "say which engine translates"),
        (["nowhere.jsonl", *ENGINE], "nowhere.jsonl: cannot read"),
        (["bad.jsonl", *ENGINE], "bad.jsonl:2: 'source' is missing"),
        (["segments.jsonl", *ENGINE, "--retry-failed"], "wants an --output"),
        (["segments.jsonl", *ENGINE, "-o", "segments.jsonl"], "are one file"),
        (["segments.jsonl", *ENGINE, "-o", "out.parquet"], "let it end in .jsonl"),
        (["segments.jsonl", *ENGINE, "--format", "sqm"], "sqm is about a candidate"),
        (["segments.jsonl", *ENGINE, "-n", "2"], "temperature 0"),
        (["segments.jsonl", *ENGINE, "--translator", "oracle"], "no translator is called"),
        (["segments.jsonl", *ENGINE, "--bridge", "fr"], "are for --translator tree"),
        (["segments.jsonl", *ENGINE, "--votes", "2"], "say who judges"),
        (["segments.jsonl", *ENGINE, "--judge", "gold"], "asks no judge"),
        (["segments.jsonl", *ENGINE, "--translator", "best-of-n"], "wants a judge"),
        (["segments.jsonl", *ENGINE, "--translator", "tree"], "--temperature 0.5"),
    ],
)
def test_the_users_mistakes_are_one_clear_line_and_exit_code_2(
    arguments: list[str], message: str, dragoman: Dragoman
) -> None:
    good = {"id": "1", "src_lang": "de", "tgt_lang": "en", "source": "x"}
    write_rows(Path("bad.jsonl"), [good, {**good, "source": None}])
    code, out, error = dragoman(*arguments)
    assert (code, out) == (2, "")
    assert message in error
    assert len(error.splitlines()) == 1
