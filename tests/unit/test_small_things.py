"""Signatures, languages, plug-ins and the public names: small modules, small tests."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import dragoman
from dragoman.asking import Asker, Patience
from dragoman.engines import ENGINES
from dragoman.engines.scripted import ScriptedEngine
from dragoman.environment import token_from
from dragoman.errors import DragomanError, UnknownLanguage, UnknownName, UserError
from dragoman.formats import FORMATS, make_format
from dragoman.formats.gqm import GQM
from dragoman.judges import JUDGES, make_judge
from dragoman.judges.group import GroupJudge
from dragoman.languages import language_name
from dragoman.metrics import METRICS, make_metric
from dragoman.plugins import find
from dragoman.signature import digest, read_signature, signature
from dragoman.types import Ranking, Sampling, Verdict


@pytest.mark.parametrize("held", ["", " \n", "secrät", "sec\nret"])
def test_what_is_no_token_is_not_shown(held: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOKEN", held)
    with pytest.raises(UserError, match="the environment variable TOKEN") as refused:
        token_from("TOKEN")
    assert "sec" not in str(refused.value)


def test_the_line_break_after_a_token_is_none_of_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOKEN", "a secret\n")
    assert (token_from("TOKEN"), token_from(None)) == ("a secret", None)


def test_a_signature_reads_as_it_was_written() -> None:
    text = signature({"judge": "group", "temp": 0.0, "top_p": 0.95, "ref": None, "note": "a|b%"})
    assert text == f"judge:group|temp:0|top_p:0.95|note:a%7Cb%25|version:{dragoman.__version__}"
    assert read_signature(text)["note"] == "a|b%"


@given(st.dictionaries(st.text("abc", min_size=1), st.text("a|%:7C ", min_size=1)))
def test_any_signature_survives(fields: dict[str, str]) -> None:
    assert read_signature(signature(fields)) == {**fields, "version": dragoman.__version__}


def test_a_digest_is_of_the_content_not_of_its_order() -> None:
    assert digest({"a": 1, "b": "ü"}) == digest({"b": "ü", "a": 1})
    assert digest({"a": 1}) != digest({"a": 2})
    assert digest(["\ud800"]) != digest(["\ud801"])


@pytest.mark.parametrize(
    ("code", "name"),
    [
        ("zh", "Chinese"),
        ("de", "German"),
        ("pt-BR", "Portuguese (Brazil)"),
        ("zh_TW", "Chinese (Taiwan)"),
        ("eng_Latn", "English"),
        ("sr-Latn", "Serbian (Latin)"),
        ("Czech", "Czech"),
        (" german ", "german"),
    ],
)
def test_language_names(code: str, name: str) -> None:
    assert language_name(code).casefold() == name.casefold()


@pytest.mark.parametrize("code", ["", "xx", "und", "qaa", "zz-ZZ", "klingonish", "English; obey"])
def test_what_is_no_language(code: str) -> None:
    with pytest.raises(UnknownLanguage, match="BCP-47 code such as en"):
        language_name(code)


def test_every_language_of_the_human_judged_sets_and_a_hundred_more(evaluation: Path) -> None:
    codes = {
        part for f in (evaluation / "groups").iterdir() for part in f.name.split(".")[1].split("-")
    }
    codes |= {
        part for f in (evaluation / "mt").iterdir() for part in f.name.split(".")[1].split("-")
    }
    assert len(codes) >= 12
    assert all(language_name(code)[0].isupper() for code in codes)
    letters = "abcdefghijklmnopqrstuvwxyz"
    named = 0
    for code in (a + b for a in letters for b in letters):
        try:
            language_name(code)
            named += 1
        except UnknownLanguage:
            pass
    assert named >= len(codes) + 100


def test_whatever_changes_an_answer_stands_in_the_signature() -> None:
    def fields(asker: Asker, **options: bool) -> Mapping[str, object]:
        return GroupJudge(asker, GQM(**options)).fields

    engine = ScriptedEngine(rules=[{"reply": ""}])
    usual = fields(Asker(engine))
    others = [
        fields(Asker(engine), example=True),
        fields(Asker(engine, guided=True)),
        fields(Asker(engine, Sampling(temperature=0.5))),
        fields(Asker(engine, patience=Patience(3))),
        fields(Asker(engine, patience=Patience(2, (1.0,)))),
    ]
    assert all(other != usual for other in others)
    assert usual == fields(Asker(engine, patience=Patience(2, [0.7, 1.0])))


def test_a_verdict_scores_every_candidate_or_none() -> None:
    with pytest.raises(ValueError, match="2 scores for 3 candidates"):
        Verdict(Ranking(((0, 1, 2),)), (1, 2))


@pytest.mark.parametrize("table", [ENGINES, FORMATS, JUDGES, METRICS])
def test_every_plugin_is_where_its_table_says_and_says_what_it_is(table: dict[str, str]) -> None:
    for name in table:
        assert find("plugin", name, table).__doc__, f"{name} has no docstring"


def test_an_outsider_needs_no_registry() -> None:
    assert find("judge", "collections:Counter", JUDGES).__name__ == "Counter"


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: make_format("gqmm"), "no format is called 'gqmm'; there are .*gqm"),
        (lambda: make_format("gqm", "sloppy"), "no reading is called 'sloppy'"),  # type: ignore[arg-type]
        (lambda: make_metric("comet22"), "no metric is called"),
        (lambda: make_judge("no_such_module:X"), "there is no module no_such_module"),
        (lambda: make_judge("json:NoSuch"), "json has no NoSuch"),
        (lambda: make_judge("group"), "say which engine has it"),
        (lambda: dragoman.make_engine("openvino"), "write openvino:FOLDER"),
        (lambda: dragoman.make_engine("sparql:x"), "no engine is called 'sparql'"),
    ],
)
def test_unknown_names_are_the_users_mistake(make: object, message: str) -> None:
    assert callable(make)
    with pytest.raises(UserError, match=message):
        make()
    assert issubclass(UnknownName, UserError)


def test_the_public_names() -> None:
    """A name that is added or taken away is a decision: change it here too."""
    assert dragoman.__all__ == [
        "Asker",
        "Candidate",
        "Completion",
        "DragomanError",
        "Engine",
        "Failure",
        "Format",
        "Group",
        "Judge",
        "Judgement",
        "Metric",
        "Patience",
        "Prompt",
        "Ranking",
        "Reply",
        "Sampling",
        "Segment",
        "UnreadableReply",
        "Usage",
        "UserError",
        "Verdict",
        "__version__",
        "make_engine",
        "make_format",
        "make_judge",
        "rank",
        "rank_groups",
        "read_groups",
    ]
    for name in dragoman.__all__:
        assert getattr(dragoman, name) is not None
    with pytest.raises(AttributeError, match="has no attribute 'nothing'"):
        dragoman.nothing  # noqa: B018
    assert issubclass(UserError, DragomanError)


def test_importing_dragoman_loads_nothing_heavy() -> None:
    heavy = ["torch", "transformers", "openvino", "numpy", "sacrebleu", "httpx", "pyarrow"]
    code = f"import dragoman, dragoman.cli, sys; print([m for m in {heavy} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert json.loads(done.stdout.replace("'", '"')) == []
