"""The permuted judge: every candidate stands in every slot, so that no slot is an advantage."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations, permutations
from statistics import fmean
from typing import TypeAlias, get_args

from dragoman.errors import UserError
from dragoman.judges import Judge, Orders
from dragoman.judges.distinct import Comparing
from dragoman.judges.fields import wrapped_signature
from dragoman.judges.merging import averaged, cost, mean_details, mean_verdict, numbers
from dragoman.judges.together import together
from dragoman.ranking import sign
from dragoman.signature import signature
from dragoman.types import Failure, Group, Judgement

MOST_FOR_ALL = 4

Order: TypeAlias = tuple[int, ...]
"""Which candidate stands in each slot."""


def williams(n: int) -> list[Order]:
    """A Williams design: each candidate equally often in each slot, and right behind each
    other candidate equally often. n orders for even n, 2n for odd n; the identity is first.
    """
    # 0, n−1, 1, n−2, …: neighbours differ by every number but 0 exactly once (mod n).
    zigzag = [slot // 2 if slot % 2 == 0 else n - 1 - slot // 2 for slot in range(n)]
    name = {number: slot for slot, number in enumerate(zigzag)}
    orders = [tuple(name[(number + shift) % n] for number in zigzag) for shift in range(n)]
    # For odd n only an order and its mirror image together are balanced.
    return orders if n % 2 == 0 else orders + [order[::-1] for order in orders]


def make_orders(n: int, orders: Orders) -> list[Order]:
    """The orders in which a group of n is shown."""
    if orders == "balanced":
        return williams(n)
    return list(permutations(range(n)))


@dataclass(frozen=True)
class Permuted(Comparing):
    """Asks a judge about the same candidates in several orders and takes the mean.

    The scores are means over the orders; a judge that gives no scores is averaged by
    place. Every order must be readable: without one of them some candidate would have
    stood in a good slot more often than another, so the judgement is a failure then.
    The analysis is that of the first order, which is the group's own. The details say by
    how much each slot is favoured, and how often two orders disagree on a pair.
    """

    inner: Judge
    orders: Orders = "balanced"

    def __post_init__(self) -> None:
        if self.orders not in get_args(Orders):
            raise UserError(f"orders are balanced or all, not {self.orders!r}")

    @property
    def fields(self) -> Mapping[str, object]:
        return {**self.inner.fields, "permute": self.orders}

    async def compare(self, group: Group, draw: int) -> Judgement:
        if self.orders == "all" and len(group) > MOST_FOR_ALL:
            detail = f"all orders are for at most {MOST_FOR_ALL} candidates, not {len(group)}"
            failure = Failure("too-many-candidates", detail)
            return Judgement(group, None, failure, signature=signature(self.fields))
        orders = make_orders(len(group), self.orders)
        shown = await together(self.inner.judge(group.pick(o), draw) for o in orders)
        replies, usage = cost(shown)
        signed = wrapped_signature(shown[0], {"permute": self.orders})
        failures = [one.failure for one in shown if one.failure]
        if failures:
            detail = f"{len(failures)} of {len(orders)} orders: {failures[0].detail}"
            failure = Failure(failures[0].reason, detail)
            return Judgement(group, None, failure, replies, signed, usage)
        verdicts = [one.verdict for one in shown if one.verdict]
        by_slot = numbers(verdicts)
        by_candidate = [back(order, said) for order, said in zip(orders, by_slot, strict=True)]
        details = mean_details(shown) | {
            "orders": len(orders),
            "slot_bias": slot_bias(by_slot),
            "flip_rate": flip_rate(by_candidate),
        }
        verdict = mean_verdict(verdicts, by_candidate)
        return Judgement(group, verdict, None, replies, signed, usage, details)


def back(order: Order, by_slot: Sequence[float]) -> tuple[float, ...]:
    """What was said of each slot, as said of each candidate."""
    return tuple(by_slot[order.index(i)] for i in range(len(order)))


def slot_bias(by_slot: Sequence[Sequence[float]]) -> list[float]:
    """How far each slot is put above the mean of its group, on average over the orders."""
    return list(averaged([[value - fmean(said) for value in said] for said in by_slot]))


def flip_rate(by_candidate: Sequence[Sequence[float]]) -> float:
    """How often two orders say different things (<, =, >) of one pair of candidates."""
    flips = [
        sign(one[i] - one[j]) != sign(other[i] - other[j])
        for one, other in combinations(by_candidate, 2)
        for i, j in combinations(range(len(one)), 2)
    ]
    return round(fmean(flips), 9)
