"""What is decided before Ray is begun; `tests/integration/test_on_ray.py` begins it."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.data import run
from tests.training import gold_rows, write_rows

from dragoman.ledger import Kept, Ledger
from dragoman.on_ray import missing


@pytest.mark.parametrize(
    ("flags", "complaint"),
    [
        ([], "--on ray wants an --output"),
        (["-o", "-"], "name a --ledger"),
        (["-o", "out.jsonl", "--no-ledger"], "name a --ledger"),
        (["-o", "out.jsonl", "--max-calls", "3"], "a budget is counted by one process"),
        (["-o", "out.jsonl", "--actors", "0"], "at least one actor"),
    ],
)
def test_what_cannot_be_done_there(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    flags: list[str],
    complaint: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    write_rows(tmp_path / "in.jsonl", gold_rows(2))
    assert run("rank", "in.jsonl", "--judge", "metric:chrf", "--on", "ray", *flags) == 2
    assert complaint in capsys.readouterr().err
    assert not (tmp_path / "out.jsonl").exists()


def test_a_pipe_cannot_be_read_twice(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("rank", "-", "-o", "out.jsonl", "--on", "ray") == 2
    assert "the input is read twice" in capsys.readouterr().err


def test_only_what_the_ledger_lacks_is_done_and_once(tmp_path: Path) -> None:
    with Ledger(tmp_path / "l") as ledger:
        ledger.keep_record("done", Kept("line"))
        ledger.keep_record("failed", Kept("line", "truncated", 2))
        items = ["new", "done", "failed", "new"]
        assert list(missing(items, str, ledger, False)) == [("new", "new", 0)]
        again = [("new", "new", 0), ("failed", "failed", 2)]
        assert list(missing(items, str, ledger, True)) == again
