"""What guards see, and where they keep silent."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dragoman.cli import main
from dragoman.language_check import LanguageCheck, make_language_check
from dragoman.translators.guards import Guarded, guard, size
from dragoman.translators.placeholders import placeholders
from dragoman.translators.warnings import warned, warnings_in
from dragoman.types import Failure, Segment, Translation

SILENT = make_language_check("none")
ENGLISH = LanguageCheck("english", lambda text: "en" if len(text) > 10 else None)


def kinds(source: str, text: str, check: LanguageCheck = SILENT) -> dict[str, str]:
    return dict(guard(Segment("s", source, "de", "fr"), text, check))


@pytest.mark.parametrize(
    ("source", "text", "expected"),
    [
        ("Der Hund schläft im Garten.", "Le chien dort dans le jardin.", []),
        ("Der Hund schläft im Garten.", "der  HUND schläft im garten.", ["copy"]),
        ("New York", "New York", []),
        ("Ein Satz.", "\u200b\u00ad \u2060", ["blank"]),
        ("Kurz", "Une phrase tout à fait plus longue.", []),
        ("Kurz", "x" * 50, ["length"]),
        ("x" * 200, "Trop court.", ["length"]),
        ("x" * 90, "火" * 20, []),
        ("Hallo {name}!", "Bonjour {name} !", []),
        ("Hallo {name}!", "Bonjour {nom} !", ["placeholders"]),
        ("Hallo %(name)s, %d %% und %1$s", "Salut %(name)s, %d %% et %1$s", []),
        ("%d Dateien", "des fichiers", ["placeholders"]),
        ("<b>Halt</b> <br/>", "<b>Stop</b> <br />", []),
        ("<b>Halt</b>", "<b>Stop", ["placeholders"]),
        ('<a href="x">Hier</a>', '<a href="x" title="ici">Ici</a>', []),
        ("$HOME und ${user}", "$HOME et ${user}", []),
        ("Es kostet $5, 100 % sicher", "Ça coûte 5 $, sûr à 100 %", []),
        ("a < b und c > d", "a < b et c > d", []),
        (
            "{n, plural, one {# Datei} other {# Dateien}}",
            "{n, plural, one {# fichier} many {# fichiers} other {# de fichiers}}",
            [],
        ),
        (
            "{n, plural, one {Datei} other {{n} Dateien von {user}}}",
            "{n, plural, one {fichier} other {{n} fichiers}}",
            ["placeholders"],
        ),
        (
            "{g, select, female {Sie} other {Es}} kam am {d, date, short}",
            "{g, select, female {Elle} other {Il}} est venu le {d, date, short}",
            [],
        ),
        (
            "{g, select, female {Sie} other {Es}}",
            "{g, select, femme {Elle} other {Il}}",
            ["placeholders"],
        ),
        (
            "{n, plural, one {eine} other {# viele}} '{'a'}'",
            "{n, plural, other {# beaucoup}} '{'b",
            [],
        ),
        ("{n, plural, one {eine} other {viele}}", "{n, plural, other {beaucoup}", ["placeholders"]),
        ("{n, plural, one {eine} other {viele}}", "beaucoup", ["placeholders"]),
        ("siehe https://a.org/x?y=1", "voir https://a.org/x", ["placeholders"]),
    ],
)
def test_what_is_seen(source: str, text: str, expected: list[str]) -> None:
    assert list(kinds(source, text)) == expected


def test_the_words_say_what_is_lost_and_what_is_new() -> None:
    said = kinds("{a} {a} <i>x</i> {b}", "{a} <i>x</i> {c}")["placeholders"]
    assert said == "lost {a} {b}; added {c}"


def test_another_language_is_wrong_only_where_the_guesser_is_sure() -> None:
    assert kinds("Ein ganzer Satz.", "A whole sentence.", ENGLISH) == {
        "language": "it looks like English"
    }
    assert kinds("Satz", "A phrase", ENGLISH) == {}
    # Placeholders are in no language.
    assert kinds("{placeholder}", "{placeholder}", ENGLISH) == {}


def test_langid_is_sure_of_sentences_and_unsure_of_words() -> None:
    check = make_language_check("langid")
    assert check.other("Le chien dort dans le jardin de la voisine.", "de") == "fr"
    assert not check.is_wrong("Le chien dort dans le jardin de la voisine.", "French")
    for short in ("Berlin", "OK", "42", "", "你好"):
        assert not check.is_wrong(short, "de")
    assert not check.is_wrong("我今天不去学校,因为我生病了。", "zh-TW")


@given(st.text(), st.text())
def test_no_text_is_too_odd_to_be_looked_at(source: str, text: str) -> None:
    for kind, words in guard(Segment("s", source, "de", "fr"), text, SILENT):
        assert kind
        assert words
    assert size(text) >= 0


@given(st.text(alphabet="<>{}$%&;a1(.s /\n", max_size=300))
def test_every_text_keeps_its_own_placeholders(text: str) -> None:
    found = placeholders(text)
    assert not found - placeholders(text)
    assert placeholders(text + "\n{new_one}")["{new_one}"] == 1 + found["{new_one}"]


class Saying:
    """A translator that always says this."""

    def __init__(self, text: str | None):
        self.text = text
        self.fields = {"translator": "saying"}

    async def translate(self, segment: Segment, draw: int = 0) -> Translation:
        if self.text is None:
            return Translation(segment, (), Failure("empty"))
        return Translation(segment, (self.text,), None, signature="x", details={"lost": {}})


async def test_a_guarded_translator_warns_and_changes_nothing_else() -> None:
    segment = Segment("s", "Hallo {name}, wie geht es?", "de", "fr")
    translation = await Guarded(Saying("Bonjour, ça va ?"), SILENT).translate(segment)
    assert translation.texts == ("Bonjour, ça va ?",)
    assert translation.signature == "x"
    assert translation.details == {"lost": {}, "warnings": {"placeholders": "lost {name}"}}
    assert (await Guarded(Saying(None), SILENT).translate(segment)).failure == Failure("empty")
    assert "warnings" not in (await Guarded(Saying("{name}"), SILENT).translate(segment)).details


def test_warnings_add_up_and_are_found_in_a_line() -> None:
    segment = Segment("s", "x", "de", "fr")
    twice = warned(warned(Translation(segment, ("y",), None), {"a": "1"}), {"b": "2"})
    assert warnings_in(json.dumps({"details": dict(twice.details)})) == ["a", "b"]
    assert warnings_in("{}") == []


def test_a_run_counts_its_warnings_also_those_from_the_ledger(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    lines = [
        {"id": str(i), "src_lang": "de", "tgt_lang": "fr", "source": f"Satz {i} {{n}}"}
        for i in range(3)
    ]
    Path("in.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    rules = [{"contains": "Satz 1", "reply": "```\n{n} x\n```"}, {"reply": "```\nx\n```"}]
    Path("rules.jsonl").write_text("".join(json.dumps(rule) + "\n" for rule in rules))
    flags = ["in.jsonl", "-o", "out.jsonl", "--engine", "scripted:rules.jsonl"]
    for _ in range(2):
        assert run(monkeypatch, *flags, "--language-check", "none") == 0
        assert "warnings: placeholders 2" in capsys.readouterr().err
    assert run(monkeypatch, *flags, "--no-guards", "--ledger", "other") == 2
    capsys.readouterr()
    assert run(monkeypatch, *flags, "--no-guards", "--ledger", "other", "--overwrite") == 0
    assert "warnings" not in capsys.readouterr().err


def run(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> int:
    monkeypatch.setattr(sys, "argv", ["dragoman", "translate", *arguments])
    with pytest.raises(SystemExit) as exit:
        main()
    return int(exit.value.code or 0)
