"""Texts taken apart and put together."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dragoman.asking import Asker
from dragoman.cli import main
from dragoman.engines.scripted import ScriptedEngine
from dragoman.errors import UserError
from dragoman.formats import make_format
from dragoman.formats.context import WithContext
from dragoman.translators import make_translator
from dragoman.translators.documents import By, segments
from dragoman.translators.documents.text import TextDocument, split
from dragoman.types import Prompt, Sampling, Segment

TEXT = "\ufeff  Title\r\n\r\nDr. Weiß came. He left!  \nSo did I.\n\n\n\tEnd"


def lines(text: str) -> list[str]:
    return text.splitlines(keepends=True)


@pytest.mark.parametrize(
    ("by", "pieces"),
    [
        ("paragraph", ["Title", "Dr. Weiß came. He left!  \nSo did I.", "End"]),
        ("line", ["Title", "Dr. Weiß came. He left!", "So did I.", "End"]),
        ("sentence", ["Title", "Dr. Weiß came.", "He left!", "So did I.", "End"]),
    ],
)
def test_where_a_text_is_split(by: By, pieces: list[str]) -> None:
    found = list(split(lines(TEXT), by))
    assert [piece for _, piece in found] == pieces
    assert "".join(gap + piece for gap, piece in found) == TEXT


@pytest.mark.parametrize(
    ("text", "pieces"),
    [
        ("你好。我来了！“走吧。”他说", ["你好。", "我来了！", "“走吧。”", "他说"]),
        ("At 3.5 m. it fell, e.g. here.", ["At 3.5 m. it fell, e.g. here."]),
        ('He said "Never." Then left.', ['He said "Never."', "Then left."]),
        ("Книги и т.д. в доме. Вот.", ["Книги и т.д. в доме.", "Вот."]),
        ("J. S. Bach wrote. Über alles!", ["J. S. Bach wrote.", "Über alles!"]),
        ("Wait… what? Ok.", ["Wait… what?", "Ok."]),
    ],
)
def test_sentence_ends(text: str, pieces: list[str]) -> None:
    assert [piece for _, piece in split([text], "sentence")] == pieces


ODD = st.text(alphabet="aB.!? \n\r\t。你\"'\u2028\ufeff", max_size=80)


@given(ODD, st.sampled_from(["paragraph", "line", "sentence"]))
def test_every_text_is_put_together_as_it_was(text: str, by: By) -> None:
    found = list(split(lines(text), by))
    assert "".join(gap + piece for gap, piece in found) == text
    assert all(piece == piece.strip() for _, piece in found)
    assert all(piece for _, piece in found[:-1])
    assert all(not gap.strip("\ufeff \n\r\t\u2028") for gap, _ in found)


def test_segments_have_numbers_and_what_stands_before(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("a\n\nb\n\nc\n")
    made = list(segments(TextDocument(tmp_path / "a.txt", "paragraph"), "de", "en", 2))
    assert [(s.id, s.source, s.context) for s in made] == [
        ("1", "a", ()), ("2", "b", ("a",)), ("3", "c", ("a", "b")),
    ]  # fmt: skip


def test_a_context_is_shown_above_the_question() -> None:
    format = make_format("codeblock-think")
    shown = WithContext(format, 2)
    segment = Segment("s", "Er ging.", "de", "en", context=("weg", "Ich kam.", "```\nSie sah."))
    prompt = shown.write(segment).text
    assert prompt.endswith("\n````\n\n" + format.write(segment).text)
    assert "````\nIch kam.\n\n```\nSie sah.\n````" in prompt
    assert "weg" not in prompt
    bare = Segment("s", "Er ging.", "de", "en")
    assert shown.write(bare) == format.write(bare)
    assert shown.fields["context"] == "2.1"
    with pytest.raises(UserError, match="no room for a context"):
        WithContext(make_format("ssr"), 1).write(segment)
    with pytest.raises(UserError, match="at least one"):
        WithContext(format, -1)


async def test_a_translator_shows_as_much_as_it_is_told() -> None:
    seen: list[str] = []

    def answer(prompt: Prompt, sampling: Sampling) -> str:
        seen.append(prompt.text)
        return "```\nHe left.\n```"

    asker = Asker(ScriptedEngine.answering(answer))
    segment = Segment("s", "Er ging.", "de", "en", context=("Vorher.",))
    for context in (0, 1):
        translation = await make_translator("sample", asker, context=context).translate(segment)
        assert ("context:1.1" in translation.signature) == (context == 1)
    assert ["Vorher." in text for text in seen] == [False, True]


def run(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> int:
    monkeypatch.setattr(sys, "argv", ["dragoman", *arguments])
    with pytest.raises(SystemExit) as exit:
        main()
    return int(exit.value.code or 0)


def test_a_file_there_and_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("a.txt").write_bytes(TEXT.encode())
    flags = ("--from", "en", "--to", "de", "-o", "a.jsonl")
    assert run(monkeypatch, "document", "split", "a.txt", *flags, "--context", "1") == 0
    assert capsys.readouterr().err == "3 segments\n"
    rows = [json.loads(line) for line in Path("a.jsonl").read_text().splitlines()]
    assert rows[1]["context"] == ["Title"]
    rules = [{"contains": "```\nEnd", "reply": "no"}, {"reply": "```\nDas.\n```"}]
    Path("rules.jsonl").write_text("".join(json.dumps(rule) + "\n" for rule in rules))
    engine = ("--engine", "scripted:rules.jsonl", "--no-guards", "--context", "1")
    assert run(monkeypatch, "translate", "a.jsonl", "-o", "b.jsonl", *engine) == 0
    capsys.readouterr()
    assert run(monkeypatch, "document", "join", "a.txt", "b.jsonl", "-o", "b.txt") == 1
    assert "1 segments were not translated" in capsys.readouterr().err
    assert Path("b.txt").read_bytes().decode() == "\ufeff  Das.\r\n\r\nDas.\n\n\n\tEnd"
    assert run(monkeypatch, "document", "join", "a.txt", "b.jsonl", "-o", "b.txt") == 2
    assert "--overwrite" in capsys.readouterr().err
    more = ("--overwrite", "--by", "line")
    assert run(monkeypatch, "document", "join", "a.txt", "b.jsonl", "-o", "b.txt", *more) == 2
    assert "b.jsonl ends before segment 4" in capsys.readouterr().err
    joined = Path("b.txt").read_bytes()
    with Path("b.jsonl").open("a") as stream:
        stream.write(json.dumps({"id": "4", "translation": "Das."}) + "\n")
    assert run(monkeypatch, "document", "join", "a.txt", "b.jsonl", "-o", "b.txt", more[0]) == 2
    assert "b.jsonl has more lines than the document has segments, 3" in capsys.readouterr().err
    assert Path("b.txt").read_bytes() == joined
    assert run(monkeypatch, "document", "join", "a.txt", "b.jsonl", "-o", "a.txt") == 2
    Path("bad.txt").write_bytes(b"\xff")
    assert run(monkeypatch, "document", "split", "bad.txt", *flags[:4], "-o", "c.jsonl") == 2
    assert "bad.txt" in capsys.readouterr().err


def test_a_lost_placeholder_is_reported_and_the_text_left_as_translated(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("a.txt").write_text("Hi {name}.\n")
    Path("b.jsonl").write_text(json.dumps({"id": "1", "translation": "Hallo."}) + "\n")
    assert run(monkeypatch, "document", "join", "a.txt", "b.jsonl", "-o", "b.txt") == 1
    assert "segment 1: " in (told := capsys.readouterr().err)
    assert "{name}" in told
    assert Path("b.txt").read_text() == "Hallo.\n"
