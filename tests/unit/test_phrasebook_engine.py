"""The shipped models' engine: what it opens, and what it does not answer."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import pytest

from dragoman.asking import Asker
from dragoman.engines import Engine
from dragoman.engines.scripted import ScriptedEngine
from dragoman.errors import MissingExtra, PromptRefused, UserError
from dragoman.formats import make_format
from dragoman.phrasebook import engine as module
from dragoman.phrasebook import models
from dragoman.phrasebook.datasets import load
from dragoman.phrasebook.engine import PhrasebookEngine
from dragoman.phrasebook.grammar import say, write
from dragoman.phrasebook.known import KnownWords, write_words
from dragoman.phrasebook.lexicon import LANGUAGES
from dragoman.phrasebook.world import draw
from dragoman.types import Candidate, Group, Segment

SOME = "the cook buys three apples der koch kauft drei äpfel 厨师 买 三 苹果 l' eau".split()  # noqa: SIM905
COOK = "The cook buys three apples."
KOCH = "Der Koch kauft drei Äpfel."


def segment(source: str = COOK, target_lang: str = "de") -> Segment:
    return Segment("1", source, "en", target_lang)


def to_translate(source: str, target_lang: str = "de") -> str:
    return make_format("codeblock-think").write(segment(source, target_lang)).text


def to_rank(*texts: str) -> str:
    return make_format("gqm").write(Group(segment(), tuple(map(Candidate, texts)))).text


def to_score(text: str) -> str:
    return make_format("sqm").write(Group(segment(), (Candidate(text),))).text


@pytest.mark.parametrize(
    "prompt",
    [
        to_translate(COOK),
        to_translate("THE COOK buys\nthe apples!"),
        to_translate("厨师买三苹果。", "zh"),
        to_translate("Cook 厨师 buys 苹果, l'eau."),
        to_translate("```the``` cook\n```"),
        to_rank(KOCH, "Der Koch kauft Birnen."),
        to_rank(KOCH, "", "!"),
        # A text that looks like the beginning of a prompt is still a text.
        to_rank(KOCH, "Source text:\n```\nder\n```"),
        to_score(KOCH),
        COOK,
    ],
)
def test_what_is_known_is_asked(prompt: str) -> None:
    KnownWords(SOME).check(prompt)


@pytest.mark.parametrize(
    ("prompt", "unknown"),
    [
        (to_translate("The quantum cook buys physics, quantum."), "know: quantum, physics$"),
        (to_translate("厨师买量子。"), "know: 量, 子$"),
        (to_translate(COOK, "ja"), "know: Japanese$"),
        (to_translate("```\nquantum\n```"), "know: quantum$"),
        (to_translate("…"), "no word"),
        (to_translate(""), "no word"),
        (to_translate("a b c d e f g h i j"), "know: a, b, c, d, e, f, g, h, …$"),
        (to_rank(KOCH, "Quanten sind keine Äpfel."), "know: Quanten, sind, keine$"),
        (to_score("Wellen kauft Teilchen."), "know: Wellen, Teilchen$"),
        ("What is quantum physics?", "know: What, is, quantum, physics$"),
        # In a format that no shipped model knows, the question itself is unknown.
        (make_format("seedx").write(segment()).text, "know: Translate, following"),
        (make_format("gqm-score").write(Group(segment(), (Candidate(COOK),) * 2)).text, "Given"),
    ],
)
def test_what_is_unknown_is_refused_by_its_words(prompt: str, unknown: str) -> None:
    with pytest.raises(PromptRefused, match=unknown):
        KnownWords(SOME).check(prompt)


@pytest.fixture(scope="module")
def known(tmp_path_factory: pytest.TempPathFactory) -> KnownWords:
    folder = tmp_path_factory.mktemp("weights")
    write_words(folder / models.WORDS)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(models, "FOLDER", folder)
        return KnownWords.read()


def test_the_written_list_knows_every_sentence_of_the_world(known: KnownWords) -> None:
    rng = random.Random(2)
    for _ in range(200):
        meaning = draw(rng)
        for language in LANGUAGES:
            for sentence in say(meaning, language):
                assert not known.unknown(write(sentence, language))
    assert known.unknown("The cook buys quantum physics.") == ["quantum", "physics"]


@pytest.mark.parametrize("name", ["translations", "judge", "judge-alone"])
def test_no_prompt_of_the_data_sets_is_refused(known: KnownWords, name: str) -> None:
    for row in load(name, split="test", size=100, directions=("en-de", "en-zh", "fr-es")):
        known.check(row["prompt"])


def test_the_shipped_list_is_that_of_the_word_lists(known: KnownWords) -> None:
    if not (models.FOLDER / models.WORDS).is_file():
        pytest.skip("no models ship with this checkout")
    assert KnownWords.read().all == known.all


@pytest.fixture
def shipped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with the outlines of a shipped judge."""
    folder = tmp_path / "judge"
    (folder / "openvino").mkdir(parents=True)
    (folder / "config.json").write_text("{}")
    (tmp_path / models.WORDS).write_text("\n".join(SOME))
    monkeypatch.setattr(models, "FOLDER", tmp_path)
    return folder


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, dict[str, Any]]]:
    """What was opened underneath, in the place of which a script answers."""
    told: list[tuple[str, dict[str, Any]]] = []

    def make_engine(spec: str, **options: Any) -> Engine:
        told.append((spec, options))
        return ScriptedEngine(rules=[{"reply": "No idiom.\n\n```\nDer Koch\n```"}], model="tiny")

    monkeypatch.setattr(module, "make_engine", make_engine)
    return told


Opened = list[tuple[str, dict[str, Any]]]


@pytest.mark.parametrize(
    ("installed", "converted", "expected"),
    [
        ({"openvino_genai", "torch", "transformers"}, True, "openvino:{}/openvino"),
        ({"openvino_genai"}, True, "openvino:{}/openvino"),
        ({"openvino_genai", "torch", "transformers"}, False, "transformers:{}"),
        ({"torch", "transformers"}, True, "transformers:{}"),
    ],
)
def test_opens_what_is_there(
    installed: set[str],
    converted: bool,
    expected: str,
    shipped: Path,
    opened: Opened,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "find_spec", lambda name: "spec" if name in installed else None)
    if not converted:
        (shipped / "openvino").rmdir()
    PhrasebookEngine("judge", threads=1)
    assert opened == [(expected.format(shipped), {"threads": 1})]


@pytest.mark.parametrize("installed", ["", "torch", "transformers"])
def test_says_what_to_install(
    installed: str, shipped: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "find_spec", lambda name: name == installed or None)
    with pytest.raises(MissingExtra, match=r"dragoman\[local\]"):
        PhrasebookEngine("judge")


@pytest.mark.parametrize(
    ("place", "options", "message"),
    [
        ("oracle", {}, "there are base, translator, judge"),
        ("base", {}, "holds no model"),
        ("judge", {"model": "x"}, "takes no model name"),
    ],
)
def test_what_is_no_shipped_model(
    place: str, options: dict[str, str], message: str, shipped: Path
) -> None:
    with pytest.raises(UserError, match=message):
        PhrasebookEngine(place, **options)


@pytest.mark.usefixtures("shipped", "opened")
async def test_a_refusal_is_a_recorded_failure() -> None:
    format = make_format("codeblock-think")
    asker = Asker(PhrasebookEngine("judge"))
    assert (await asker.ask(format, segment())).answer == "Der Koch"
    asked = await asker.ask(format, segment("The quantum cook."))
    assert asked.failure
    assert asked.failure.reason == "prompt-refused"
    assert asked.failure.detail.endswith("they do not know: quantum")
    assert asked.usage.calls == 0
    anywhere = Asker(PhrasebookEngine("judge", anywhere=True))
    assert (await anywhere.ask(format, segment("The quantum cook."))).answer == "Der Koch"


@pytest.mark.usefixtures("shipped", "opened")
def test_the_identity_says_which_model_and_whether_it_answers_anything() -> None:
    names = [PhrasebookEngine("judge", anywhere=a).identity for a in (False, True)]
    assert [name.partition("@")[0] for name in names] == [
        "phrasebook:judge/tiny",
        "phrasebook:judge/anywhere/tiny",
    ]
