"""Where the rollouts of one prompt meet: each waits here until its group can be judged.

A cohort is one attempt at one prompt of one run. Its rollouts come in any order, from any
process, some twice and some never; each slot counts once. A cohort is judged when it is
complete, or, under the policy `judge`, with what has come when somebody cannot wait longer.
It has one outcome for all, which stays: whoever asks again gets the same answer.

Deadlines belong to those who wait, not to rollouts: the earliest one ends the cohort. A
caller that hangs up leaves its rollout behind, and nobody waits for it. This file knows no
HTTP and no database.
"""

from __future__ import annotations

import asyncio
import logging
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Literal

from dragoman.errors import DragomanError, UserError
from dragoman.rewards.group import (
    GroupReward,
    Rollout,
    compat_group_reward,
    distinct,
    group_reward,
)
from dragoman.serving.cohort import (
    Answer,
    Arrival,
    Cohort,
    CohortKey,
    Conflict,
    Full,
    Leaving,
    Outcome,
    Store,
)
from dragoman.types import Candidate, Group, Judgement, Segment

log = logging.getLogger(__name__)

Partial = Literal["judge", "drop"]


@dataclass(frozen=True, kw_only=True)
class CohortSettings:
    """How cohorts are rewarded, and how long and how many may wait.

    Of a waiter's time the last `judging` seconds, but never more than half of it, are the
    judge's: then the cohort is closed to siblings.
    """

    reward: GroupReward = GroupReward()
    compat: bool = False
    partial: Partial = "judge"
    judging: float = 30.0
    most_waiting: int = 20_000
    remembered: int = 10_000

    def __post_init__(self) -> None:
        if self.partial not in ("judge", "drop"):
            raise UserError(f"partial {self.partial!r}: it is judge or drop")


@dataclass(slots=True)
class _Meeting:
    """A cohort, those who wait for its outcome, and when they give up."""

    cohort: Cohort
    waiting: dict[asyncio.Future[Answer], tuple[int, float, float]] = field(
        default_factory=dict[asyncio.Future[Answer], tuple[int, float, float]]
    )
    clocks: list[asyncio.TimerHandle] = field(default_factory=list[asyncio.TimerHandle])
    judging: asyncio.Task[None] | None = None

    @property
    def idle(self) -> bool:
        return not self.waiting and self.judging is None


class Cohorts:
    """All cohorts of a server. `ask` judges a group of two or more different texts."""

    def __init__(
        self,
        ask: Callable[[Group], Awaitable[Judgement]],
        settings: CohortSettings = CohortSettings(),
        store: Store | None = None,
        on_settled: Callable[[Outcome], None] = lambda outcome: None,
    ):
        self.settings = settings
        self._ask, self._store, self._on_settled = ask, store, on_settled
        self._meetings: OrderedDict[CohortKey, _Meeting] = OrderedDict()
        self._waiting, self._leaving = 0, False

    @property
    def waiting(self) -> int:
        return self._waiting

    async def reward(self, key: CohortKey, arrival: Arrival, patience: float) -> Answer:
        """The answer for one rollout, within `patience` seconds."""
        if self._leaving:
            raise Leaving("the server is stopping; ask again soon")
        if self._waiting >= self.settings.most_waiting:
            raise Full(f"{self._waiting} rollouts are waiting")
        meeting = self._meeting(key)
        self._admit(key, meeting.cohort, arrival)
        if outcome := meeting.cohort.outcome:
            return outcome.of(arrival.slot)
        loop = asyncio.get_running_loop()
        ends = loop.time() + patience
        closes = ends - min(self.settings.judging, patience / 2)
        waiter: asyncio.Future[Answer] = loop.create_future()
        meeting.waiting[waiter] = arrival.slot, closes, ends
        self._waiting += 1
        if meeting.cohort.complete:
            self._begin(key, meeting)
        self._set_clocks(key, meeting)
        try:
            return await waiter
        finally:
            self._waiting -= 1
            del meeting.waiting[waiter]
            self._set_clocks(key, meeting)

    def cancel(self, key: CohortKey) -> None:
        """Nobody needs this cohort any more. One that has its outcome keeps it."""
        meeting = self._meeting(key)
        if meeting.cohort.outcome is None:
            self._settle(key, meeting, Outcome({}, Answer(None, reason="cancelled")))

    def leave(self) -> None:
        """Send away all who wait for siblings; those whose cohort is being judged may stay."""
        self._leaving = True
        for meeting in self._meetings.values():
            if meeting.judging is None:
                for waiter in meeting.waiting:
                    if not waiter.done():
                        waiter.set_exception(Leaving("the server is stopping; ask again soon"))

    def _meeting(self, key: CohortKey) -> _Meeting:
        meeting = self._meetings.get(key)
        if meeting is None:
            kept = self._store.load(key) if self._store else None
            meeting = self._meetings[key] = _Meeting(kept or Cohort())
            self._forget_some()
        self._meetings.move_to_end(key)
        return meeting

    def _forget_some(self) -> None:
        """Those that nobody has asked about for the longest time; never one that is awaited."""
        for _ in range(len(self._meetings) - self.settings.remembered):
            key, oldest = next(iter(self._meetings.items()))
            if oldest.idle:
                del self._meetings[key]
            else:
                self._meetings.move_to_end(key)

    def _admit(self, key: CohortKey, cohort: Cohort, arrival: Arrival) -> None:
        """Take a rollout in, or find that it is here already."""
        if cohort.size not in (None, arrival.size):
            raise Conflict(f"this cohort has {cohort.size} rollouts, not {arrival.size}")
        if cohort.segment not in (None, arrival.segment):
            raise Conflict("a sibling came with another source, reference or language")
        present = cohort.rollouts.get(arrival.slot)
        if present is None and cohort.outcome is None:
            if self._store:
                self._store.add(key, arrival)
            cohort.size, cohort.segment = arrival.size, arrival.segment
            cohort.rollouts[arrival.slot] = arrival.rollout
        elif present not in (None, arrival.rollout):
            raise Conflict(
                f"slot {arrival.slot} came before with another text or length; "
                "a new try is a new attempt"
            )

    def _set_clocks(self, key: CohortKey, meeting: _Meeting) -> None:
        for clock in meeting.clocks:
            clock.cancel()
        meeting.clocks.clear()
        if meeting.waiting and meeting.cohort.outcome is None:
            loop = asyncio.get_running_loop()
            closes = min(closes for _, closes, _ in meeting.waiting.values())
            ends = min(ends for _, _, ends in meeting.waiting.values())
            meeting.clocks += [
                loop.call_at(closes, self._close, key, meeting),
                loop.call_at(ends, self._end, key, meeting),
            ]

    def _close(self, key: CohortKey, meeting: _Meeting) -> None:
        """No sibling is waited for any longer."""
        if meeting.judging or meeting.cohort.outcome:
            return
        texts, _ = distinct([rollout.text for rollout in meeting.cohort.rollouts.values()])
        if self.settings.partial == "drop" or len(texts) < 2:
            self._settle(key, meeting, Outcome({}, Answer(None, reason="incomplete")))
        else:
            self._begin(key, meeting)

    def _end(self, key: CohortKey, meeting: _Meeting) -> None:
        """The judge took too long for somebody."""
        if meeting.cohort.outcome is None:
            self._settle(key, meeting, Outcome({}, Answer(None, reason="deadline")))

    def _begin(self, key: CohortKey, meeting: _Meeting) -> None:
        if meeting.judging is None:
            meeting.judging = asyncio.create_task(self._judge(key, meeting))

    async def _judge(self, key: CohortKey, meeting: _Meeting) -> None:
        # By slot, whatever order they came in; siblings that come from now on are late.
        rollouts = dict(sorted(meeting.cohort.rollouts.items()))
        assert meeting.cohort.segment is not None
        try:
            outcome = await self._outcome(meeting.cohort.segment, rollouts)
        except DragomanError as error:
            outcome = _nothing(rollouts, f"judge: {error}")
        except Exception as error:  # noqa: BLE001  a bug must not leave anybody waiting
            log.error("a judge raised %s", type(error).__name__)
            outcome = _nothing(rollouts, f"judge: {type(error).__name__}")
        self._settle(key, meeting, outcome)

    async def _outcome(self, segment: Segment, rollouts: Mapping[int, Rollout]) -> Outcome:
        texts, slots = distinct([rollout.text for rollout in rollouts.values()])
        scores: tuple[float, ...] | None = None
        reason = None
        if len(texts) > 1:
            judgement = await self._ask(Group(segment, tuple(map(Candidate, texts))))
            if judgement.verdict is None:
                assert judgement.failure is not None
                reason = f"judge: {judgement.failure.reason}"
            else:
                scores = judgement.verdict.scores
                reason = "judge: no scores" if scores is None else "judge: scores off the scale"
        pay = compat_group_reward if self.settings.compat else group_reward
        rewards = pay(list(rollouts.values()), scores, self.settings.reward)
        answers = {
            slot: Answer(
                reward,
                scores[place] if scores and place is not None and reward is not None else None,
                reason if reward is None else None,
            )
            for slot, place, reward in zip(rollouts, slots, rewards, strict=True)
        }
        return Outcome(answers)

    def _settle(self, key: CohortKey, meeting: _Meeting, outcome: Outcome) -> None:
        """Keep the outcome, then tell everybody."""
        judging, meeting.judging = meeting.judging, None
        if judging and judging is not asyncio.current_task():
            judging.cancel()
        if self._store:
            try:
                self._store.settle(key, outcome)
            except UserError as error:
                # A full disk must not leave anybody waiting.
                log.error("an outcome could not be kept: %s", error)
        meeting.cohort.outcome = outcome
        for waiter, (slot, _, _) in meeting.waiting.items():
            if not waiter.done():
                waiter.set_result(outcome.of(slot))
        self._set_clocks(key, meeting)
        self._on_settled(outcome)


def _nothing(rollouts: Mapping[int, Rollout], reason: str) -> Outcome:
    nobody = Answer(None, reason=reason)
    return Outcome(dict.fromkeys(rollouts, nobody), replace(nobody, reason="late"))
