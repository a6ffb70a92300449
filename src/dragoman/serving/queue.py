"""Who waits for the judge, who is before it, and what is done with places that nobody needs.

The last judgements of a step run nearly alone, and everybody waits for the slowest of them. So
when nobody is in line and a place is free, a group that has been before the judge for half as long
as judgements take on average is put before it once more: the first verdict counts, and the other
asks are cancelled. This is hedging; it costs calls and helps where a call is slow, not the group. A
further ask never stands in anybody's way: its place goes to whoever comes to wait.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from dataclasses import dataclass, field, replace
from functools import partial
from statistics import fmean

from dragoman.errors import UserError
from dragoman.judges import Judge
from dragoman.serving.meters import Meters
from dragoman.types import Group, Judgement, Usage

# So many judgements tell how long one takes.
REMEMBERED = 256
# Of the mean time of a judgement. To wait for the whole of it leaves places empty and saves no
# ask: the last groups end later, and are asked about more often meanwhile.
PATIENCE = 0.5
# Seconds. What takes less comes from a ledger, or needs no hedging.
INSTANT = 0.1


@dataclass(eq=False, slots=True)
class _Case:
    """A group, its judgement to come, and all asks about it so far."""

    group: Group
    outcome: asyncio.Future[Judgement]
    begun: float = 0.0
    asks: list[asyncio.Task[Judgement]] = field(default_factory=list[asyncio.Task[Judgement]])


class JudgeQueue:
    """Groups come before the judge in their order, `places` at once, and again at most `hedge`
    times each."""

    def __init__(self, judge: Judge, places: int, hedge: int, meters: Meters):
        if hedge < 0:
            raise UserError(f"--hedge {hedge}: a slow group is asked about again 0 times or more")
        self._judge, self._free, self._hedge, self._meters = judge, places, hedge, meters
        self._line: deque[_Case] = deque()
        # Those without an outcome, the longest there first.
        self._inside: dict[_Case, None] = {}
        self._took: deque[float] = deque(maxlen=REMEMBERED)
        self._alarm: asyncio.TimerHandle | None = None

    async def judge(self, group: Group) -> Judgement:
        """Wait for a place and judge. A caller that is cancelled gives its place up."""
        case = _Case(group, asyncio.get_running_loop().create_future())
        self._line.append(case)
        if not self._free:
            self._take_back_one()
        self._fill()
        try:
            return await case.outcome
        finally:
            self._close(case)

    def _fill(self) -> None:
        """Give free places to those in line; what is left then, to those that are slow."""
        loop = asyncio.get_running_loop()
        while self._free and self._line:
            case = self._line.popleft()
            if not case.outcome.done():
                case.begun = loop.time()
                self._inside[case] = None
                self._ask(case)
        if self._alarm:
            self._alarm.cancel()
        while self._free and self._took:
            able = [case for case in self._inside if len(case.asks) <= self._hedge]
            patience = PATIENCE * fmean(self._took)
            if slow := [case for case in able if case.begun + patience <= loop.time()]:
                # Of those that were asked about least, the one that is there for the longest time.
                self._ask(min(slow, key=lambda case: len(case.asks)))
                continue
            if able:
                self._alarm = loop.call_at(able[0].begun + patience, self._fill)
            break

    def _ask(self, case: _Case) -> None:
        self._free -= 1
        ask = asyncio.create_task(self._timed(case.group))
        case.asks.append(ask)
        ask.add_done_callback(partial(self._ended, case))

    async def _timed(self, group: Group) -> Judgement:
        begun = time.monotonic()
        try:
            return await self._judge.judge(group)
        finally:
            self._meters.count("judging_seconds", time.monotonic() - begun)

    def _ended(self, case: _Case, ask: asyncio.Task[Judgement]) -> None:
        """A place is free. The first verdict counts; a failure, once no other ask is under way."""
        self._free += 1
        first, judged = case.asks[0], _judged(ask)
        wins = judged and not case.outcome.done()
        if ask is not first:
            outcome = "won" if wins else "lost" if judged or ask.cancelled() else "failed"
            self._meters.count("hedges", outcome=outcome)
        if wins:
            took = asyncio.get_running_loop().time() - case.begun
            if took > INSTANT:
                self._took.append(took)
            case.outcome.set_result(_counted(ask.result(), case))
        elif not case.outcome.done() and all(one.done() for one in case.asks):
            if first.cancelled():
                case.outcome.cancel()
            elif error := first.exception():
                case.outcome.set_exception(error)
            else:
                case.outcome.set_result(_counted(first.result(), case))
        if case.outcome.done():
            self._close(case)
        self._fill()

    def _close(self, case: _Case) -> None:
        self._inside.pop(case, None)
        for ask in case.asks:
            ask.cancel()

    def _take_back_one(self) -> None:
        """End a further ask for the sake of one who waits, the latest group's first. When the
        first ask has failed, the others are no longer spare."""
        for case in reversed(self._inside):
            first, *further = case.asks
            for ask in further:
                if not (first.done() or ask.done() or ask.cancelling()):
                    ask.cancel()
                    return


def _judged(ask: asyncio.Task[Judgement]) -> bool:
    return not ask.cancelled() and ask.exception() is None and ask.result().verdict is not None


def _counted(judgement: Judgement, case: _Case) -> Judgement:
    """With how often it was asked for again, and the cost of asks that failed before. What those
    cost that are cancelled nobody knows."""
    if len(case.asks) == 1:
        return judgement
    ended = [one for one in case.asks if one.done() and not one.cancelled() and not one.exception()]
    usage = sum((one.result().usage for one in ended), Usage())
    return replace(
        judgement,
        usage=usage,
        details={**judgement.details, "asked_again": len(case.asks) - 1},
    )
