"""A document of 10 MB through `dragoman document` and `dragoman translate`, killed twice.

The engine says each paragraph again with its cases changed. The run is killed (`kill -9`)
when a third and when two thirds of the calls are answered, and resumed. Both documents must be
the same bytes, and the peak of memory that of a document a tenth as long.

    python benchmarks/document.py [--megabytes 10] [--kills 2]
"""

from __future__ import annotations

import argparse
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from dragoman.engines.scripted import ScriptedEngine
from dragoman.types import Prompt, Sampling

WORDS = ["Haus", "Weg", "gehen", "alt", "neu", "schnell", "heute", "12", "Ärger", "über"]
RUN = ["translate", "in.jsonl", "-o", "out.jsonl", "--engine", "document:echo:calls.log"]


def echo(log: str, model: str | None = None) -> ScriptedEngine:
    """An engine that writes a line for each call to a file."""
    return ScriptedEngine.answering(_echo, model="echo", log=log)


def _echo(prompt: Prompt, sampling: Sampling) -> str:
    return "```\n" + prompt.text.split("```\n")[-2].strip("\n").swapcase() + "\n```"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--megabytes", type=float, default=10)
    parser.add_argument("--kills", type=int, default=2)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        small = Place(folder / "small", options.megabytes / 10)
        small.finish()
        whole = Place(folder / "whole", options.megabytes)
        seconds = whole.finish()
        killed = Place(folder / "killed", options.megabytes)
        calls = whole.calls()
        for kill in range(1, options.kills + 1):
            killed.translate(kill_at=calls * kill // (options.kills + 1))
        killed.finish()
        return told(small, whole, killed, seconds)


def told(small: Place, whole: Place, killed: Place, seconds: float) -> int:
    same = (whole.path / "out.txt").read_bytes() == (killed.path / "out.txt").read_bytes()
    segments = len((whole.path / "out.jsonl").read_text().splitlines())
    calls = killed.calls()
    size = (whole.path / "in.txt").stat().st_size
    print(f"{size / 1e6:.1f} MB, {segments} segments, translated in {seconds:.0f} s")
    print(f"{killed.kills} kills; equal to the undisturbed run: {'yes' if same else 'NO'}")
    print(f"calls answered in all {calls}, answered twice {calls - segments}")
    for verb in ("split", "translate", "join"):
        peaks = [place.peaks[verb] / 2**10 for place in (small, whole, killed)]
        print(
            f"peak of {verb}: {peaks[0]:.0f} MiB at a tenth of it, {peaks[1]:.0f} at all, "
            f"{peaks[2]:.0f} resumed"
        )
    return 0 if same else 1


class Place:
    """A folder with a document, and what its commands took."""

    def __init__(self, path: Path, megabytes: float):
        self.path, self.kills = path, 0
        self.peaks: dict[str, int] = {}
        path.mkdir()
        dice = random.Random(1)
        with (path / "in.txt").open("w", encoding="utf-8") as stream:
            size = 0
            while size < megabytes * 1e6:
                text = " ".join(dice.choices(WORDS, k=dice.randint(20, 120)))
                size += stream.write(text + dice.choice([".\n\n", ".\n  \n\n", "?\n\n"]))
        self._run("document", "split", "in.txt", "--from", "de", "--to", "en", "-o", "in.jsonl")

    def finish(self) -> float:
        """Translate to the end and join; the seconds of the former."""
        began = time.monotonic()
        self.translate()
        seconds = time.monotonic() - began
        self._run("document", "join", "in.txt", "out.jsonl", "-o", "out.txt")
        return seconds

    def calls(self) -> int:
        log = self.path / "calls.log"
        return log.read_bytes().count(b"\n") if log.exists() else 0

    def translate(self, kill_at: int | None = None) -> None:
        self._run(*RUN, kill_at=kill_at)

    def _run(self, *command: str, kill_at: int | None = None) -> None:
        here = str(Path(__file__).resolve().parent)
        path = os.pathsep.join(filter(None, [here, os.environ.get("PYTHONPATH")]))
        with (self.path / "errors.txt").open("w") as errors:
            process = subprocess.Popen(
                [sys.executable, "-m", "dragoman", *command],
                cwd=self.path,
                stderr=errors,
                env={**os.environ, "PYTHONPATH": path},
            )
        while not (ended := os.wait4(process.pid, os.WNOHANG))[0]:
            time.sleep(0.05)
            if kill_at is not None and self.calls() >= kill_at:
                os.kill(process.pid, signal.SIGKILL)
        _, status, usage = ended
        killed = os.waitstatus_to_exitcode(status) == -signal.SIGKILL
        self.kills += killed
        if not killed and status:
            sys.exit((self.path / "errors.txt").read_text())
        verb = command[1] if command[0] == "document" else command[0]
        self.peaks[verb] = max(self.peaks.get(verb, 0), usage.ru_maxrss)


if __name__ == "__main__":
    sys.exit(main())
