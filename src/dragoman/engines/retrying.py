"""When a failed request is made again, and how long all requests wait before that.

Pauses grow twofold and are drawn evenly between nothing and their longest ("full jitter"),
so that callers that failed together do not come back together. A server that says how long
to wait is obeyed, within reason, by every caller and not only by the one it told.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TypeVar

from dragoman.errors import EngineDown, PromptRefused

T = TypeVar("T")

# The kind of fault that is an answer, paid for perhaps, which nobody understands.
GARBAGE = "garbage"


class ServerFault(Exception):
    """One attempt failed in a way that another may not. Never leaves `engines/`.

    `kind` is a short word to count by; `busy` means that the server wants fewer requests;
    `retry_after` is how many seconds it asks for.
    """

    def __init__(
        self, kind: str, detail: str, *, busy: bool = False, retry_after: float | None = None
    ):
        self.kind, self.busy, self.retry_after = kind, busy, retry_after
        super().__init__(detail)


@dataclass(frozen=True, slots=True)
class RetryBudget:
    """How much one call may spend on getting through: attempts, and seconds of waiting."""

    retries: int = 5
    seconds: float = 300.0
    first_pause: float = 0.5
    longest_pause: float = 60.0

    def pause(self, attempt: int, fault: ServerFault) -> float:
        """The seconds to wait after the given failed attempt; the first is 0."""
        longest = min(self.longest_pause, self.first_pause * 2.0**attempt)
        asked = min(self.longest_pause, fault.retry_after or 0.0)
        return max(asked, random.uniform(0, longest))


class CoolDown:
    """A time during which nobody asks, shared by all calls of an engine."""

    def __init__(self) -> None:
        self._until = 0.0

    def begin(self, seconds: float) -> None:
        self._until = max(self._until, time.monotonic() + seconds)

    async def over(self, most: float) -> float:
        """Wait until it is over, though hardly longer than `most`; the seconds that took."""
        start = now = time.monotonic()
        while now < min(self._until, start + most):
            # A little more than needed, and not the same for all: no herd at the gate.
            left = min(self._until - now, most)
            await asyncio.sleep(left * random.uniform(1.0, 1.25))
            now = time.monotonic()
        return now - start


class Persistence:
    """Makes attempts until one succeeds or the budget is spent."""

    def __init__(self, name: str, budget: RetryBudget, places: int):
        self._name, self._budget = name, budget
        self._places, self._cool_down = asyncio.Semaphore(places), CoolDown()

    async def run(
        self, attempt: Callable[[], Awaitable[T]], on_fault: Callable[[ServerFault], None]
    ) -> T:
        """The first success; `EngineDown` with the last fault when the budget is spent.

        A server that answers with garbage twice in a row will do so again, at a price:
        `PromptRefused`.
        """
        budget, waited, number, last = self._budget, 0.0, 0, ""
        while True:
            try:
                async with self._places:
                    waited += await self._cool_down.over(budget.seconds - waited)
                    return await attempt()
            except ServerFault as fault:
                on_fault(fault)
                if last == fault.kind == GARBAGE:
                    problem = f"the server's answers cannot be understood: {fault}"
                    raise PromptRefused(problem) from None
                last = fault.kind
                pause = budget.pause(number, fault)
                if fault.busy:
                    self._cool_down.begin(pause)
                number += 1
                if number > budget.retries or waited + pause > budget.seconds:
                    raise EngineDown(self._gave_up(fault, number, waited)) from None
            await asyncio.sleep(pause)
            waited += pause

    def _gave_up(self, fault: ServerFault, attempts: int, waited: float) -> str:
        times = "1 attempt" if attempts == 1 else f"{attempts} attempts"
        return f"{self._name}: {fault} ({times}, {waited:.0f} s of waiting)"


def read_retry_after(value: str | None) -> float | None:
    """Seconds from a Retry-After header, given as a number or as a date; None if unreadable."""
    if value is None:
        return None
    try:
        seconds = float(value)
    except ValueError:
        try:
            when = parsedate_to_datetime(value)
        except (ValueError, OverflowError):
            return None
        # A date without a zone is meant in GMT, the only one that HTTP knows.
        when = when if when.tzinfo else when.replace(tzinfo=UTC)
        seconds = (when - datetime.now(UTC)).total_seconds()
    return max(0.0, seconds) if seconds == seconds else None
