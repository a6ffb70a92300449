"""The one mass loop: many items through one piece of work, in order, in constant memory.

It knows nothing of judging or translating. Items stream in, at most a window of them is
under way, records stream out in input order. With a ledger, finished records are not
worked out again.
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter, deque
from collections.abc import (
    AsyncGenerator,
    AsyncIterator,
    Awaitable,
    Callable,
    Iterable,
    Iterator,
    Mapping,
)
from contextlib import aclosing
from dataclasses import dataclass, field
from itertools import islice
from typing import Generic, TypeAlias, TypeVar

from dragoman.errors import EngineDown, UserError
from dragoman.ledger import Kept, Ledger
from dragoman.types import Failure

Item = TypeVar("Item")
Value = TypeVar("Value")

# So many items in a row without an answer, and none before, mean that no engine is there.
GIVE_UP_AFTER = 16
# Items under way per running one: room for those behind a slow one to go on.
WINDOW = 4
PROGRESS_SECONDS = 0.2


@dataclass(frozen=True, slots=True)
class Record(Generic[Value]):
    """What came of one item: the line to write, and why it failed if it did.

    `failed` is a reason to count, `detail` its words for a person. A record that is not
    `final` is written but not kept: the next run tries it again. `value` is what the line was
    made from, unless the line comes from the ledger.
    """

    line: str
    failed: str | None = None
    detail: str = ""
    final: bool = True
    value: Value | None = None


def record_of(line: str, failure: Failure | None, value: Value) -> Record[Value]:
    """The record of an answer, or of its failure."""
    if failure is None:
        return Record(line, value=value)
    detail = f"{failure.reason}: {failure.detail}"
    # An engine that could not be reached said nothing of this item: ask again next time.
    return Record(line, failure.reason, detail, failure.reason != EngineDown.reason, value)


@dataclass(frozen=True)
class Worker(Generic[Item, Value]):
    """Who works, for the ledger, and what it makes of an item."""

    fields: Mapping[str, object]
    work: Callable[[Item, int], Awaitable[Record[Value]]]


# A record, and whether it was in the ledger already.
_Ended: TypeAlias = tuple[Record[Value], bool]


@dataclass(slots=True)
class Progress:
    """How far a run is. The caller makes it, the run keeps it up to date; the warnings are
    counted by whoever can find them in a line."""

    total: int | None = None
    done: int = 0
    resumed: int = 0
    failures: Counter[str] = field(default_factory=Counter[str])
    warnings: Counter[str] = field(default_factory=Counter[str])
    first_failure: str = ""
    began: float = field(default_factory=time.monotonic)

    @property
    def failed(self) -> int:
        return self.failures.total()

    @property
    def rate(self) -> float:
        """Items a second, without those that the ledger already held."""
        return (self.done - self.resumed) / max(time.monotonic() - self.began, 1e-9)

    @property
    def seconds_left(self) -> float | None:
        if self.total is None or self.rate == 0:
            return None
        return (self.total - self.done) / self.rate


@dataclass(frozen=True)
class Run(Generic[Item, Value]):
    """A piece of work over a stream of items.

    `key` names an item by its content. `retry_failed` works out failed records anew; the
    work is told how many tries there were, so that it does not say the same again.
    """

    work: Callable[[Item, int], Awaitable[Record[Value]]]
    key: Callable[[Item], str]
    ledger: Ledger | None = None
    concurrency: int = 16
    retry_failed: bool = False
    on_progress: Callable[[Progress], None] = lambda progress: None

    def __post_init__(self) -> None:
        if self.concurrency < 1:
            raise UserError(f"concurrency {self.concurrency}: at least one at a time")

    async def records(
        self, items: Iterable[Item], progress: Progress, slow: bool = False
    ) -> AsyncGenerator[Record[Value]]:
        """The records of the items, in their order.

        `slow` says that the items come from a pipe, one by one, whenever they like.
        An error that stops the run (`BudgetSpent`, `EngineRefused`, bad input) is raised
        after the work under way has ended, so that nothing paid for is lost.
        """
        shown = 0.0
        async with aclosing(self._in_order(items, slow)) as records:
            async for record, resumed in records:
                progress.done += 1
                progress.resumed += resumed
                if record.failed:
                    progress.failures[record.failed] += 1
                    progress.first_failure = progress.first_failure or record.detail
                _give_up_if_nobody_answers(progress)
                if time.monotonic() - shown > PROGRESS_SECONDS:
                    shown = time.monotonic()
                    self.on_progress(progress)
                yield record
        self.on_progress(progress)

    async def _in_order(self, items: Iterable[Item], slow: bool) -> AsyncGenerator[_Ended[Value]]:
        gate = _Gate(self.concurrency)
        under_way: deque[_Ended[Value] | asyncio.Task[_Ended[Value]]] = deque()
        begun: dict[str, asyncio.Task[_Ended[Value]]] = {}
        try:
            async for item in _stream(items, 1 if slow else 256):
                key = self.key(item) if self.ledger else ""
                kept = self.ledger.find_record(key) if self.ledger else None
                if kept and not (kept.failed and self.retry_failed):
                    under_way.append((Record(kept.line, kept.failed), True))
                elif key in begun:
                    # The same item again, while the first is under way: they share its record.
                    under_way.append(begun[key])
                else:
                    tries = kept.tries if kept else 0
                    task = asyncio.create_task(self._one(item, key, tries, gate))
                    under_way.append(task)
                    if key:
                        begun[key] = task
                        task.add_done_callback(lambda _, key=key: begun.pop(key, None))
                while under_way and (
                    len(under_way) >= WINDOW * self.concurrency or _is_ready(under_way[0])
                ):
                    yield await _result(under_way.popleft())
            while under_way:
                yield await _result(under_way.popleft())
        except BaseException as stop:
            gate.shut = True
            tasks = [task for task in under_way if isinstance(task, asyncio.Task)]
            if isinstance(stop, asyncio.CancelledError):
                for task in tasks:
                    task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            raise

    async def _one(self, item: Item, key: str, tries: int, gate: _Gate) -> _Ended[Value]:
        async with gate:
            if gate.shut:
                raise asyncio.CancelledError
            record = await self.work(item, tries)
        if self.ledger and record.final:
            self.ledger.keep_record(key, Kept(record.line, record.failed, tries + 1))
        return record, False


class _Gate(asyncio.Semaphore):
    """Lets so many items through at a time; once shut, those still waiting never begin."""

    shut = False


def _give_up_if_nobody_answers(progress: Progress) -> None:
    if progress.done == GIVE_UP_AFTER and progress.failures["engine-down"] == GIVE_UP_AFTER:
        words = f"none of the first {GIVE_UP_AFTER} items got an answer"
        raise EngineDown(f"{words}: {progress.first_failure}")


def _is_ready(entry: object) -> bool:
    return not isinstance(entry, asyncio.Task) or entry.done()


async def _result(entry: _Ended[Value] | asyncio.Task[_Ended[Value]]) -> _Ended[Value]:
    return await entry if isinstance(entry, asyncio.Task) else entry


async def _stream(items: Iterable[Item], batch: int) -> AsyncIterator[Item]:
    """Read ahead in a thread, so that a slow source never holds up the work under way."""
    source: Iterator[Item] = iter(items)
    while taken := await asyncio.to_thread(lambda: list(islice(source, batch))):
        for item in taken:
            yield item
