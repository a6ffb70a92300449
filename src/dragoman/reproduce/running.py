"""Steps run in processes of their own, a few at once, each with one thread.

All processes are forked from one that has the heavy packages loaded, because loading them
takes as long as a small step. When the first process dies, by whatever signal, the others
end themselves: a second start never meets a step that is still at work.
"""

from __future__ import annotations

import fcntl
import os
import sys
import threading
import time
import traceback
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from importlib import import_module
from multiprocessing import connection, get_context, parent_process
from typing import Any

from dragoman.errors import DragomanError, UserError
from dragoman.reproduce import plan
from dragoman.reproduce.plan import Place, Result, Step

WARM = ("dragoman.reproduce.warm",)

ONE_THREAD = {
    "OMP_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "TOKENIZERS_PARALLELISM": "false",
    "HF_HUB_OFFLINE": "1",
}


@dataclass(frozen=True)
class Progress:
    """Where a run stands: `running` are the names of steps at work."""

    done: int
    total: int
    running: tuple[str, ...]
    finished: str | None = None
    seconds: float = 0.0


OnProgress = Callable[[Progress], None]


def run(
    steps: Sequence[Step],
    place: Place,
    *,
    workers: int = 2,
    preload: Sequence[str] = WARM,
    on_progress: OnProgress = lambda progress: None,
) -> dict[str, Result]:
    """Run what is not done; the records of all steps by name.

    When a step fails, those that do not need it still run; then the failure is raised.
    """
    plan.check(steps)
    if workers < 1:
        raise UserError("there is at least one worker")
    with _alone(place), _environment(ONE_THREAD):
        context = get_context("forkserver")
        context.set_forkserver_preload(list(preload))
        failed = _run(steps, place, context, workers, on_progress)
    if failed:
        names = ", ".join(failed)
        raise DragomanError(f"not done: {names}; {place.log(failed[0])} says why")
    return plan.finished(place, steps)


def _run(
    steps: Sequence[Step], place: Place, context: Any, workers: int, on_progress: OnProgress
) -> list[str]:
    records = plan.finished(place, steps)
    waiting = [step for step in steps if step.name not in records]
    running: dict[Any, str] = {}
    failed: list[str] = []
    clock, spent = time.monotonic(), wall_seconds(place)

    def tell(finished: str | None = None, seconds: float = 0.0) -> None:
        told = Progress(len(records), len(steps), tuple(running.values()), finished, seconds)
        on_progress(told)

    try:
        while waiting or running:
            for step in [step for step in waiting if all(name in records for name in step.after)]:
                if len(running) < workers:
                    waiting.remove(step)
                    process = context.Process(target=work, args=(place, step))
                    process.start()
                    running[process] = step.name
                    tell()
            if not running:
                # What still waits, waits for a failed step.
                break
            connection.wait([process.sentinel for process in running])
            for process in [process for process in running if not process.is_alive()]:
                process.join()
                name = running.pop(process)
                record = plan.read(place.record(name))
                if record is None:
                    failed.append(name)
                    continue
                records[name] = record
                seconds = {"seconds": round(spent + time.monotonic() - clock, 1)}
                plan.write(place.folder / "wall.json", seconds)
                tell(name, record["seconds"])
    finally:
        for process in running:
            process.kill()
            process.join()
    return failed


def wall_seconds(place: Place) -> float:
    """How long all starts of a run took together, up to the last finished step."""
    return (plan.read(place.folder / "wall.json") or {"seconds": 0.0})["seconds"]


def work(place: Place, step: Step) -> None:
    """One step, in its own process; a record appears when it is done."""
    threading.Thread(target=_end_with_parent, daemon=True).start()
    log = place.log(step.name)
    log.parent.mkdir(parents=True, exist_ok=True)
    stream = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
    os.dup2(stream, 1)
    os.dup2(stream, 2)
    if "torch" in sys.modules:
        import_module("torch").set_num_threads(1)
    began, cpu = time.monotonic(), time.process_time()
    try:
        result = step.work(place, step.name, **step.told)
    except BaseException:  # noqa: BLE001
        # Whatever it was, the log has it and the other steps go on.
        traceback.print_exc()
        sys.stderr.flush()
        os._exit(1)
    spent = {
        "seconds": round(time.monotonic() - began, 2),
        "cpu_seconds": round(time.process_time() - cpu, 2),
    }
    plan.write(place.record(step.name), {"step": step.name, **spent, "result": result})
    # Engines may have threads that would be waited for.
    os._exit(0)


def _end_with_parent() -> None:
    parent = parent_process()
    if parent is not None:
        connection.wait([parent.sentinel])
        os._exit(1)


@contextmanager
def _alone(place: Place) -> Generator[None]:
    """Only one process runs the steps of a folder; a dead one holds no lock."""
    place.folder.mkdir(parents=True, exist_ok=True)
    with (place.folder / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise UserError(f"{place.folder} is being worked on by another process") from None
        yield


@contextmanager
def _environment(values: Mapping[str, str]) -> Generator[None]:
    before = {name: os.environ.get(name) for name in values}
    os.environ.update(values)
    try:
        yield
    finally:
        for name, value in before.items():
            with suppress(KeyError):
                del os.environ[name]
            if value is not None:
                os.environ[name] = value
