"""Judge many groups by the actors of a Ray cluster, `kill -9` one midway, and hold the verdicts
against those of a run without Ray.

Ray wants `pip install 'dragoman[ray]'`. Three runs over the same groups: here, on Ray, and on Ray
with an actor killed once a third of the shards are done. Before them one group alone on Ray says
what it takes to begin and end the cluster and its actors. Beside the seconds by the clock stands
the processor time of all processes of a run, which other work on the machine hardly changes.

    python benchmarks/on_ray.py [--groups 2000] [--actors 2] [--engine NAME] [--threads N]
"""

from __future__ import annotations

import argparse
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from dragoman.on_ray import SHARD


@dataclass(frozen=True)
class Cost:
    seconds: float
    processor: float

    def __str__(self) -> str:
        return f"{self.seconds:.1f} s, {self.processor:.1f} s of processor time"

    def beside(self, other: Cost) -> str:
        return (
            f"{self.seconds / other.seconds:.2f} times as long, "
            f"{self.processor / other.processor:.2f} times the processor time"
        )


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--groups", type=int, default=2000)
    parser.add_argument("--actors", type=int, default=2)
    parser.add_argument("--engine", default="phrasebook:base")
    parser.add_argument("--threads", type=int, help="of an engine in this process or an actor's")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        make = ["phrasebook", "data", "groups", "-o", "groups.jsonl"]
        finish(start(folder, *make, "--size", str(options.groups)), folder)
        judge = ["--engine", options.engine]
        if options.threads:
            judge += ["--engine-option", f"threads={options.threads}"]
        return compare(folder, options.groups, options.actors, judge)


def compare(folder: Path, groups: int, actors: int, judge: list[str]) -> int:
    """All runs; 0 if the three say the same."""
    on_ray = ["--on", "ray", "--actors", str(actors)]
    with (folder / "groups.jsonl").open("rb") as lines:
        (folder / "one.jsonl").write_bytes(lines.readline())
    alone = finish(start(folder, "rank", "one.jsonl", *judge, "-o", "alone.jsonl", *on_ray), folder)
    print(f"one group on Ray: {alone}", flush=True)
    rank = ["rank", "groups.jsonl", *judge, "-o"]
    here = finish(start(folder, *rank, "here.jsonl"), folder)
    print(f"here: {here}", flush=True)
    ray = finish(start(folder, *rank, "ray.jsonl", *on_ray), folder)
    print(f"on Ray, {actors} actors: {ray}; {ray.beside(here)}", flush=True)
    process = start(folder, *rank, "killed.jsonl", *on_ray)
    done = wait_for_shards(process, folder / "killed.jsonl.ledger.shards", groups // SHARD // 3)
    killed = kill_an_actor(process.pid)
    rest = finish(process, folder)
    print(f"actor {killed} killed after {done} shards of {SHARD}; the rest: {rest}")
    wanted = (folder / "here.jsonl").read_bytes()
    same = [(folder / f"{name}.jsonl").read_bytes() == wanted for name in ("ray", "killed")]
    verdicts = len(wanted.splitlines())
    print(f"{verdicts} verdicts, to the byte those of the run here: {same}")
    return 0 if killed and all(same) and verdicts == groups else 1


def start(folder: Path, *words: str) -> subprocess.Popen[bytes]:
    with (folder / "errors.txt").open("ab") as errors:
        command = [sys.executable, "-m", "dragoman", *words]
        return subprocess.Popen(command, cwd=folder, stdout=errors, stderr=errors)


def finish(process: subprocess.Popen[bytes], folder: Path) -> Cost:
    """Wait for a run that has just begun; what it took."""
    began = time.monotonic()
    used: dict[int, int] = {}
    while process.poll() is None:
        for one in family(process.pid):
            used[one] = ticks(one) or used.get(one, 0)
        time.sleep(0.2)
    if process.returncode:
        sys.exit((folder / "errors.txt").read_text())
    return Cost(time.monotonic() - began, sum(used.values()) / os.sysconf("SC_CLK_TCK"))


def wait_for_shards(process: subprocess.Popen[bytes], place: Path, count: int) -> int:
    """Wait until so many shards have come and gone."""
    seen: set[str] = set()
    while process.poll() is None:
        there = {file.name for file in place.glob("*") if "-" not in file.name}
        seen |= there
        if len(seen - there) >= max(count, 1):
            return len(seen - there)
        time.sleep(0.02)
    return 0


def kill_an_actor(driver: int) -> int | None:
    """`kill -9` an actor of the cluster that this process has begun: its grandchild."""
    for place in Path("/proc").glob("[0-9]*"):
        name = words(place / "cmdline")
        if name.startswith("ray::MapWorker") and parent(parent(int(place.name))) == driver:
            os.kill(int(place.name), signal.SIGKILL)
            return int(place.name)
    return None


def family(first: int) -> Iterator[int]:
    """A process, and all that it has begun and they have."""
    children = Path(f"/proc/{first}/task").glob("*/children")
    yield first
    for child in " ".join(map(words, children)).split():
        yield from family(int(child))


def ticks(process: int) -> int:
    """The processor time of a process so far."""
    fields = words(Path(f"/proc/{process}/stat")).rpartition(")")[2].split()
    return int(fields[11]) + int(fields[12]) if fields else 0


def parent(process: int) -> int:
    status = words(Path(f"/proc/{process}/status"))
    return int(status.partition("PPid:")[2].split()[0]) if status else 0


def words(place: Path) -> str:
    """What stands in a file about a process, which may have ended."""
    try:
        return place.read_text()
    except OSError:
        return ""


if __name__ == "__main__":
    sys.exit(main())
