"""One thread that answers what many coroutines ask, in whatever batches are waiting.

An engine gives a `Desk`: it takes jobs and works on them step by step. No caller ever
waits in vain: every job is answered, failed or abandoned, also when the desk breaks down.
"""

from __future__ import annotations

import asyncio
import logging
import threading
from concurrent.futures import Future, InvalidStateError
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Protocol

from dragoman.errors import EngineError, EngineRefused
from dragoman.types import Completion, Prompt, Sampling

logger = logging.getLogger(__name__)

# How long an idle thread waits for the siblings of a first job, in seconds.
SETTLE = 0.002


@dataclass(frozen=True, slots=True, eq=False)
class Job:
    """One question and the place for its answer."""

    prompt: Prompt
    sampling: Sampling
    future: Future[Completion] = field(default_factory=Future[Completion])

    @property
    def gone(self) -> bool:
        """Nobody waits any more: it is answered, or the caller went away."""
        return self.future.done()

    def answer(self, completion: Completion) -> None:
        with suppress(InvalidStateError):  # the caller went away in this moment
            self.future.set_result(completion)

    def fail(self, error: Exception) -> None:
        with suppress(InvalidStateError):
            self.future.set_exception(error)


class Desk(Protocol):
    """Where jobs are worked on, always by the same thread."""

    def take(self, jobs: list[Job]) -> None:
        """Begin these jobs beside those under way."""
        ...

    def step(self) -> bool:
        """Work a little; say whether work is left. Jobs that are gone may be dropped."""
        ...

    def close(self) -> None:
        """Drop everything. Nothing is asked of the desk afterwards."""
        ...


class Batcher:
    """Carries jobs from coroutines to a desk in a thread of its own."""

    def __init__(self, name: str, desk: Desk):
        self._name = name
        self._new: list[Job] = []
        self._open: set[Job] = set()
        self._end: Exception | None = None
        self._changed = threading.Condition()
        self._thread = threading.Thread(
            target=self._run, args=(desk,), name=f"dragoman {name}", daemon=True
        )
        self._thread.start()

    @property
    def under_way(self) -> int:
        """How many jobs wait for their answer."""
        return len(self._open)

    async def complete(self, prompt: Prompt, sampling: Sampling) -> Completion:
        """The desk's answer. To cancel this is to abandon the job."""
        job = Job(prompt, sampling)
        self.put(job)
        return await asyncio.wrap_future(job.future)

    def put(self, job: Job) -> None:
        """Lay a job on the desk; its future tells when it is done."""
        job.future.add_done_callback(lambda _: self._open.discard(job))
        with self._changed:
            if self._end is not None:
                raise EngineRefused(str(self._end))
            self._new.append(job)
            self._open.add(job)
            self._changed.notify()

    async def close(self) -> None:
        """Fail what is waiting and wait until the thread has ended."""
        self._finish("was closed")
        while self._thread.is_alive():
            await asyncio.sleep(0.002)
        self._thread.join()

    def _run(self, desk: Desk) -> None:
        busy = False
        try:
            while (jobs := self._take(idle=not busy)) is not None:
                desk.take(jobs)
                busy = desk.step()
        except Exception as error:
            logger.exception("%s broke down", self._name)
            self._finish(f"broke down: {error}")
        finally:
            with suppress(Exception):  # what broke down may not close either
                desk.close()

    def _take(self, idle: bool) -> list[Job] | None:
        """What is new; waits for something when idle. None once the engine is closed."""
        with self._changed:
            if idle:
                self._changed.wait_for(lambda: self._new or self._end)
                self._changed.wait_for(lambda: self._end, timeout=SETTLE)
            if self._end is not None:
                return None
            jobs, self._new = self._new, []
            return jobs

    def _finish(self, reason: str) -> None:
        with self._changed:
            self._end = self._end or EngineError(f"{self._name} {reason}")
            self._changed.notify()
            waiting = list(self._open)
        for job in waiting:
            job.fail(self._end)
