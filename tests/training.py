"""What tests of training share: a tiny model's world, recipes, and the curve that a run logs."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from dragoman.training.recipe import Recipe, read_recipe

ONE_THREAD = {**os.environ, "OMP_NUM_THREADS": "1", "ACCELERATE_USE_CPU": "true"}
DRAGOMAN = (sys.executable, "-m", "dragoman")
TRL = {
    "per_device_train_batch_size": 4,
    "logging_steps": 1,
    "save_steps": 2,
    "learning_rate": 5e-3,
    "activation_checkpointing": False,
    "use_cpu": True,
}


def write_rows(file: Path, rows: list[dict[str, Any]]) -> Path:
    file.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), "utf-8")
    return file


def lessons(count: int) -> list[dict[str, Any]]:
    """Which of two numbers is larger, in the score form of the wire format."""
    return [
        {"prompt": f"Compare {i % 7} and {i % 5}.", "response": f"A: {i % 7}, B: {i % 5}"}
        for i in range(count)
    ]


def gold_rows(count: int) -> list[dict[str, Any]]:
    return [
        {
            "id": str(i),
            "src_lang": "de",
            "tgt_lang": "en",
            "source": "Guten Morgen",
            "candidates": ["Good morning", "Bad night"],
            "scores": [8, i % 4],
        }
        for i in range(count)
    ]


def toml(table: Mapping[str, Any], prefix: str = "") -> str:
    """A mapping as TOML, tables last."""
    plain = [f"{k} = {json.dumps(v)}" for k, v in table.items() if not isinstance(v, dict)]
    inner = [
        f"[{prefix}{k}]\n{toml(v, f'{prefix}{k}.')}"
        for k, v in table.items()
        if isinstance(v, dict)
    ]
    return "\n".join([*plain, *inner]) + "\n"


def write_recipe(file: Path, tables: Mapping[str, Any]) -> Recipe:
    file.write_text(toml(tables), "utf-8")
    return read_recipe(tables, str(file))


def curve(output: Path, key: str = "loss") -> dict[int, float]:
    """What was logged under `key`, by step; a step that stands twice is an error."""
    lines = (output / "log.jsonl").read_text("utf-8").splitlines()
    points = [(row["step"], row[key]) for row in map(json.loads, lines) if key in row]
    assert len(dict(points)) == len(points), "a step was logged twice"
    return dict(points)


@contextmanager
def one_thread() -> Iterator[None]:
    import torch

    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)
