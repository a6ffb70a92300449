"""What engines that hold a model in this process have in common."""

from __future__ import annotations

from dragoman.engines.batching import Batcher, Desk
from dragoman.errors import UserError
from dragoman.types import Completion, Prompt, Sampling


class InProcessEngine:
    """Passes what it is asked to a desk in a thread of its own; of several, to the least busy."""

    def __init__(self, place: str, identity: str, *desks: Desk):
        self.identity = identity
        self._batchers = [Batcher(place, desk) for desk in desks]

    async def complete(self, prompt: Prompt, sampling: Sampling) -> Completion:
        batcher = min(self._batchers, key=lambda one: one.under_way)
        return await batcher.complete(prompt, sampling)

    async def close(self) -> None:
        for batcher in self._batchers:
            await batcher.close()


def refuse_model_name(place: str, model: str | None) -> None:
    """A folder or hub id already says which model it is."""
    if model is not None:
        raise UserError(f"{place} is the model itself; it takes no model name {model!r}")
