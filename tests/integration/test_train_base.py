"""The base model: trained from nothing, in miniature of the miniature."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
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


def test_the_writer_of_tasks_does_not_outlive_a_killed_run(tmp_path: Path) -> None:
    run = "from dragoman.cli import main; main()"
    command = ["train", "base", "phrasebook/base", "-o", str(tmp_path / "run")]
    command += [word for line in TINY for word in ("--set", line)]
    command += ["--set", "base.tokens=100000000"]
    with subprocess.Popen([sys.executable, "-c", run, *command], stdout=subprocess.DEVNULL,
                          stderr=subprocess.DEVNULL) as process:  # fmt: skip
        wait_for(lambda: bool(psutil.Process(process.pid).children()), 120)
        time.sleep(2)
        writers = psutil.Process(process.pid).children(recursive=True)
        process.kill()
    wait_for(lambda: not any(writer.is_running() for writer in writers), 60)


def wait_for(happened: Callable[[], bool], seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while not happened():
        assert time.monotonic() < deadline
        time.sleep(0.2)


def test_a_base_goes_on_from_an_earlier_one(tmp_path: Path) -> None:
    pretrain.train(load_recipe("phrasebook/base", TINY), tmp_path / "first")
    model = tmp_path / "first/model"
    # As if its word lists had been others: numbers of tokens belong to weights.
    swapped = json.loads((model / "tokenizer.json").read_text("utf-8"))
    vocabulary = swapped["model"]["vocab"]
    one, other = list(vocabulary)[-2:]
    vocabulary[one], vocabulary[other] = vocabulary[other], vocabulary[one]
    (model / "tokenizer.json").write_text(json.dumps(swapped), "utf-8")
    again = load_recipe("phrasebook/base", (*TINY, f"model={model}", "seed=2"))
    pretrain.train(again, tmp_path / "second")
    kept = json.loads((tmp_path / "second/model/tokenizer.json").read_text("utf-8"))
    assert kept == swapped
    first, second = losses(tmp_path / "first"), losses(tmp_path / "second")
    assert second[1] < first[1] - 0.1

    larger = (*TINY, f"model={model}", "seed=2", "base.mlp=48", "base.layers=3")
    pretrain.train(load_recipe("phrasebook/base", larger), tmp_path / "third")
    # The same batch, before anything new in it has learnt.
    assert losses(tmp_path / "third")[1] == pytest.approx(second[1], abs=0.02)

    for smaller in ("base.mlp=24", "base.hidden=16"):
        other = load_recipe("phrasebook/base", (*TINY, f"model={model}", smaller))
        with pytest.raises(UserError, match=r"wants (intermediate|hidden)_size \d+, .* has 32"):
            pretrain.train(other, tmp_path / "fourth")
        assert not (tmp_path / "fourth").exists()


def test_what_a_base_does_not_begin_from(tmp_path: Path) -> None:
    recipe = load_recipe("phrasebook/base", (*TINY, "model=some/folder"))
    with pytest.raises(UserError, match="there is no such model folder"):
        pretrain.train(recipe, tmp_path / "run")
    recipe = load_recipe("phrasebook/base", (*TINY, "data.rows=phrasebook:judge"))
    with pytest.raises(UserError, match="a base learns from"):
        pretrain.train(recipe, tmp_path / "run")
    assert not (tmp_path / "run").exists()
