from __future__ import annotations

import asyncio
import queue
from collections.abc import Iterator
from pathlib import Path

import pytest

from dragoman.errors import BadRecord, BudgetSpent, EngineDown
from dragoman.ledger import Kept, Ledger
from dragoman.runs import GIVE_UP_AFTER, Progress, Record, Run


async def collect(run: Run[int], items: Iterator[int] | range, **options: bool) -> list[str]:
    return [r.line async for r in run.records(items, Progress(), **options)]


async def test_records_come_in_input_order_however_long_each_takes() -> None:
    async def work(item: int, tries: int) -> Record:
        await asyncio.sleep(0.001 * (item * 7 % 5))
        return Record(str(item))

    run = Run(work, str, concurrency=8)
    assert await collect(run, range(100)) == [str(i) for i in range(100)]


async def test_at_most_so_many_are_under_way_and_the_window_is_bounded() -> None:
    now = most = ahead = 0

    def items() -> Iterator[int]:
        nonlocal ahead
        for i in range(2000):
            ahead = i
            yield i

    async def work(item: int, tries: int) -> Record:
        nonlocal now, most
        now += 1
        most = max(most, now)
        await asyncio.sleep(0)
        now -= 1
        return Record(str(item))

    done = 0
    async for _ in Run(work, str, concurrency=5).records(items(), Progress()):
        done += 1
        assert ahead - done < 256 + 4 * 5 + 1
    assert (done, most) == (2000, 5)


async def test_a_finished_record_is_not_worked_out_again(tmp_path: Path) -> None:
    worked: list[int] = []
    told: list[tuple[int, int]] = []

    async def work(item: int, tries: int) -> Record:
        worked.append(item)
        told.append((item, tries))
        if item == 7 and worked.count(7) == 1:
            raise BudgetSpent("enough")
        failed = {3: "unreadable", 4: "engine-down"}.get(item)
        return Record(f"line {item}", failed, final=failed != "engine-down")

    with Ledger(tmp_path / "l") as ledger:
        run = Run(work, str, ledger, concurrency=2)
        with pytest.raises(BudgetSpent):
            await collect(run, range(10))
        first = list(worked)
        progress = Progress()
        lines = [r.line async for r in run.records(range(10), progress)]
        assert lines == [f"line {i}" for i in range(10)]
        # Only what had not finished, and what the engine could not be reached for.
        assert sorted(worked[len(first) :]) == sorted({*range(10)} - {*first} | {4, 7})
        assert progress.done == 10
        assert progress.failures == {"unreadable": 1, "engine-down": 1}

        worked.clear()
        run = Run(work, str, ledger, retry_failed=True)
        for _ in range(2):
            await collect(run, range(10))
        assert sorted(worked) == [3, 3, 4, 4]
        # An unreadable answer is asked for anew each time; an unreached engine was never asked.
        assert [tries for item, tries in told if item == 3] == [0, 1, 2]
        assert {tries for item, tries in told if item == 4} == {0}


async def test_what_has_not_begun_when_a_run_stops_never_begins() -> None:
    begun: list[int] = []

    async def work(item: int, tries: int) -> Record:
        begun.append(item)
        await asyncio.sleep(0.01)
        if item == 0:
            raise BudgetSpent("enough")
        return Record("")

    with pytest.raises(BudgetSpent):
        await collect(Run(work, str, concurrency=4), range(16))
    # A slot that the failing item gave back may be taken before the news of it arrives.
    assert len(begun) <= 8


async def test_what_is_under_way_when_a_run_stops_is_kept(tmp_path: Path) -> None:
    async def work(item: int, tries: int) -> Record:
        if item == 0:
            raise BudgetSpent("enough")
        await asyncio.sleep(0.05)
        return Record(str(item))

    with Ledger(tmp_path / "l") as ledger:
        with pytest.raises(BudgetSpent):
            await collect(Run(work, str, ledger, concurrency=4), range(4))
        for item in ("1", "2", "3"):
            assert ledger.find_record(item) == Kept(item)


async def test_bad_input_midway_is_raised_after_the_records_before_it_are_kept(
    tmp_path: Path,
) -> None:
    def items() -> Iterator[int]:
        yield from range(3)
        raise BadRecord("file", 4, "bad")

    async def work(item: int, tries: int) -> Record:
        await asyncio.sleep(0.01)
        return Record(str(item))

    with Ledger(tmp_path / "l") as ledger:
        with pytest.raises(BadRecord):
            await collect(Run(work, str, ledger), items(), slow=True)
        assert ledger.find_record("2") == Kept("2")


async def test_a_slow_pipe_does_not_hold_up_what_is_under_way() -> None:
    pipe: queue.Queue[int | None] = queue.Queue()

    async def work(item: int, tries: int) -> Record:
        await asyncio.sleep(0.01)
        return Record(str(item))

    pipe.put(1)
    records = Run(work, str).records(iter(pipe.get, None), Progress(), slow=True)
    pending = asyncio.ensure_future(anext(records))
    await asyncio.sleep(0.2)
    pipe.put(2)
    assert (await pending).line == "1"
    pipe.put(None)
    assert [r.line async for r in records] == ["2"]


async def test_cancelling_ends_the_work_under_way() -> None:
    ended: list[int] = []

    async def work(item: int, tries: int) -> Record:
        try:
            await asyncio.sleep(60)
        finally:
            ended.append(item)
        return Record("")

    task = asyncio.ensure_future(collect(Run(work, str, concurrency=3), range(9)))
    await asyncio.sleep(0.1)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert len(ended) in (3, 4)  # one may have slipped in, and was ended too


async def test_a_run_gives_up_when_nobody_ever_answers() -> None:
    async def work(item: int, tries: int) -> Record:
        return Record("", "engine-down", "no connection", final=False)

    with pytest.raises(EngineDown, match="no connection"):
        await collect(Run(work, str), range(100))
    assert len(await collect(Run(work, str), range(GIVE_UP_AFTER - 1))) == GIVE_UP_AFTER - 1


async def test_progress_is_told() -> None:
    async def work(item: int, tries: int) -> Record:
        return Record("", "bad" if item % 2 else None)

    told: list[tuple[int, int]] = []
    run = Run(work, str, on_progress=lambda p: told.append((p.done, p.failed)))
    progress = Progress(10)
    async for _ in run.records(range(10), progress):
        pass
    assert told[-1] == (10, 5)
    assert progress.rate > 0
    assert progress.seconds_left == 0
