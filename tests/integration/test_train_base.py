"""The base model: trained from nothing, in miniature of the miniature."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from dragoman.errors import UserError
from dragoman.training import pretrain
from dragoman.training.recipe import load_recipe

TINY = (
    "base.tokens=6000",
    "base.batch_tokens=600",
    "base.hidden=32",
    "base.heads=1",
    "base.layers=2",
    "base.mlp=32",
    "base.warmup_steps=2",
    "base.checkpoint_every=4",
    "base.threads=1",
)


@pytest.fixture(autouse=True)
def plain(monkeypatch: pytest.MonkeyPatch) -> None:
    """Compiling takes longer than these runs, and each step of them is worth a line."""
    monkeypatch.setattr(pretrain.torch, "compile", lambda module, **_: module)
    monkeypatch.setattr(pretrain, "LOG_EVERY", 1)


def losses(folder: Path) -> dict[int, float]:
    lines = (folder / "log.jsonl").read_text("utf-8").splitlines()
    rows: list[dict[str, Any]] = [json.loads(line) for line in lines]
    return {row["step"]: row["loss"] for row in rows}


def test_a_stopped_run_goes_on_as_if_it_had_not_been_stopped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    recipe = load_recipe("phrasebook/base", TINY)
    pretrain.train(recipe, tmp_path / "whole")
    whole = losses(tmp_path / "whole")
    assert whole[max(whole)] < whole[1] - 0.2
    assert (tmp_path / "whole/model/model.safetensors").is_file()

    step, done = pretrain._step, 0

    def stops(*arguments: Any) -> float:
        nonlocal done
        done += 1
        if done == 7:
            raise KeyboardInterrupt
        return step(*arguments)

    monkeypatch.setattr(pretrain, "_step", stops)
    with pytest.raises(KeyboardInterrupt):
        pretrain.train(recipe, tmp_path / "stopped")
    assert max(losses(tmp_path / "stopped")) == 6
    assert not (tmp_path / "stopped/model").exists()
    monkeypatch.setattr(pretrain, "_step", step)
    pretrain.train(recipe, tmp_path / "stopped", resume=True)
    assert losses(tmp_path / "stopped") == pytest.approx(whole, abs=1e-3)


def test_a_base_begins_from_nothing(tmp_path: Path) -> None:
    recipe = load_recipe("phrasebook/base", (*TINY, "model=some/folder"))
    with pytest.raises(UserError, match="a base is 'new'"):
        pretrain.train(recipe, tmp_path / "run")
    assert not (tmp_path / "run").exists()
