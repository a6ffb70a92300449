"""What engines that hold a model in this process have in common."""

from __future__ import annotations

from dragoman.engines.batching import Batcher, Desk
from dragoman.errors import UserError
from dragoman.types import Completion, Prompt, Sampling


class InProcessEngine:
    """Passes what it is asked to a desk in a thread of its own."""

    def __init__(self, place: str, identity: str, desk: Desk):
        self.identity = identity
        self._batcher = Batcher(place, desk)

    async def complete(self, prompt: Prompt, sampling: Sampling) -> Completion:
        return await self._batcher.complete(prompt, sampling)

    async def close(self) -> None:
        await self._batcher.close()


def refuse_model_name(place: str, model: str | None) -> None:
    """A folder or hub id already says which model it is."""
    if model is not None:
        raise UserError(f"{place} is the model itself; it takes no model name {model!r}")
