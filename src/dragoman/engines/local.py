"""What engines whose model is on this machine have in common."""

from __future__ import annotations

from typing import Protocol

from dragoman.errors import UserError
from dragoman.types import Completion, Prompt, Sampling


class Seat(Protocol):
    """Where a model sits and answers: a thread of this process, or a process of its own."""

    @property
    def under_way(self) -> int:
        """How many questions wait for their answer."""
        ...

    async def complete(self, prompt: Prompt, sampling: Sampling) -> Completion: ...

    async def close(self) -> None: ...


class LocalEngine:
    """Passes what it is asked to the least busy of its seats."""

    def __init__(self, identity: str, *seats: Seat):
        self.identity = identity
        self._seats = seats

    async def complete(self, prompt: Prompt, sampling: Sampling) -> Completion:
        seat = min(self._seats, key=lambda one: one.under_way)
        return await seat.complete(prompt, sampling)

    async def close(self) -> None:
        for seat in self._seats:
            await seat.close()


def refuse_model_name(place: str, model: str | None) -> None:
    """A folder or hub id already says which model it is."""
    if model is not None:
        raise UserError(f"{place} is the model itself; it takes no model name {model!r}")
