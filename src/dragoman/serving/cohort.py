"""A cohort as a value: who belongs to it, who has come, and what became of it."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from dragoman.errors import DragomanError
from dragoman.rewards.group import Rollout
from dragoman.types import Segment


@dataclass(frozen=True, slots=True)
class CohortKey:
    """Another attempt is another cohort: siblings of two attempts never mix."""

    run: str
    uid: str
    attempt: int


@dataclass(frozen=True, slots=True)
class Arrival:
    """One rollout at the door: its place among `size` siblings, and what was translated."""

    slot: int
    size: int
    segment: Segment
    rollout: Rollout

    def __post_init__(self) -> None:
        if not 0 <= self.slot < self.size:
            raise Conflict(f"slot {self.slot} of {self.size}: slots count from 0")


@dataclass(frozen=True, slots=True)
class Answer:
    """What a rollout earned; a reward of None, which is no reward, has a reason."""

    reward: float | None
    score: float | None = None
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a cohort: an answer for each slot that was judged, and for the others."""

    answers: Mapping[int, Answer]
    others: Answer = Answer(None, reason="late")

    def of(self, slot: int) -> Answer:
        return self.answers.get(slot, self.others)


@dataclass(slots=True)
class Cohort:
    """Who has come so far. `outcome` is set once."""

    size: int | None = None
    segment: Segment | None = None
    rollouts: dict[int, Rollout] = field(default_factory=dict[int, Rollout])
    outcome: Outcome | None = None

    @property
    def complete(self) -> bool:
        return len(self.rollouts) == self.size


class Seats:
    """Gives those who come without a slot one after the other; a full group begins anew."""

    def __init__(self, remembered: int = 100_000):
        self._taken: OrderedDict[str, int] = OrderedDict()
        self._remembered = remembered

    def next(self, uid: str, size: int) -> tuple[int, int]:
        """The attempt and the slot."""
        number = self._taken.pop(uid, 0)
        self._taken[uid] = number + 1
        if len(self._taken) > self._remembered:
            self._taken.popitem(last=False)
        return divmod(number, size)


class Store(Protocol):
    """Where cohorts outlive the process. What returns is kept."""

    def load(self, key: CohortKey) -> Cohort | None: ...

    def add(self, key: CohortKey, arrival: Arrival) -> None: ...

    def settle(self, key: CohortKey, outcome: Outcome) -> None: ...


class Conflict(DragomanError):
    """A rollout that contradicts what its cohort has been told before."""


class Full(DragomanError):
    """As many rollouts wait as may."""


class Leaving(DragomanError):
    """The server is about to stop; the rollout is welcome at the next one."""
