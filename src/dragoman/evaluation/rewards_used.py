"""Which numbers a system was trained towards: of these, higher may mean no better."""

from __future__ import annotations

import json
import re
from collections.abc import Collection
from pathlib import Path
from typing import Any, cast

from dragoman.errors import UserError

RECIPE = "recipe.json"


def rewards_of(told: str) -> set[str]:
    """The rewards that a name, a training run's folder or its recipe.json tells of: a metric such
    as `chrf`, or an engine that judged."""
    path = Path(told)
    if path.is_dir():
        path = path / RECIPE
    elif path.suffix != ".json":
        # metric:comet:FOLDER is comet, wherever its model lies.
        return {told.removeprefix("metric:").partition(":")[0]} if "metric:" in told else {told}
    try:
        recipe: Any = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise UserError(f"{path}: cannot read: {error.strerror}") from None
    except ValueError as error:
        raise UserError(f"{path}: not JSON: {error}") from None
    judge: Any = cast(dict[str, Any], recipe).get("judge") if isinstance(recipe, dict) else None
    if not isinstance(judge, dict):
        raise UserError(f"{path}: no recipe with a [judge] that rewarded")
    table = cast(dict[str, Any], judge)
    names = [str(table[key]) for key in ("judge", "engine") if table.get(key)]
    return {one for name in names if name not in ("group", "pointwise") for one in rewards_of(name)}


def was_reward(name: str, rewards: Collection[str]) -> bool:
    """Whether a number's name is one of the rewards: chrF2 is chrf, metric:comet:X is comet."""
    return any(_plain(name) == _plain(reward) or name == reward for reward in rewards)


def _plain(name: str) -> str:
    return re.sub(r"[^a-z]", "", name.lower())
