"""Desks for tests, which a process of its own can import."""

from __future__ import annotations

import os
import time

from dragoman.engines.batching import Job
from dragoman.errors import MissingExtra, PromptRefused
from dragoman.types import Completion, Reply, Usage


class ObedientDesk:
    """Answers with the prompt's own text and its process; some texts tell it to do otherwise."""

    def __init__(self) -> None:
        self._jobs: list[Job] = []
        self._dropped = 0

    def take(self, jobs: list[Job]) -> None:
        self._jobs += jobs

    def step(self) -> bool:
        waiting: list[Job] = []
        for job in self._jobs:
            if job.gone:
                self._dropped += 1
            elif job.prompt.text == "wait":
                waiting.append(job)
            else:
                self._obey(job)
        self._jobs = waiting
        time.sleep(0.001)
        return bool(waiting)

    def close(self) -> None:
        self._jobs.clear()

    def _obey(self, job: Job) -> None:
        match job.prompt.text:
            case "refuse":
                job.fail(PromptRefused("I will not"))
            case "break":
                raise RuntimeError("it broke")
            case "die":
                os._exit(3)
            case "print":
                os.write(1, b"noise\n")
                print("more noise", flush=True)
                job.answer(Completion((Reply("printed"),)))
            case "dropped":
                job.answer(Completion((Reply(str(self._dropped)),)))
            case text:
                job.answer(Completion((Reply(f"{text} 🙂"), Reply(str(os.getpid()))), Usage(1, 2)))


def lacking() -> ObedientDesk:
    raise MissingExtra("a-package", "an-extra")


def broken() -> ObedientDesk:
    raise RuntimeError("it does not open")


def single(place: str) -> ObedientDesk:
    """Opens in one process, whose number it writes to that place, and in no other."""
    try:
        with open(place, "x") as file:
            file.write(str(os.getpid()))
    except FileExistsError:
        return lacking()
    return ObedientDesk()
