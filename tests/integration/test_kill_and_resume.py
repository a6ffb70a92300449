"""A small run of `benchmarks/kill_and_resume.py`, which proves resuming."""

from __future__ import annotations

from pathlib import Path

import pytest
from benchmarks.kill_and_resume import kill_and_resume


def test_nothing_is_lost_changed_or_repeated(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert kill_and_resume(tmp_path, groups=600, kills=4, seed=3) == 0, capsys.readouterr().out
    assert " 0 kills" not in capsys.readouterr().out
