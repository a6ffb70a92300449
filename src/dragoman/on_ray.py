"""The mass loop on a Ray cluster: actors work through shards, each as a small run of its own.

The items that the ledger lacks are cut into shards. Ray Data gives them to actors, each of which
has an engine and works as a local run does, with a ledger of the shard's own in `LEDGER.shards`.
A finished shard is taken into the run's ledger, and its file removed; the shard of a killed actor
is given to another, which finds in the file what was paid for. What becomes of the lines is the
business of whoever reads the ledger: the same for every number of actors, and for none.

The actors' machines must see the ledger's folder, and whatever files the engine reads.
"""

from __future__ import annotations

import asyncio
import json
import logging
import os
import shutil
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any, Generic, TypeAlias, TypeVar

from dragoman.asking import ReplyCache
from dragoman.engines import Engine
from dragoman.engines.metered import MeteredEngine
from dragoman.errors import DragomanError, MissingExtra, UserError
from dragoman.ledger import Ledger
from dragoman.runs import Progress, Record, Run, Worker
from dragoman.signature import digest
from dragoman.types import Completion

Item = TypeVar("Item")
Value = TypeVar("Value")

# A killed actor's shard is read anew from its file, and a stopped run is told so often.
SHARD = 64
# What an actor asks of a machine's processors is for Ray's books: it mostly waits for an engine.
PROCESSORS = 0.5

_Task: TypeAlias = tuple[Item, str, int]
"""An item, its key, and how often it was tried before."""


@dataclass(frozen=True)
class Crew(Generic[Item, Value]):
    """What each actor does, and how many there are.

    `open_engine` and `hire` are called in the actors' processes, where they must mean the same.
    """

    open_engine: Callable[[], Engine | None]
    hire: Callable[[MeteredEngine | None, ReplyCache | None], Worker[Item, Value]]
    concurrency: int = 16
    actors: int = 2
    gpus: float = 0.0

    def __post_init__(self) -> None:
        if self.actors < 1 or self.gpus < 0:
            raise UserError("there is at least one actor, with no GPU or more")

    def open(self) -> MeteredEngine | None:
        engine = self.open_engine()
        return MeteredEngine(engine) if engine else None

    def fields(self, ray: Any) -> Mapping[str, object]:
        """Who works, as an actor says it: this machine may lack what engines need."""
        ask = ray.remote(num_cpus=PROCESSORS, num_gpus=self.gpus)(_fields)
        return _unless_stopped(ray.get(ask.remote(self)))

    def fill(
        self,
        ray: Any,
        tasks: Iterable[_Task[Item]],
        ledger: Ledger,
        progress: Progress,
        on_progress: Callable[[Progress], None],
    ) -> dict[str, Record[Value]]:
        """Have the actors do the tasks, and keep the records; those that are not final are
        given back under their keys."""
        place = ledger.shards
        # In Ray's store rather than here: there it may spill to the disk.
        shards: list[Any] = []
        progress.total = 0
        for shard in _cut(tasks):
            shards.append(ray.put(shard))
            progress.total += len(shard)
        lacking: dict[str, Record[Value]] = {}
        if shards:
            place.mkdir(exist_ok=True)
            for report in self._reports(ray, shards, place):
                told = _unless_stopped(json.loads(report))
                if not (file := place / told["shard"]).exists():
                    raise UserError(f"{file} is not here; all machines must see that folder")
                ledger.absorb(file)
                for key, line, failed, detail in told["lacking"]:
                    lacking[key] = Record(line, failed, detail, final=False)
                progress.done += told["count"]
                progress.failures.update(told["failures"])
                progress.first_failure = progress.first_failure or told["first_failure"]
                on_progress(progress)
        shutil.rmtree(place, ignore_errors=True)
        return lacking

    def _reports(self, ray: Any, shards: list[Any], place: Path) -> Iterator[str]:
        data: Any = import_module("ray.data")
        data.DataContext.get_current().enable_progress_bars = False
        pool = data.ActorPoolStrategy(size=min(self.actors, len(shards)))
        numbers = data.range(len(shards), override_num_blocks=len(shards))
        reports = numbers.map_batches(
            _Actor, fn_constructor_args=(self, shards, place), batch_size=1, compute=pool,
            num_cpus=PROCESSORS, num_gpus=self.gpus or None,
        )  # fmt: skip
        for row in reports.iter_rows():
            yield row["report"]


@contextmanager
def cluster(actors: int, gpus: float) -> Generator[Any]:
    """Ray, with the cluster that RAY_ADDRESS names, or one on this machine alone, which ends with
    us. Its ports are open to the network; it listens to whoever has the token that Ray keeps in
    the user's home."""
    os.environ.setdefault("RAY_AUTH_MODE", "token")
    # Or else actors yield to every other process.
    os.environ.setdefault("RAY_worker_niceness", "0")
    try:
        ray: Any = import_module("ray")
        import_module("ray.data")
    except ModuleNotFoundError as error:
        raise MissingExtra("ray", "ray") from error
    logging.getLogger("ray.data").setLevel(logging.ERROR)
    if ray.is_initialized():
        yield ray
        return
    own: dict[str, object] = {}
    if not os.environ.get("RAY_ADDRESS"):
        # Room for every actor, or some would wait for a processor for ever.
        processors = max(os.cpu_count() or 1, actors)
        own = {"address": "local", "num_cpus": processors, "include_dashboard": False}
    try:
        ray.init(logging_level="ERROR", log_to_driver=False, **own)
    except Exception as error:  # of whatever kind: Ray raises plain ones too
        raise UserError(f"Ray does not start: {error}") from error
    try:
        found = ray.cluster_resources().get("GPU", 0)
        if found < actors * gpus:
            raise UserError(f"{actors} actors want {actors * gpus:g} GPUs; Ray knows of {found:g}")
        yield ray
    finally:
        ray.shutdown()


def missing(
    items: Iterable[Item], key: Callable[[Item], str], ledger: Ledger, retry_failed: bool
) -> Iterator[_Task[Item]]:
    """The items without a finished record, each once, and how often they were tried."""
    seen: set[str] = set()
    for item in items:
        name = key(item)
        kept = ledger.find_record(name)
        if name in seen or (kept and not (kept.failed and retry_failed)):
            continue
        seen.add(name)
        yield item, name, kept.tries if kept else 0


class _Actor(Generic[Item, Value]):
    """One process with an engine, as Ray Data calls it: the number of a shard in, a report out."""

    def __init__(self, crew: Crew[Item, Value], shards: list[Any], place: Path):
        self._crew, self._shards, self._place = crew, shards, place
        self._worker: Worker[Item, Value] | None = None
        self._cache = _ShardCache()
        # Engines live in one loop, from shard to shard.
        self._runner = asyncio.Runner()

    def __call__(self, batch: Mapping[str, Any]) -> dict[str, list[str]]:
        ray: Any = import_module("ray")
        tasks = ray.get(self._shards[int(batch["id"][0])])
        try:
            report = self._runner.run(self._do(tasks))
        except DragomanError as error:
            report = _stopped(error)
        return {"report": [json.dumps(report)]}

    async def _do(self, tasks: list[_Task[Item]]) -> dict[str, Any]:
        if self._worker is None:
            self._worker = self._crew.hire(self._crew.open(), self._cache)
        work = self._worker.work
        name = digest([key for _, key, _ in tasks])
        progress, lacking = Progress(len(tasks)), list[list[str | None]]()
        with Ledger(self._place / name) as ledger:
            ledger.settle(self._worker.fields)
            self._cache.ledger = ledger
            run = Run[_Task[Item], Value](
                lambda task, _: work(task[0], task[2]),
                lambda task: task[1],
                ledger,
                self._crew.concurrency,
            )
            keys = iter([key for _, key, _ in tasks])
            async for record in run.records(tasks, progress):
                key = next(keys)
                if not record.final:
                    lacking.append([key, record.line, record.failed, record.detail])
        return {
            "shard": name,
            "count": progress.done,
            "failures": dict(progress.failures),
            "first_failure": progress.first_failure,
            "lacking": lacking,
        }


class _ShardCache:
    """The replies of the shard that is worked on."""

    ledger: Ledger

    def find_reply(self, key: str) -> Completion | None:
        return self.ledger.find_reply(key)

    def keep_reply(self, key: str, completion: Completion) -> None:
        self.ledger.keep_reply(key, completion)


def _fields(crew: Crew[Any, Any]) -> dict[str, Any]:
    async def ask() -> dict[str, Any]:
        engine = crew.open()
        try:
            return dict(crew.hire(engine, None).fields)
        finally:
            if engine:
                await engine.close()

    try:
        return asyncio.run(ask())
    except DragomanError as error:
        return _stopped(error)


def _stopped(error: DragomanError) -> dict[str, Any]:
    """What stops a run, as a report: not every error of ours survives being pickled."""
    return {"stopped": str(error), "user": isinstance(error, UserError)}


def _unless_stopped(report: dict[str, Any]) -> dict[str, Any]:
    if "stopped" in report:
        raise (UserError if report["user"] else DragomanError)(report["stopped"])
    return report


def _cut(tasks: Iterable[_Task[Item]]) -> Iterator[list[_Task[Item]]]:
    shard: list[_Task[Item]] = []
    for task in tasks:
        shard.append(task)
        if len(shard) == SHARD:
            yield shard
            shard = []
    if shard:
        yield shard
