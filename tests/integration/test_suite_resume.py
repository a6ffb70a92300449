"""`kill -9` in the middle of a suite: what is finished is not asked again."""

from __future__ import annotations

import json
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

from tests.evaluating import row, write

GROUPS = 60
SUITE = """
[sets]
one = "one.jsonl"
two = "two.jsonl"
[judges.chrF]
judge = "metric:chrf"
[judges.slow]
engine = "scripted:rules.jsonl"
concurrency = 4
"""
LEDGER = "suite.verdicts/slow.jsonl.ledger"


def test_a_killed_suite_goes_on(tmp_path: Path) -> None:
    killed, undisturbed = prepared(tmp_path / "killed"), prepared(tmp_path / "undisturbed")
    finish(undisturbed)
    process = start(killed)
    deadline = time.monotonic() + 60
    while len(calls(killed)) < GROUPS // 3 and time.monotonic() < deadline:
        assert process.poll() is None, (killed / "errors.txt").read_text()
        time.sleep(0.01)
    process.kill()
    process.wait()
    logged = len(calls(killed))
    with closing(sqlite3.connect(killed / LEDGER)) as database:
        ((kept,),) = database.execute("SELECT count(*) FROM replies")
    assert 0 < kept < GROUPS
    assert not (killed / "o.json").exists()
    finish(killed)
    assert len(calls(killed)) - logged == GROUPS - kept
    for name in ("o.json", "suite.verdicts/slow.jsonl"):
        assert (killed / name).read_bytes() == (undisturbed / name).read_bytes()


def prepared(folder: Path) -> Path:
    folder.mkdir()
    (folder / "suite.toml").write_text(SUITE)
    write(folder / "one.jsonl", [row(f"a{n}", [1, 2, 3]) for n in range(GROUPS // 2)])
    write(folder / "two.jsonl", [row(f"b{n}", [2, 1]) for n in range(GROUPS // 2)])
    rule = {"verdict": "hash", "delay": 0.05, "log": "calls.log"}
    (folder / "rules.jsonl").write_text(json.dumps(rule) + "\n")
    return folder


def start(folder: Path) -> subprocess.Popen[bytes]:
    call = ["-m", "dragoman", "evaluate", "ranking", "--suite", "suite.toml", "--json", "o.json"]
    with (folder / "errors.txt").open("ab") as errors:
        return subprocess.Popen(
            [sys.executable, *call], cwd=folder, stdout=subprocess.DEVNULL, stderr=errors
        )


def finish(folder: Path) -> None:
    assert start(folder).wait(120) == 0, (folder / "errors.txt").read_text()


def calls(folder: Path) -> list[str]:
    log = folder / "calls.log"
    return log.read_text().split() if log.exists() else []
