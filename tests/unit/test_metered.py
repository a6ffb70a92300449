from __future__ import annotations

import asyncio

import pytest

from dragoman.engines.metered import Budget, MeteredEngine
from dragoman.engines.scripted import ScriptedEngine
from dragoman.errors import BudgetSpent
from dragoman.types import Prompt, Sampling, Usage

ENGINE = ScriptedEngine(rules=[{"reply": "one two three four"}])


async def test_calls_are_counted_and_never_exceeded() -> None:
    engine = MeteredEngine(ENGINE, Budget(calls=3))
    tries = [engine.complete(Prompt("a b"), Sampling()) for _ in range(5)]
    results = await asyncio.gather(*tries, return_exceptions=True)
    assert sum(isinstance(r, BudgetSpent) for r in results) == 2
    assert engine.usage == Usage(3, 6, 12)


async def test_cost_is_priced_by_kind_of_token() -> None:
    engine = MeteredEngine(ENGINE, Budget(cost=0.5, prompt_price=50_000, reply_price=25_000))
    for _ in range(3):
        await engine.complete(Prompt("a b"), Sampling())
    assert engine.cost == pytest.approx(3 * (2 * 0.05 + 4 * 0.025))
    with pytest.raises(BudgetSpent, match=r"0\.6 spent of 0\.5 granted"):
        await engine.complete(Prompt("a b"), Sampling())


async def test_without_a_budget_it_only_counts() -> None:
    engine = MeteredEngine(ENGINE)
    await engine.complete(Prompt("a"), Sampling())
    assert (engine.usage.calls, engine.cost, engine.identity) == (1, 0, ENGINE.identity)
    await engine.close()


async def test_a_second_engine_is_on_the_same_meter_and_closed_with_the_first() -> None:
    class Closing(ScriptedEngine):
        closed = 0

        async def close(self) -> None:
            self.closed += 1

    first, second = (Closing(rules=[{"reply": "one two"}], model=name) for name in ("a", "b"))
    engine = MeteredEngine(first, Budget(calls=2))
    other = engine.beside(second)
    assert other.identity == second.identity
    await engine.complete(Prompt("a"), Sampling())
    await other.complete(Prompt("a"), Sampling())
    assert (engine.begun, engine.usage) == (2, Usage(2, 2, 4))
    for either in (engine, other):
        with pytest.raises(BudgetSpent):
            await either.complete(Prompt("a"), Sampling())
    await other.close()
    await engine.close()
    assert (first.closed, second.closed) == (1, 1)
