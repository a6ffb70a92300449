"""The folder of a training run: begun, gone on with after any stop, finished all at once.

    recipe.json      what the run was told; going on with something else is refused
    log.jsonl        every logged step
    checkpoint-N/    the last ones, whole or ignored
    rounds/          what self-play found and trained, round by round
    model/           the finished model: it appears by renaming, so it is never half there

Of several processes the first alone writes.
"""

from __future__ import annotations

import json
import os
import re
import shutil
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any, cast

from dragoman.errors import SettingsChanged, UserError
from dragoman.training.recipe import Recipe

CHECKPOINT = re.compile(r"checkpoint-(\d+)")
OURS = (
    "recipe.json",
    "log.jsonl",
    "samples.jsonl",
    "model",
    "model.partial",
    "runs",
    "rounds",
    "openvino",
    "checkpoint.pt",
    "checkpoint.partial",
)


def is_first() -> bool:
    """Whether this process writes and prints."""
    return os.environ.get("RANK", "0") == "0"


def begin(recipe: Recipe, output: Path, *, resume: bool) -> None:
    """Make the folder, or make sure that this recipe may go on in it."""
    begun = _begun(output)
    if begun is None and (taken := next(_places(output), None)):
        raise UserError(f"{output} holds {taken.name}, and no training run; choose another folder")
    if begun is not None:
        if (output / "model").exists():
            raise UserError(f"{output} holds a finished model; --overwrite trains it anew")
        if not resume:
            raise UserError(f"{output} holds a run; --resume goes on, --overwrite begins anew")
        _check_same(recipe, begun, output)
    output.mkdir(parents=True, exist_ok=True)
    told = json.dumps(_as_json(recipe), ensure_ascii=False, indent=1) + "\n"
    partial = output / "recipe.json.partial"
    partial.write_text(told, encoding="utf-8")
    os.replace(partial, output / "recipe.json")
    for folder in _checkpoints(output):
        if not _is_complete(folder):
            shutil.rmtree(folder)


def is_finished(recipe: Recipe, output: Path) -> bool:
    """Whether this recipe's model is there already; another recipe's is refused."""
    begun = _begun(output)
    if begun is None or not (output / "model").exists():
        return False
    _check_same(recipe, begun, output)
    return True


def clear(output: Path) -> None:
    """Take away what a run left in its folder, and nothing else."""
    if _begun(output) is None:
        return
    for place in _places(output):
        if place.is_dir():
            shutil.rmtree(place)
        else:
            place.unlink()


def last_checkpoint(output: Path) -> Path | None:
    """The newest checkpoint that was written to its end."""
    return max(filter(_is_complete, _checkpoints(output)), key=_step, default=None)


def put_model(partial: Path, output: Path) -> None:
    """The finished model appears under its name, whole."""
    os.replace(partial, output / "model")


def _checkpoints(output: Path) -> Iterator[Path]:
    return (path for path in output.glob("checkpoint-*") if CHECKPOINT.fullmatch(path.name))


def _step(checkpoint: Path) -> int:
    return int(checkpoint.name.rpartition("-")[2])


def _is_complete(checkpoint: Path) -> bool:
    """The trainer writes its state last, after weights, optimizer and random numbers."""
    return _read_json(checkpoint / "trainer_state.json") is not None


def _begun(output: Path) -> dict[str, Any] | None:
    """What the run in this folder was told, if one was begun there."""
    told = _read_json(output / "recipe.json")
    return told if told and told.keys() >= {"stage", "model", "trl"} else None


def _places(output: Path) -> Iterator[Path]:
    """What is there that a run would write."""
    yield from (output / name for name in OURS if (output / name).exists())
    yield from list(_checkpoints(output))


def _check_same(recipe: Recipe, begun: dict[str, Any], output: Path) -> None:
    told = _as_json(recipe)
    if changed := [key for key in told if told[key] != begun.get(key)]:
        raise SettingsChanged(f"{output} was begun with another {changed[0]!r}; give the same")


def _as_json(recipe: Recipe) -> dict[str, Any]:
    told = asdict(recipe)
    # The same recipe may be called by another name.
    del told["name"]
    return cast(dict[str, Any], json.loads(json.dumps(told)))


def _read_json(file: Path) -> dict[str, Any] | None:
    try:
        return cast(dict[str, Any], json.loads(file.read_text(encoding="utf-8")))
    except (OSError, ValueError):
        return None
