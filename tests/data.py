"""What tests of `dragoman data` share: a step run in a folder, and the rows that it wrote."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest
from tests.training import write_rows

from dragoman.cli import main

OUTPUT = "out.jsonl"


def data(
    folder: Path,
    step: str,
    *arguments: str | Path | Sequence[Mapping[str, Any]],
    output: str = OUTPUT,
) -> list[dict[str, Any]]:
    """Run a step; a list of rows among its arguments stands for a file of them. The rows that
    it wrote, or none where it refused."""
    words = [_word(folder, argument) for argument in arguments]
    run("data", step, *words, "-o", str(folder / output))
    written = folder / output
    return rows_of(written.read_text("utf-8")) if written.exists() else []


def run(*arguments: str) -> int:
    """The program's exit code."""
    with patch.object(sys, "argv", ["dragoman", *arguments]), pytest.raises(SystemExit) as exit:
        main()
    return int(exit.value.code or 0)


def rows_of(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines()]


def _word(folder: Path, argument: str | Path | Sequence[Mapping[str, Any]]) -> str:
    if isinstance(argument, str | Path):
        return str(argument)
    return str(write_rows(folder / "in.jsonl", [dict(row) for row in argument]))
