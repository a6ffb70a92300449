"""The permuted judge: the design of its orders, and what it makes of biased judges."""

from __future__ import annotations

import asyncio
from collections import Counter
from itertools import pairwise, permutations

import pytest
from tests.conftest import make_group
from tests.planted import UNREADABLE, Planted

from dragoman.errors import UserError
from dragoman.judges.permuted import Permuted, flip_rate, make_orders, williams
from dragoman.ranking import rank_scores, read_ranking
from dragoman.signature import read_signature
from dragoman.types import Group, Judgement, Ranking, Usage


@pytest.mark.parametrize("n", range(2, 14))
def test_the_design_is_balanced_in_slots_and_in_neighbours(n: int) -> None:
    orders = williams(n)
    assert orders[0] == tuple(range(n))
    assert len(orders) == (n if n % 2 == 0 else 2 * n)
    in_slot = Counter((slot, i) for order in orders for slot, i in enumerate(order))
    assert set(in_slot) == {(slot, i) for slot in range(n) for i in range(n)}
    assert len(set(in_slot.values())) == 1
    behind = Counter(pair for order in orders for pair in pairwise(order))
    assert set(behind) == set(permutations(range(n), 2))
    assert len(set(behind.values())) == 1


def test_small_designs_are_every_order() -> None:
    assert williams(2) == [(0, 1), (1, 0)]
    assert sorted(williams(3)) == sorted(permutations(range(3)))


async def test_all_orders_are_for_small_groups() -> None:
    judge = Planted(lambda texts, draw: [1.0] * len(texts))
    assert make_orders(4, "all") == list(permutations(range(4)))
    five = make_group("a", "b", "c", "d", "e")
    judgement = await Permuted(judge, "all").judge(five)
    assert judgement.failure is not None
    assert judgement.failure.reason == "too-many-candidates"
    with pytest.raises(UserError, match="balanced or all, not 'some'"):
        Permuted(judge, "some")  # type: ignore[arg-type]


@pytest.mark.parametrize("n", [2, 3, 4, 5, 8])
async def test_a_judge_that_loves_the_first_slot_finds_everyone_equal(n: int) -> None:
    judge = Planted(lambda texts, draw: [9.0] + [5.0] * (len(texts) - 1))
    judgement = await Permuted(judge).judge(make_group(*map(str, range(n))))
    assert judgement.verdict is not None
    assert judgement.verdict.ranking.tiers == (tuple(range(n)),)
    assert judgement.verdict.scores == pytest.approx([5 + 4 / n] * n)
    above = 4 - 4 / n
    assert judgement.details["slot_bias"] == pytest.approx([above] + [-4 / n] * (n - 1))
    assert judgement.details["flip_rate"] > 0


async def test_two_candidates_swapped_flip_every_time() -> None:
    judgement = await Permuted(Planted(lambda texts, draw: [7, 3])).judge(make_group("x", "y"))
    assert judgement.details == {"orders": 2, "slot_bias": [2, -2], "flip_rate": 1}


async def test_a_judge_without_bias_is_left_as_it_is() -> None:
    merits = {"x": 2.0, "y": 9.0, "z": 2.0}
    judge = Planted(lambda texts, draw: [merits[t] for t in texts])
    judgement = await Permuted(judge).judge(make_group(*merits))
    assert judgement.verdict is not None
    assert judgement.verdict.scores == tuple(merits.values())
    assert judgement.details == {"orders": 6, "slot_bias": [0, 0, 0], "flip_rate": 0}


async def test_bias_and_merit_are_told_apart() -> None:
    merits, bias = {"w": 1.0, "x": 2.0, "y": 3.0, "z": 6.0}, (4.0, 1.0, 0.0, 3.0)
    judge = Planted(lambda texts, d: [merits[t] + b for t, b in zip(texts, bias, strict=True)])
    judgement = await Permuted(judge).judge(make_group(*merits))
    assert judgement.verdict is not None
    assert judgement.verdict.scores == (3, 4, 5, 8)
    assert judgement.details["slot_bias"] == [2, -1, -2, 1]


async def test_rankings_without_scores_are_averaged_by_place() -> None:
    # First the text "b", then whoever is shown first, then a tie of the rest.
    def say(texts: tuple[str, ...], draw: int) -> Ranking:
        rest = [i for i, text in enumerate(texts) if text != "b"]
        return rank_scores([2 if t == "b" else i == rest[0] for i, t in enumerate(texts)])

    judgement = await Permuted(Planted(say)).judge(make_group("a", "b", "c"))
    assert judgement.verdict is not None
    assert judgement.verdict.scores is None
    assert judgement.verdict.ranking == read_ranking("B > A = C", "ABC")


@pytest.mark.parametrize(
    ("by_order", "rate"),
    [
        ([(1, 2), (1, 2), (2, 1)], 2 / 3),
        ([(1, 2), (2, 2)], 1),
        ([(1, 2, 3), (1, 3, 2)], 1 / 3),
        ([(3, 3), (1, 1)], 0),
    ],
)
def test_flip_rate(by_order: list[tuple[int, ...]], rate: float) -> None:
    assert flip_rate(by_order) == pytest.approx(rate)


async def test_a_missing_order_fails_the_judgement_and_is_counted() -> None:
    judge = Planted(lambda texts, d: UNREADABLE if texts[0] == "x" else [1.0] * len(texts))
    judgement = await Permuted(judge).judge(make_group("w", "x", "y", "z"))
    assert judgement.verdict is None
    assert judgement.failure is not None
    assert judgement.failure.reason == "no-scores"
    assert judgement.failure.detail == "1 of 4 orders: the reply ends in mid-air"
    assert len(judgement.replies) == 4
    assert judgement.usage == Usage(4, 40, 8)


async def test_replies_usage_analysis_and_signature() -> None:
    judge = Planted(lambda texts, draw: [1.0, 2.0])
    judgement = await Permuted(judge).judge(make_group("x", "y"), draw=5)
    assert judge.asked == [(("x", "y"), 5), (("y", "x"), 5)]
    assert judgement.replies == ("reply on ('x', 'y')", "reply on ('y', 'x')")
    assert judgement.usage == Usage(2, 20, 4)
    assert judgement.verdict is not None
    assert judgement.verdict.analysis == "of ('x', 'y')"
    assert read_signature(judgement.signature)["permute"] == "balanced"
    assert judgement.signature.startswith("judge:planted|permute:balanced|version:")


async def test_orders_are_asked_all_at_once() -> None:
    together = asyncio.Barrier(4)

    class Waiting(Planted):
        async def judge(self, group: Group, draw: int = 0) -> Judgement:
            await asyncio.wait_for(together.wait(), 5)
            return await super().judge(group, draw)

    judge = Waiting(lambda texts, draw: [1.0] * 4)
    judgement = await Permuted(judge).judge(make_group("w", "x", "y", "z"))
    assert judgement.verdict is not None
