"""Annotate many groups with the scripted engine, `kill -9` the run, and resume it each time.

The engine logs every call that it answers. After a kill, what it has answered and the ledger
does not hold was under way; at the end, answers beyond the two a group that were not lost in
that way are finished calls made again, of which there must be none.

    python benchmarks/annotate.py [--groups 20000] [--kills 3] [--seed 0]
"""

from __future__ import annotations

import argparse
import json
import random
import resource
import sqlite3
import subprocess
import sys
import tempfile
import time
from contextlib import closing
from pathlib import Path

ORDERS = 2
LEDGER = "out.jsonl.ledger"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--groups", type=int, default=20_000)
    parser.add_argument("--kills", type=int, default=3)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_groups(folder / "groups.jsonl", options.groups)
        rule = {"verdict": "hash", "log": "calls.log"}
        (folder / "rules.jsonl").write_text(json.dumps(rule) + "\n")
        return kill_and_resume(folder, options.groups, options.kills, options.seed)


def kill_and_resume(folder: Path, groups: int, kills: int, seed: int) -> int:
    """A kill at a random moment of each part of the work; 0 if nothing was lost or repeated."""
    dice = random.Random(seed)
    lost = 0
    for part in range(kills):
        goal = int(ORDERS * groups * (part + dice.random()) / (kills + 1))
        done, began = logged(folder), time.monotonic()
        process = start(folder)
        while process.poll() is None and logged(folder) < goal:
            time.sleep(0.2)
        peak, seconds = memory(process.pid), time.monotonic() - began
        process.kill()
        process.wait()
        under_way = logged(folder) - lost - kept(folder)
        lost += under_way
        new = (logged(folder) - done) // ORDERS
        print(f"killed after {seconds:.0f} s: {new} groups, {peak}, {under_way} calls under way")
    done, began = logged(folder), time.monotonic()
    process = start(folder)
    peak = ""
    while process.poll() is None:
        peak = memory(process.pid) or peak
        time.sleep(0.2)
    seconds = time.monotonic() - began
    if process.returncode:
        sys.exit((folder / "errors.txt").read_text())
    new = (logged(folder) - done) // ORDERS
    print(f"finished after {seconds:.0f} s: {new} groups, {peak}")
    print((folder / "errors.txt").read_text().splitlines()[-1])
    complete = check(folder / "out.jsonl", groups)
    repeated = logged(folder) - lost - ORDERS * groups
    size = sum(file.stat().st_size for file in folder.glob(f"{LEDGER}*")) / 2**20
    print(f"{groups} groups, each annotated once, in order: {'yes' if complete else 'NO'}")
    print(f"finished calls made again: {repeated}; the ledger has {size:.0f} MiB")
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    work = (used.ru_utime + used.ru_stime) / groups * 1000
    print(f"processor time: {work:.2f} ms a group, {kills + 1} starts included")
    return 0 if complete and not repeated else 1


def write_groups(path: Path, groups: int) -> None:
    """Groups of two to four made-up candidates, all different."""
    dice = random.Random(1)
    with path.open("w") as file:
        for i in range(groups):
            texts = [f"translation {dice.random()} of {i}" for _ in range(2 + i % 3)]
            row = {"id": f"{i}", "src_lang": "de", "tgt_lang": "en", "source": f"Satz {i}"}
            file.write(json.dumps({**row, "candidates": texts}) + "\n")


def start(folder: Path) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "dragoman", "data", "annotate", "groups.jsonl"]
    flags = ["-o", "out.jsonl", "--engine", "scripted:rules.jsonl", "--orders", str(ORDERS)]
    with (folder / "errors.txt").open("ab") as errors:
        return subprocess.Popen([*command, *flags], cwd=folder, stderr=errors)


def logged(folder: Path) -> int:
    """Calls that the engine has answered: each is a line of 33 bytes."""
    path = folder / "calls.log"
    return path.stat().st_size // 33 if path.exists() else 0


def kept(folder: Path) -> int:
    """Replies in the ledger."""
    with closing(sqlite3.connect(folder / LEDGER)) as database:
        return database.execute("SELECT count(*) FROM replies").fetchone()[0]


def memory(process: int) -> str:
    """The most memory that a process has had so far."""
    try:
        status = Path(f"/proc/{process}/status").read_text()
    except OSError:
        return ""
    peak = [line.split()[1] for line in status.splitlines() if line.startswith("VmHWM")]
    return f"{int(peak[0]) // 1024} MiB at the peak" if peak else ""


def check(path: Path, groups: int) -> bool:
    """Whether there is one good row for each group, in their order."""
    count = 0
    with path.open(encoding="utf-8") as lines:
        for count, line in enumerate(lines, start=1):
            row = json.loads(line)
            if row["id"] != str(count - 1) or row["status"] != "ok" or row["confidence"] is None:
                return False
    return count == groups


if __name__ == "__main__":
    sys.exit(main())
