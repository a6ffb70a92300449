"""How often and how long a failed request is made again."""

from __future__ import annotations

import asyncio
import selectors
from collections.abc import Callable, Coroutine
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dragoman.engines import retrying
from dragoman.engines.retrying import (
    CoolDown,
    Persistence,
    RetryBudget,
    ServerFault,
    read_retry_after,
)
from dragoman.errors import EngineDown, PromptRefused

QUICK = RetryBudget(retries=3, seconds=10, first_pause=0.001)


class Failing:
    """Fails some times, then answers."""

    def __init__(self, times: int, fault: Callable[[], Exception] | None = None):
        self.left, self.calls = times, 0
        self.fault = fault or (lambda: ServerFault("500", "oops"))

    async def __call__(self) -> str:
        self.calls += 1
        self.left -= 1
        if self.left >= 0:
            raise self.fault()
        return "fine"


class Jumping(selectors.DefaultSelector):
    """Waits for nobody: time jumps to the moment when the next sleeper wakes."""

    now = 0.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        self.now += timeout or 0.0
        return super().select(0)


class Clock:
    """Runs what waits, in a time of its own."""

    def __init__(self) -> None:
        self._selector = Jumping()
        self._loop = asyncio.SelectorEventLoop(self._selector)
        self._loop.time = lambda: self.now  # type: ignore[method-assign]

    @property
    def now(self) -> float:
        return self._selector.now

    def run(self, story: Coroutine[Any, Any, None]) -> None:
        with asyncio.Runner(loop_factory=lambda: self._loop) as runner:
            runner.run(story)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    made = Clock()
    monkeypatch.setattr(retrying, "time", SimpleNamespace(monotonic=lambda: made.now))
    return made


async def run(attempt: Failing, budget: RetryBudget = QUICK) -> tuple[str, list[str]]:
    faults: list[str] = []
    persistence = Persistence("host:1/v1", budget, 4)
    return await persistence.run(attempt, lambda fault: faults.append(fault.kind)), faults


async def test_faults_within_the_budget_are_survived() -> None:
    assert await run(Failing(3)) == ("fine", ["500"] * 3)


async def test_no_attempt_goes_beyond_the_budget() -> None:
    attempt = Failing(100)
    with pytest.raises(EngineDown, match="host:1/v1: oops \\(4 attempts"):
        await run(attempt)
    assert attempt.calls == 4
    once = Failing(100)
    with pytest.raises(EngineDown, match="1 attempt,"):
        await run(once, RetryBudget(retries=0))
    assert once.calls == 1


def test_no_second_goes_beyond_the_budget(clock: Clock) -> None:
    attempt = Failing(100, lambda: ServerFault("429", "slow down", retry_after=0.2))

    async def story() -> None:
        with pytest.raises(EngineDown, match="slow down"):
            await run(attempt, RetryBudget(retries=100, seconds=0.5, first_pause=0.001))

    clock.run(story())
    assert attempt.calls == 3
    assert clock.now == pytest.approx(0.4)


async def test_garbage_twice_in_a_row_is_enough() -> None:
    attempt = Failing(100, lambda: ServerFault("garbage", "no reply in 'hm'"))
    with pytest.raises(PromptRefused, match="answers cannot be understood: no reply in 'hm'"):
        await run(attempt)
    assert attempt.calls == 2


async def test_garbage_now_and_then_is_survived() -> None:
    kinds = iter(["garbage", "500", "garbage"])
    assert await run(Failing(3, lambda: ServerFault(next(kinds), "")))


async def test_another_kind_of_error_is_not_retried() -> None:
    attempt = Failing(1, lambda: PromptRefused("never"))
    with pytest.raises(PromptRefused):
        await run(attempt)
    assert attempt.calls == 1


def test_pauses_grow_and_are_drawn_from_the_whole_range() -> None:
    budget, fault = RetryBudget(first_pause=1, longest_pause=8), ServerFault("500", "")
    for attempt, longest in enumerate([1, 2, 4, 8, 8, 8]):
        pauses = [budget.pause(attempt, fault) for _ in range(300)]
        assert 0 <= min(pauses) < 0.1 * longest
        assert 0.9 * longest < max(pauses) <= longest


@pytest.mark.parametrize(("asked", "waits"), [(0.3, 0.3), (60, 60), (3600, 60), (float("inf"), 60)])
def test_a_server_is_obeyed_within_reason(asked: float, waits: float) -> None:
    fault = ServerFault("429", "", retry_after=asked)
    assert RetryBudget(first_pause=0.001).pause(0, fault) == waits


def test_a_busy_server_is_left_alone_by_everyone(clock: Clock) -> None:
    """One caller is told to wait; the others, who were told nothing, wait too."""
    persistence, times = Persistence("host", QUICK, 4), list[float]()

    async def other() -> None:
        times.append(clock.now)

    async def story() -> None:
        told = Failing(1, lambda: ServerFault("429", "", busy=True, retry_after=0.2))
        first = asyncio.create_task(persistence.run(told, lambda fault: None))
        await asyncio.sleep(0.01)
        await asyncio.gather(*(persistence.run(other, lambda fault: None) for _ in range(8)))
        await first

    clock.run(story())
    assert min(times) >= 0.2
    assert len(set(times)) > 1, "they all came at once"


def test_an_ordinary_fault_holds_nobody_up(clock: Clock) -> None:
    persistence = Persistence("host", QUICK, 4)

    async def story() -> None:
        slow = Failing(1, lambda: ServerFault("500", "", retry_after=0.3))
        first = asyncio.create_task(persistence.run(slow, lambda fault: None))
        await asyncio.sleep(0.01)
        before = clock.now
        await persistence.run(Failing(0), lambda fault: None)
        assert clock.now == before
        await first

    clock.run(story())
    assert clock.now >= 0.3


def test_waiting_for_others_counts_too(clock: Clock) -> None:
    async def story() -> None:
        cool_down = CoolDown()
        cool_down.begin(30)
        waited = await cool_down.over(4)
        assert waited == clock.now
        assert 4 <= waited <= 5

    clock.run(story())


@pytest.mark.parametrize(
    ("value", "seconds"),
    [(None, None), ("3", 3), ("0.5", 0.5), ("-2", 0), ("soon", None), ("nan", None), ("", None)],
)
def test_retry_after_in_seconds(value: str | None, seconds: float | None) -> None:
    assert read_retry_after(value) == seconds


def test_retry_after_as_a_date() -> None:
    now = datetime.now(UTC)
    soon = read_retry_after(format_datetime(now + timedelta(days=1), usegmt=True))
    assert soon is not None
    assert 86000 < soon <= 86400
    assert read_retry_after(format_datetime(now - timedelta(hours=1), usegmt=True)) == 0
    assert read_retry_after("Wed, 21 Oct 2015 07:28:00 -0000") == 0


@given(st.text() | st.from_regex(r"\w{3}, \d+ \w{3} \d+ \d+:\d+:\d+ [+-]\d+"))
def test_any_retry_after_is_a_wait_or_nothing(value: str) -> None:
    seconds = read_retry_after(value)
    assert seconds is None or seconds >= 0
