"""An engine with a meter: counts calls and tokens, and stops when the grant is used up."""

from __future__ import annotations

from dataclasses import dataclass

from dragoman.engines import Engine
from dragoman.errors import BudgetSpent
from dragoman.types import Completion, Prompt, Sampling, Usage

_MILLION = 1_000_000


@dataclass(frozen=True, slots=True)
class Budget:
    """What a run may spend. Prices are per million tokens, in any one currency."""

    calls: int | None = None
    cost: float | None = None
    prompt_price: float = 0.0
    reply_price: float = 0.0

    def price(self, usage: Usage) -> float:
        """What these tokens cost."""
        return (
            usage.prompt_tokens * self.prompt_price + usage.reply_tokens * self.reply_price
        ) / _MILLION


class MeteredEngine:
    """Passes calls on until the budget is spent, then raises `BudgetSpent`.

    The number of calls is never exceeded. The cost of a call is known when it has been
    made, so the cost may be exceeded by the calls under way at that moment.
    """

    def __init__(self, engine: Engine, budget: Budget | None = None):
        self._engine, self.budget = engine, budget or Budget()
        self.begun, self.usage = 0, Usage()

    @property
    def identity(self) -> str:
        return self._engine.identity

    @property
    def cost(self) -> float:
        return self.budget.price(self.usage)

    async def complete(self, prompt: Prompt, sampling: Sampling) -> Completion:
        budget = self.budget
        if budget.calls is not None and self.begun >= budget.calls:
            raise BudgetSpent(f"{self.begun} calls made, as many as --max-calls grants")
        if budget.cost is not None and self.cost >= budget.cost:
            raise BudgetSpent(f"{self.cost:g} spent, --max-cost grants {budget.cost:g}")
        self.begun += 1
        completion = await self._engine.complete(prompt, sampling)
        self.usage += completion.usage
        return completion

    async def close(self) -> None:
        await self._engine.close()
