"""The same comparison told anew: other orders of a group, and smaller groups out of it.

The published recipe shows each group in its own order and in four others, and does the same
with up to four of its proper subsets. Its orders are drawn one by one, so that a slot may hold
the best candidate more often than another. Here they come in squares, in each of which every
candidate stands in every slot once. Few candidates have few orders: a pair has two, three
candidates six. What a group becomes depends on the seed and the group alone, never on its
neighbours, so that a file cut into parts gives the same rows.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from math import factorial
from random import Random
from typing import TypeAlias

from dragoman.data.rows import GoldGroup, gold_group_to_row
from dragoman.errors import UserError
from dragoman.signature import digest

Order: TypeAlias = tuple[int, ...]
"""Which candidate stands in each slot."""

# `random.sample` takes no longer range; no group has so many orders shown.
_MOST_NUMBERS = 2**62


@dataclass(frozen=True, slots=True)
class Augmentation:
    """How many forms of a group are shown beside its own."""

    shuffles: int = 0
    subgroups: int = 0

    def __post_init__(self) -> None:
        if self.shuffles < 0 or self.subgroups < 0:
            raise UserError("there cannot be fewer than no shuffles or subgroups")


def augment(
    groups: Iterable[GoldGroup], shuffles: int, subgroups: int, seed: int
) -> Iterator[GoldGroup]:
    """Each group, up to `shuffles` other orders of it, and up to `subgroups` proper subsets of
    at least two candidates, each with its other orders."""
    how = Augmentation(shuffles, subgroups)
    for gold in groups:
        yield from (gold.pick(order) for order in forms(gold, how, seed))


def forms(gold: GoldGroup, how: Augmentation, seed: int) -> Iterator[Order]:
    """The forms of one group, each as candidates in an order; its own comes first."""
    random = Random(f"{seed}/{digest(gold_group_to_row(gold))}")
    whole = tuple(range(len(gold.scores)))
    for chosen in [whole, *proper_subsets(len(whole), how.subgroups, random)]:
        yield chosen
        yield from other_orders(chosen, how.shuffles, random)


def proper_subsets(n: int, most: int, random: Random) -> list[Order]:
    """Up to `most` different subsets of at least two of n candidates, but not of all."""
    every = range(1, 2**n - 1)
    if n < 3 or not most:
        return []
    # Of so many numbers, at most n have a single bit: enough subsets are left.
    masks = random.sample(every, min(most + n, len(every)))
    subsets = [tuple(i for i in range(n) if mask >> i & 1) for mask in masks]
    return [subset for subset in subsets if len(subset) > 1][:most]


def other_orders(items: Order, most: int, random: Random) -> Iterator[Order]:
    """Up to `most` different other orders, square by square."""
    n = len(items)
    most = min(most, factorial(n) - 1)
    if n < 2 or most < 1:
        return iter(())
    return islice(_squares(items, 1 + most // n, random), most)


def _squares(items: Order, count: int, random: Random) -> Iterator[Order]:
    """The orders of the square around `items`, then those of other squares.

    Turning a circle of the candidates makes of any order n orders in which each candidate
    stands in each slot once. Every order belongs to one such square, and each square has one
    order that begins with the first candidate: by these the squares are numbered.
    """
    n = len(items)
    circle = random.sample(range(n), n)
    place = {candidate: at for at, candidate in enumerate(circle)}
    numbers = range(1, min(factorial(n - 1), _MOST_NUMBERS))
    for number in [0, *random.sample(numbers, min(count, len(numbers)))]:
        first = (0, *(1 + i for i in _permutation(number, n - 1)))
        turns = range(1 if number == 0 else 0, n)
        for turn in random.sample(turns, len(turns)):
            yield tuple(items[circle[(place[i] + turn) % n]] for i in first)


def _permutation(number: int, n: int) -> Order:
    """The permutation of that number, in the order of dictionaries; 0 is the identity."""
    left = list(range(n))
    chosen: list[int] = []
    for size in range(n, 0, -1):
        at, number = divmod(number, factorial(size - 1))
        chosen.append(left.pop(at % size))
    return tuple(chosen)
