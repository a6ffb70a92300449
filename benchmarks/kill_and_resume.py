"""`kill -9` a run at random moments, resume it each time, and hold it against an undisturbed run.

Counts what must be zero: finished calls that were made again. A call is finished when its
reply is in the ledger; the engine logs every call it answers, so the log after a kill must
hold no call whose reply the ledger held at that kill.

    python benchmarks/kill_and_resume.py [--groups 5000] [--kills 20] [--seed 0]
"""

from __future__ import annotations

import argparse
import json
import random
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from dragoman.asking import cache_key
from dragoman.engines.scripted import ScriptedEngine
from dragoman.formats import make_format
from dragoman.records import read_groups
from dragoman.signature import digest
from dragoman.types import Sampling

DELAY = 0.05  # seconds a call takes: every kill hits calls under way
START_UP = 0.5  # seconds before the first call
LEDGER = "out.jsonl.ledger"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--groups", type=int, default=5000)
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        return kill_and_resume(Path(folder), options.groups, options.kills, options.seed)


def kill_and_resume(folder: Path, groups: int, kills: int, seed: int) -> int:
    """Do all of it in an empty folder; 0 if nothing was lost, changed or repeated."""
    write_groups(folder / "groups.jsonl", groups)
    undisturbed, killed = prepared(folder / "undisturbed"), prepared(folder / "killed")
    began = time.monotonic()
    finish(undisturbed)
    seconds = time.monotonic() - began
    key_of_call = keys_by_logged_call(folder)

    dice = random.Random(seed)
    done_kills = repeated = lost = 0
    kept: set[str] = set()
    for _ in range(kills):
        logged = len(calls_logged(killed))
        # All lives together are shorter than the undisturbed run, so that every kill strikes one.
        moment = START_UP + dice.random() * 1.2 * seconds / (kills + 1)
        process = start(killed)
        try:
            process.wait(moment)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            done_kills += 1
        repeated += sum(key_of_call[call] in kept for call in calls_logged(killed)[logged:])
        now_kept = keys_kept(killed)
        lost += len(kept - now_kept)
        kept = now_kept
    logged = len(calls_logged(killed))
    finish(killed)
    repeated += sum(key_of_call[call] in kept for call in calls_logged(killed)[logged:])

    same = (killed / "out.jsonl").read_bytes() == (undisturbed / "out.jsonl").read_bytes()
    calls = len(calls_logged(killed))
    print(f"{groups} groups; {done_kills} kills; the undisturbed run took {seconds:.1f} s")
    print(f"output byte-equal to the undisturbed run: {'yes' if same else 'NO'}")
    print(f"finished calls made again: {repeated}; finished replies lost: {lost}")
    print(f"calls answered in all: {calls}; answered twice: {calls - groups}")
    return 0 if same and not repeated and not lost else 1


def write_groups(path: Path, groups: int) -> None:
    """Groups of two to four made-up candidates, all different."""
    dice = random.Random(1)
    with path.open("w") as file:
        for i in range(groups):
            texts = [f"translation {dice.random()} of {i}" for _ in range(2 + i % 3)]
            row = {"id": f"{i}", "src_lang": "de", "tgt_lang": "en", "source": f"Satz {i}"}
            file.write(json.dumps({**row, "candidates": texts}) + "\n")


def prepared(folder: Path) -> Path:
    """A run's own folder, with the script of an engine that takes its time and logs its calls."""
    folder.mkdir()
    rule = {"verdict": "hash", "delay": DELAY, "log": "calls.log"}
    (folder / "rules.jsonl").write_text(json.dumps(rule) + "\n")
    return folder


def start(folder: Path) -> subprocess.Popen[bytes]:
    program = str(Path(sys.executable).parent / "dragoman")
    flags = ["-o", "out.jsonl", "--engine", "scripted:rules.jsonl"]
    with (folder / "errors.txt").open("ab") as errors:
        return subprocess.Popen(
            [program, "rank", "../groups.jsonl", *flags], cwd=folder, stderr=errors
        )


def finish(folder: Path) -> None:
    if start(folder).wait() != 0:
        sys.exit((folder / "errors.txt").read_text())


def keys_by_logged_call(folder: Path) -> dict[str, str]:
    """For every call, as the engine logs it, its key in the ledger."""
    engine = ScriptedEngine(str(folder / "killed" / "rules.jsonl"))
    format, sampling = make_format("gqm"), Sampling()
    prompts = [format.write(group) for group in read_groups(folder / "groups.jsonl")]
    return {
        digest([p.text, sampling.seed, sampling.n]): cache_key(engine, p, sampling, format)
        for p in prompts
    }


def calls_logged(folder: Path) -> list[str]:
    path = folder / "calls.log"
    return path.read_text().split() if path.exists() else []


def keys_kept(folder: Path) -> set[str]:
    """The keys of replies in a copy of the ledger, as a new process would find them."""
    copy = folder / "copy"
    shutil.rmtree(copy, ignore_errors=True)
    copy.mkdir()
    for file in folder.glob(f"{LEDGER}*"):
        shutil.copy(file, copy / file.name)
    if not (copy / LEDGER).exists():
        return set()
    database = sqlite3.connect(copy / LEDGER)
    try:
        if not list(database.execute("SELECT * FROM sqlite_master WHERE name = 'replies'")):
            return set()
        return {key for (key,) in database.execute("SELECT key FROM replies")}
    finally:
        database.close()


if __name__ == "__main__":
    sys.exit(main())
