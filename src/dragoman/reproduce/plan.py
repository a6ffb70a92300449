"""A plan: named steps, what each waits for, and where they leave what they make.

settings.json     what the plan was told; going on with something else is refused
steps/NAME.json   the result of a finished step and how long it took
runs/NAME/        what is trained: runs/NAME/model is the finished model
rows/NAME.jsonl   rows that one step writes for others
logs/NAME.log     what a step said
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Concatenate, cast

from dragoman.errors import SettingsChanged, UserError

Result = Mapping[str, Any]


@dataclass(frozen=True)
class Place:
    """The folder of a run, and the model that everything starts from."""

    folder: Path
    base: Path

    def run(self, step: str) -> Path:
        return self.folder / "runs" / step

    def model(self, step: str) -> Path:
        """What a training step made; `base` is where all begin."""
        return self.base if step == "base" else self.run(step) / "model"

    def rows(self, step: str) -> Path:
        return self.folder / "rows" / f"{step}.jsonl"

    def log(self, step: str) -> Path:
        return self.folder / "logs" / f"{step}.log"

    def record(self, step: str) -> Path:
        return self.folder / "steps" / f"{step}.json"


Work = Callable[Concatenate[Place, str, ...], Result]


@dataclass(frozen=True)
class Step:
    """`work(place, name, **told)`, once everything in `after` is done. What it returns is kept.

    A step that is stopped is begun anew, so its work goes on from what it finds."""

    name: str
    work: Work
    told: Mapping[str, Any] = field(default_factory=dict[str, Any])
    after: tuple[str, ...] = ()


def check(steps: Sequence[Step]) -> None:
    """Names are unique, and a step waits only for steps that stand before it."""
    known: set[str] = set()
    for step in steps:
        missing = [name for name in step.after if name not in known]
        if missing or step.name in known:
            raise ValueError(f"step {step.name!r} stands twice or waits in vain for {missing}")
        known.add(step.name)


def needed(steps: Sequence[Step], wanted: Collection[str]) -> list[Step]:
    """The wanted steps and all that they wait for, in order."""
    chosen = set(wanted)
    for step in reversed(steps):
        if step.name in chosen:
            chosen |= set(step.after)
    return [step for step in steps if step.name in chosen]


def begin(place: Place, settings: Mapping[str, Any]) -> None:
    """Make the folder, or make sure that it was begun with these settings."""
    file = place.folder / "settings.json"
    told: Mapping[str, Any] = json.loads(json.dumps(settings))
    begun = read(file)
    if begun is not None:
        for key in {**told, **begun}:
            if told.get(key) != begun.get(key):
                raise SettingsChanged(
                    f"{place.folder} was begun with {key} {_short(begun.get(key))}, not "
                    f"{_short(told.get(key))}; give the same, or another --output"
                )
        return
    if place.folder.is_dir() and any(place.folder.iterdir()):
        raise UserError(f"{place.folder} holds other things; choose another --output")
    write(file, settings)


def finished(place: Place, steps: Iterable[Step]) -> dict[str, Result]:
    """The records of the steps that are done, by name."""
    found = {step.name: read(place.record(step.name)) for step in steps}
    return {name: record for name, record in found.items() if record is not None}


def read(file: Path) -> dict[str, Any] | None:
    try:
        return cast(dict[str, Any], json.loads(file.read_text("utf-8")))
    except FileNotFoundError:
        return None


def write(file: Path, value: Mapping[str, Any]) -> None:
    """Whole or not at all."""
    write_text(file, json.dumps(value, ensure_ascii=False, allow_nan=False) + "\n")


def write_text(file: Path, text: str) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    partial = file.with_name(f"{file.name}.partial")
    partial.write_text(text, "utf-8")
    os.replace(partial, file)


def _short(value: object) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 60 else text[:60] + "…"
