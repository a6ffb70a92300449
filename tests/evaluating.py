"""What tests of `dragoman evaluate` share: the program in an empty folder, and files for it."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from dragoman.cli import main

Program = Callable[..., int]


@pytest.fixture
def dragoman(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Program:
    """The program, in an empty folder."""
    monkeypatch.chdir(tmp_path)

    def call(*arguments: str) -> int:
        monkeypatch.setattr(sys, "argv", ["dragoman", *arguments])
        with pytest.raises(SystemExit) as ended:
            main()
        return int(ended.value.code or 0)

    return call


def row(id: str, scores: Sequence[Any], **more: Any) -> dict[str, Any]:
    candidates = [f"text {place}{id}" for place in range(len(scores))]
    return {
        "id": id, "src_lang": "de", "tgt_lang": "en", "source": "Guten Morgen",
        "reference": "text 0", "candidates": candidates, "human_scores": list(scores), **more,
    }  # fmt: skip


def write(path: str | Path, rows: Sequence[Any]) -> Path:
    lines = [line if isinstance(line, str) else json.dumps(line) for line in rows]
    Path(path).write_text("".join(f"{line}\n" for line in lines))
    return Path(path)
