"""The loop over the rounds of self-play, with rounds that are only pretended."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from dragoman.errors import UserError
from dragoman.training import self_play
from dragoman.training.recipe import DataTable, Recipe

pytest.importorskip("transformers", reason="needs dragoman[train]")

RECIPE = Recipe(
    name="game",
    stage="self-play",
    model="first",
    data=DataTable(rows="-"),
    own={"languages": ["en", "de"], "rounds": 2, "language_check": "none"},
)


class Pretended:
    """Each round makes a model that holds its number, in the place where rounds make theirs."""

    played: list[int]

    def __init__(self, recipe: Recipe, settings: Any, output: Path, *_: Any):
        self.output = output

    def check(self) -> None:
        pass

    def model_after(self, number: int, model: Path, *, anew: bool) -> Path:
        made = self.output / f"rounds/{number:03}/update/model"
        if anew:
            self.played.append(number)
            made.mkdir(parents=True)
            (made / "weights").write_text(str(number))
        return made if made.exists() else model

    def counts(self, number: int) -> dict[str, int]:
        return {"pairs": number}

    def looked_at(self, model: Path) -> dict[str, str]:
        (self.output / "openvino").mkdir(exist_ok=True)
        return {"model": (model / "weights").read_text()}


@pytest.fixture
def output(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "first").mkdir()
    (tmp_path / "first/weights").write_text("0")
    Pretended.played = []
    monkeypatch.setattr(self_play, "Play", Pretended)
    monkeypatch.setattr(self_play, "load_sentences", lambda table: [])  # pyright: ignore
    monkeypatch.setattr(self_play, "model_folder", lambda model: tmp_path / model)  # pyright: ignore
    return tmp_path / "out"


def log(output: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (output / "log.jsonl").read_text().splitlines()]


def test_each_round_begins_with_the_model_of_the_last_and_the_newest_alone_stays(
    output: Path,
) -> None:
    self_play.train(RECIPE, output)
    assert Pretended.played == [1, 2]
    assert log(output) == [
        {"step": 0, "model": "0"},
        {"step": 1, "pairs": 1, "model": "1"},
        {"step": 2, "pairs": 2, "model": "2"},
    ]
    assert (output / "model/weights").read_text() == "2"
    assert not (output / "rounds/001/update/model").exists()
    assert (output.parent / "first/weights").exists()
    assert not (output / "openvino").exists()


def test_a_game_that_was_killed_does_no_round_twice_and_says_none_twice(output: Path) -> None:
    self_play.train(RECIPE, output)
    whole = log(output)
    # As it lies there when it is killed between the last round and its end: the log has the
    # beginning of a line more, and half a model stands where the whole one will be made.
    (output / "model").rename(output / "model.partial")
    (output / "model.partial/weights").write_text("half")
    with (output / "log.jsonl").open("a") as stream:
        stream.write('{"step": 3, "pa')
    self_play.train(RECIPE, output, resume=True)
    assert Pretended.played == [1, 2]
    assert log(output) == whole
    assert (output / "model/weights").read_text() == "2"


@pytest.mark.parametrize("own", [{"rounds": 0}, {"sentences": 0}, {"concurrency": 0}])
def test_a_game_has_rounds_and_sentences(output: Path, own: dict[str, int]) -> None:
    recipe = replace(RECIPE, own={**RECIPE.own, **own})
    with pytest.raises(UserError, match="rounds, sentences and concurrency are 1 or more"):
        self_play.train(recipe, output)
    assert not output.exists()


def test_it_is_played_in_one_process(output: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WORLD_SIZE", "2")
    with pytest.raises(UserError, match="one process"):
        self_play.train(RECIPE, output)
    assert not output.exists()
