"""Copies of a model, each in a process of its own: both ends of the pipe between us and one.

Threads would only take turns: a step of OpenVINO GenAI keeps Python's lock from beginning to end.
"""

from __future__ import annotations

import asyncio
import os
import pickle
import signal
import subprocess
import sys
import threading
import weakref
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
from functools import partial
from itertools import count
from typing import IO, cast

from dragoman.engines.batching import Batcher, Desk, Job
from dragoman.errors import DragomanError, EngineError, EngineRefused, UserError
from dragoman.types import Completion, Prompt, Sampling

# Seconds between the last word of a process and its end.
ENDING = 5.0


class Copy:
    """A desk in another process, which ends with ours: its input is then closed."""

    def __init__(self, name: str, make_desk: Callable[[], Desk]):
        self._name = name
        self._open: dict[int, Job] = {}
        self._numbers = count()
        self._end: Exception | None = None
        self._lock = threading.Lock()
        self._process = subprocess.Popen(
            [sys.executable, "-m", "dragoman.engines.copies"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            # It finds what we find, the maker of its desk above all.
            env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        )  # fmt: skip
        self._to, self._from = (
            cast(IO[bytes], pipe) for pipe in (self._process.stdin, self._process.stdout)
        )
        self._stop = weakref.finalize(self, self._process.kill)
        self.ready = Future[None]()
        self._listener = threading.Thread(
            target=self._listen, name=f"dragoman copy of {name}", daemon=True
        )
        self._listener.start()
        self._say((name, make_desk))

    @property
    def under_way(self) -> int:
        """How many jobs wait for their answer."""
        return len(self._open)

    async def complete(self, prompt: Prompt, sampling: Sampling) -> Completion:
        """The copy's answer. To cancel this is to abandon the job."""
        job, number = Job(prompt, sampling), next(self._numbers)
        with self._lock:
            if self._end is not None:
                raise EngineRefused(str(self._end))
            self._open[number] = job
            self._say((number, prompt, sampling))
        try:
            return await asyncio.wrap_future(job.future)
        finally:
            with self._lock:
                self._open.pop(number, None)
                if job.future.cancelled():
                    self._say((number, None, None))

    async def close(self) -> None:
        """Fail what is waiting and end the process."""
        self._finish(f"{self._name} was closed")
        self._stop()
        while self._listener.is_alive():
            await asyncio.sleep(0.002)

    def give_up(self) -> None:
        """End the process of one that does not open."""
        self._stop()
        self._listener.join()

    def _say(self, message: tuple[object, ...]) -> None:
        with suppress(OSError, ValueError):  # it has ended, which the listener notices
            pickle.dump(message, self._to)
            self._to.flush()

    def _listen(self) -> None:
        with suppress(EOFError, pickle.UnpicklingError):
            if (failure := pickle.load(self._from)) is not None:  # noqa: S301
                self.ready.set_exception(failure)
            else:
                self.ready.set_result(None)
            while True:
                number, answer = pickle.load(self._from)  # noqa: S301
                job = self._open.get(number)
                if job is None:  # its caller went away
                    continue
                if isinstance(answer, Exception):
                    job.fail(answer)
                else:
                    job.answer(answer)
        reason = self._how_it_ended()
        self._finish(reason)
        if not self.ready.done():
            self.ready.set_exception(EngineRefused(reason))
        for pipe in (self._to, self._from):
            with suppress(OSError):  # what was not yet sent
                pipe.close()

    def _how_it_ended(self) -> str:
        try:
            code = self._process.wait(timeout=ENDING)
        except subprocess.TimeoutExpired:
            self._process.kill()
            code = self._process.wait()
        how = f"killed by signal {-code}" if code < 0 else f"ended with {code}"
        return f"a copy of {self._name} broke down: its process was {how}"

    def _finish(self, reason: str) -> None:
        with self._lock:
            self._end = self._end or EngineError(reason)
            waiting = list(self._open.values())
        for job in waiting:
            job.fail(self._end)


def open_copies(name: str, make_desk: Callable[[], Desk], number: int) -> list[Copy]:
    """So many copies, which load side by side."""
    copies = [Copy(name, make_desk) for _ in range(number)]
    try:
        for copy in copies:
            copy.ready.result()
    except DragomanError:
        for copy in copies:
            copy.give_up()
        raise
    return copies


def serve(asked: IO[bytes], answers: IO[bytes]) -> None:
    """The other end: a desk for what comes through the pipe, until that is closed."""
    lock = threading.Lock()

    def say(message: object) -> None:
        with lock, suppress(OSError):  # nobody listens any more; the input ends soon
            pickle.dump(message, answers)
            answers.flush()

    def say_outcome(number: int, future: Future[Completion]) -> None:
        jobs.pop(number, None)
        if not future.cancelled():
            say((number, future.exception() or future.result()))

    name, make_desk = pickle.load(asked)  # noqa: S301
    try:
        batcher = Batcher(name, make_desk())
    except DragomanError as error:
        say(UserError(str(error)))  # its own class may want other arguments
        return
    say(None)
    jobs: dict[int, Job] = {}
    with suppress(EOFError):
        while True:
            number, prompt, sampling = pickle.load(asked)  # noqa: S301
            if prompt is None:
                if job := jobs.get(number):
                    job.future.cancel()
                continue
            job = jobs[number] = Job(prompt, sampling)
            job.future.add_done_callback(partial(say_outcome, number))
            try:
                batcher.put(job)
            except DragomanError as error:
                job.fail(error)


def main() -> None:
    # A run that is interrupted still waits for the answers under way.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what libraries print is no answer
    serve(sys.stdin.buffer, answers)
    answers.flush()
    os._exit(0)  # whatever is under way is for nobody


if __name__ == "__main__":
    main()
