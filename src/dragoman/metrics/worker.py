"""A metric in a process of its own, spoken to over a pipe. workers/pipe.py is the other end."""

from __future__ import annotations

import json
import os
import subprocess
import threading
import weakref
from collections.abc import Mapping, Sequence
from contextlib import suppress
from math import isfinite
from queue import Empty, Queue
from tempfile import TemporaryFile
from typing import IO, Any, cast

from dragoman.errors import MetricFailed

# Seconds: a model of ten billion parameters takes minutes to load, and to read a batch on a CPU.
LOADING = 1800.0
ANSWERING = 1800.0
TOLD = 600
# Many weights are pickles. Of one that holds more than tensors and plain values nothing is run.
SAFE = {"TORCH_FORCE_WEIGHTS_ONLY_LOAD": "1"}


class Worker:
    """A running process. Nothing that goes wrong in it goes unsaid, and it ends with ours: its
    input is then closed."""

    def __init__(
        self, name: str, command: Sequence[str], *, loading: float = LOADING,
        answering: float = ANSWERING,
    ):  # fmt: skip
        self.name, self._answering = name, answering
        self._lock = threading.Lock()
        self._complaints = TemporaryFile()  # noqa: SIM115 - as long as the process
        self._process = subprocess.Popen(  # noqa: S603
            [*command], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self._complaints,
            encoding="utf-8", env={**os.environ, **SAFE},
        )  # fmt: skip
        self._lines: Queue[str] = Queue()
        answers = cast(IO[str], self._process.stdout)
        threading.Thread(target=_listen, args=(answers, self._lines), daemon=True).start()
        self._end = weakref.finalize(self, _end, self._process, self._complaints)
        try:
            self.told: Mapping[str, str] = self._answer(loading)["ready"]
        except MetricFailed:
            self.close()
            raise

    def ask(self, rows: Sequence[Mapping[str, str]]) -> list[float]:
        """A number for each row."""
        with self._lock:
            try:
                pipe = cast(IO[str], self._process.stdin)
                pipe.write(json.dumps({"rows": [*rows]}) + "\n")
                pipe.flush()
            except (OSError, ValueError):
                raise self._failed("its process has ended") from None
            scores: Any = self._answer(self._answering).get("scores")
        if not isinstance(scores, list):
            raise self._failed("it answered something else than scores")
        numbers = cast(list[float], scores)
        if len(numbers) != len(rows) or not all(map(isfinite, numbers)):
            raise self._failed(f"{len(numbers)} scores for {len(rows)} texts, or one is no number")
        return numbers

    def close(self) -> None:
        """End the process. Asking afterwards is an error."""
        self._end()

    def _answer(self, seconds: float) -> dict[str, Any]:
        try:
            line = self._lines.get(timeout=seconds)
        except Empty:
            self._process.kill()
            raise self._failed(f"no answer within {seconds:g} s") from None
        if not line:
            code = self._process.wait()
            how = f"killed by signal {-code}" if code < 0 else f"ended with {code}"
            raise self._failed(f"its process was {how}" if code < 0 else f"its process {how}")
        try:
            answer = json.loads(line)
        except ValueError:
            raise self._failed("it answered no JSON") from None
        if "error" in answer:
            raise MetricFailed(f"{self.name}: {answer['error']}")
        return cast(dict[str, Any], answer)

    def _failed(self, problem: str) -> MetricFailed:
        """The error, with the end of what the process complained of. It is of no use any more."""
        last = ""
        if self._end.alive:
            self._process.kill()
            self._process.wait()
            self._complaints.seek(0, 2)
            self._complaints.seek(max(0, self._complaints.tell() - TOLD))
            last = self._complaints.read().decode("utf-8", "replace").strip()
            self.close()
        return MetricFailed(
            f"{self.name}: {problem}" + (f"; it said last: …{last}" if last else "")
        )


def _listen(answers: IO[str], lines: Queue[str]) -> None:
    for line in answers:
        lines.put(line)
    # What ended says nothing more.
    lines.put("")


def _end(process: subprocess.Popen[str], complaints: IO[bytes]) -> None:
    process.kill()
    process.wait()
    for stream in (process.stdin, process.stdout, complaints):
        with suppress(OSError):
            cast(IO[Any], stream).close()
