"""A step that trains: one `dragoman train`, gone on with where it was stopped."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any, cast

from dragoman.reproduce.plan import Place, Result
from dragoman.training import run_folder
from dragoman.training.recipe import load_recipe

STAGES = {
    "sft": "dragoman.training.sft",
    "reward": "dragoman.training.reward",
    "policy": "dragoman.training.policy",
    "self-reward": "dragoman.training.self_reward",
}


@dataclass(frozen=True, slots=True)
class Model:
    """The model that a step trains; `engine` asks it, and `head` ranks by it."""

    step: str
    prefix: str = ""

    def at(self, place: Place) -> str:
        return f"{self.prefix}{place.model(self.step)}"


@dataclass(frozen=True, slots=True)
class Rows:
    """The rows that a step writes."""

    step: str

    def at(self, place: Place) -> str:
        return str(place.rows(self.step))


def train(place: Place, name: str, *, recipe: str, told: Mapping[str, Any]) -> Result:
    """Train by a recipe of the package, with these values written over it."""
    written = overrides(place, told)
    read = load_recipe(recipe, written)
    output = place.run(name)
    if not run_folder.is_finished(read, output):
        import_module(STAGES[read.stage]).train(read, output, resume=True)
    for checkpoint in output.glob("checkpoint-*"):
        shutil.rmtree(checkpoint)
    settings = " ".join(f"--set '{override}'" for override in written)
    command = f"dragoman train {read.stage} {recipe} --output {output} {settings}"
    shown = command.replace(f"{place.folder}/", "").replace(str(place.base), "BASE")
    curve = list(_numbers(output / "log.jsonl"))
    return {"command": shown, "steps": max((row["step"] for row in curve), default=0),
            "curve": curve}  # fmt: skip


def overrides(place: Place, told: Mapping[str, Any]) -> list[str]:
    """Values as `dragoman train --set` takes them."""
    return [f"{key}={_toml(value, place)}" for key, value in told.items()]


def _toml(value: Any, place: Place) -> str:
    """A value on one line; models and rows as where they lie."""
    if isinstance(value, Model | Rows):
        value = value.at(place)
    if isinstance(value, Mapping):
        table = cast(Mapping[str, Any], value)
        pairs = (f"{key} = {_toml(inner, place)}" for key, inner in table.items())
        return "{" + ", ".join(pairs) + "}"
    return json.dumps(value)


def _numbers(log: Path) -> list[dict[str, float]]:
    """The logged steps: what they measured, without times."""
    rows = [json.loads(line) for line in log.read_text("utf-8").splitlines()]
    return [
        {key: value for key, value in row.items() if key == "step" or key in _KEPT} for row in rows
    ]


_KEPT = (
    "loss", "eval_loss", "reward", "valid", "ranking", "margin", "unreadable", "all_equal",
    "zero_variance", "completions/mean_length", "judging_seconds", "step_time",
    "validation/quality", "validation/exact", "validation/chrf", "validation/unreadable",
    "validation/judge_agreement", "validation/accuracy", "validation/all_equal",
    "validation/unjudged",
)  # fmt: skip
