"""An engine with a meter: counts calls and tokens, and stops when the grant is used up."""

from __future__ import annotations

from dataclasses import dataclass
from math import isfinite

from dragoman.engines import Engine
from dragoman.errors import BudgetSpent, UserError
from dragoman.types import Completion, Prompt, Sampling, Usage

_MILLION = 1_000_000


@dataclass(frozen=True, slots=True)
class Budget:
    """What a run may spend. Prices are per million tokens, in any one currency.

    A call is one question to the engine; what an engine repeats by itself after a fault of
    its server is not counted.
    """

    calls: int | None = None
    cost: float | None = None
    prompt_price: float = 0.0
    reply_price: float = 0.0

    def __post_init__(self) -> None:
        limits = (self.calls or 0, self.cost or 0.0, self.prompt_price, self.reply_price)
        if not all(isfinite(limit) and limit >= 0 for limit in limits):
            raise UserError("a budget and its prices are numbers from 0 on")

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
        self._besides: list[Engine] = []

    @property
    def identity(self) -> str:
        return self._engine.identity

    @property
    def cost(self) -> float:
        return self.budget.price(self.usage)

    def beside(self, engine: Engine) -> Engine:
        """A second engine on the same meter and budget, closed together with this one."""
        self._besides.append(engine)
        return _Beside(self, engine)

    async def complete(self, prompt: Prompt, sampling: Sampling) -> Completion:
        return await self.ask(self._engine, prompt, sampling)

    async def ask(self, engine: Engine, prompt: Prompt, sampling: Sampling) -> Completion:
        """Pass a call on to this engine, if the budget allows."""
        budget = self.budget
        if budget.calls is not None and self.begun >= budget.calls:
            raise BudgetSpent(f"{self.begun} calls made, as many as were granted (--max-calls)")
        if budget.cost is not None and self.cost >= budget.cost:
            raise BudgetSpent(f"{self.cost:g} spent of {budget.cost:g} granted (--max-cost)")
        self.begun += 1
        completion = await engine.complete(prompt, sampling)
        self.usage += completion.usage
        return completion

    async def close(self) -> None:
        for engine in (self._engine, *self._besides):
            await engine.close()


@dataclass(frozen=True)
class _Beside:
    meter: MeteredEngine
    engine: Engine

    @property
    def identity(self) -> str:
        return self.engine.identity

    async def complete(self, prompt: Prompt, sampling: Sampling) -> Completion:
        return await self.meter.ask(self.engine, prompt, sampling)

    async def close(self) -> None:
        """Nothing: the meter closes both."""
