"""A round of self-play with an engine of rules: what is drawn, searched, and made into pairs.
The update is only looked at; tests/integration trains."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from dragoman.data.rows import Sentence
from dragoman.language_check import UNCHECKED, LanguageCheck
from dragoman.signature import read_signature
from dragoman.training import preference
from dragoman.training.recipe import DataTable, Recipe
from dragoman.training.self_play import SelfPlaySettings
from dragoman.training.self_play_round import Play

SOURCES = ("A red house stands by the river.", "A blue boat lies in the harbour.")
# What comes of each source, and how well it comes back: wholly, in part, hardly.
TEXTS = ("gut übersetzt", "halb übersetzt", "kaum übersetzt")
BACK = (SOURCES[0], "A red house is somewhere.", "Nothing at all of this.")
RULES: list[dict[str, Any]] = [
    *(
        {"contains": source, "replies": [f"```\n{text} {i}\n```" for text in TEXTS]}
        for i, source in enumerate(SOURCES)
    ),
    *({"contains": f"{t} 0", "reply": f"```\n{b}\n```"} for t, b in zip(TEXTS, BACK, strict=True)),
    # Of the second source everything comes back alike, so no text is better than another.
    {"contains": "übersetzt 1", "reply": "```\nA blue boat.\n```"},
    # What a reconstruction is translated to anew.
    {"contains": "A red house is", "reply": f"```\n{TEXTS[1]} 0\n```"},
    {"contains": "A blue boat.", "reply": f"```\n{TEXTS[0]} 1\n```"},
]
SETTINGS = SelfPlaySettings(
    languages=("en", "de"), rounds=1, sentences=2, samples=6, search_rounds=2, depth=1,
    temperature=1.0, language_check="none", engine="scripted", pairs="all", max_tokens=50,
)  # fmt: skip


@pytest.fixture
def model(tmp_path: Path) -> Path:
    """Rules in the place of a model folder."""
    file = tmp_path / "rules.jsonl"
    file.write_text("".join(json.dumps(rule) + "\n" for rule in RULES), encoding="utf-8")
    return file


@pytest.fixture
def updates(monkeypatch: pytest.MonkeyPatch) -> list[Recipe]:
    """The recipes of the updates that were asked for; none is trained."""
    asked: list[Recipe] = []

    def train(recipe: Recipe, output: Path, *, resume: bool) -> None:
        asked.append(recipe)

    monkeypatch.setattr(preference, "train", train)
    return asked


def play(model: Path, check: LanguageCheck = UNCHECKED, **changed: Any) -> Play:
    recipe = Recipe(
        name="game", stage="self-play", model="the first", data=DataTable(rows="-"), seed=5
    )
    sentences = [Sentence(text, "en", str(i)) for i, text in enumerate(SOURCES)]
    settings = replace(SETTINGS, **changed)
    return Play(recipe, settings, model.parent / "out", sentences, check, None)


def rows(file: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in file.read_text("utf-8").splitlines()]


def said(row: dict[str, Any], side: str) -> str:
    return row[side][0]["content"].strip("`\n")


def test_pairs_are_taken_from_the_trees_as_told(model: Path, updates: list[Recipe]) -> None:
    game = play(model)
    assert game.model_after(1, model, anew=True) == model  # nothing was trained
    place = game.output / "rounds/001"
    good, half, bad = (f"{text} 0" for text in TEXTS)
    pairs = [(said(row, "chosen"), said(row, "rejected")) for row in rows(place / "pairs.jsonl")]
    assert pairs == [(good, half), (good, bad), (half, bad)]
    assert game.counts(1) == {"sentences": 2, "pairs": 3, "left_out/no better text": 1}
    assert not list(place.glob("search.ledger*"))
    told = read_signature(rows(place / "trees.jsonl")[0]["signature"])
    expected = {"retries": "0", "every_round": "yes", "temp": "1", "tokens": "50"}
    assert told.items() >= expected.items()
    [update] = updates
    assert (update.stage, update.model, update.seed) == ("preference", str(model), 6)
    assert (update.data.rows, update.validation) == (str(place / "pairs.jsonl"), None)


def test_best_worst_is_another_way(model: Path, updates: list[Recipe]) -> None:
    game = play(model, pairs="best-worst")
    game.model_after(1, model, anew=True)
    assert game.counts(1)["pairs"] == 1


def test_nothing_in_the_wrong_language_is_chosen(model: Path, updates: list[Recipe]) -> None:
    check = LanguageCheck("named", lambda text: "fr" if text.startswith("gut") else None)
    game = play(model, check)
    game.model_after(1, model, anew=True)
    pairs = rows(game.output / "rounds/001/pairs.jsonl")
    assert "gut übersetzt 0" not in [said(row, "chosen") for row in pairs]
    [tree] = [row for row in rows(game.output / "rounds/001/trees.jsonl") if row["id"] == "0"]
    assert read_signature(tree["signature"])["language_check"] == "named"
    wrong = tree["details"]["wrong"]
    assert [tree["samples"][i] for i in wrong] == ["gut übersetzt 0"]


def test_each_round_draws_for_itself(model: Path, updates: list[Recipe]) -> None:
    game = play(model, sentences=1)
    for number in range(1, 7):
        game.model_after(number, model, anew=True)
    trees = [rows(game.output / f"rounds/{number:03}/trees.jsonl") for number in range(1, 7)]
    assert {row["id"] for tree in trees for row in tree} == {"0", "1"}
    assert {len(tree) for tree in trees} == {1}


def test_a_round_without_pairs_trains_nothing(model: Path, updates: list[Recipe]) -> None:
    game = replace(play(model), sentences=[Sentence(SOURCES[1], "en", "1")])
    assert game.model_after(1, model, anew=True) == model
    assert game.counts(1) == {"sentences": 1, "pairs": 0, "left_out/no better text": 1}
    assert updates == []


def test_a_finished_search_is_not_done_again(model: Path, updates: list[Recipe]) -> None:
    game = play(model)
    game.model_after(1, model, anew=True)
    before = (game.output / "rounds/001/search.json").stat().st_mtime_ns
    game.model_after(1, model, anew=True)
    assert (game.output / "rounds/001/search.json").stat().st_mtime_ns == before
    assert len(updates) == 2  # one that is not finished is gone on with
