"""Forms of a group: as many as published, each once, and no slot favoured."""

from __future__ import annotations

from collections import Counter
from itertools import permutations
from math import factorial
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.conftest import make_group

from dragoman.data.augment import Augmentation, augment, other_orders, proper_subsets
from dragoman.data.rows import GoldGroup
from dragoman.errors import UserError

GOLD = GoldGroup(make_group("a", "b", "c", "d"), (9, 7, 7, 2))


def gold(n: int, id: str) -> GoldGroup:
    """A group whose first candidate is the best, as in a file sorted by score."""
    return GoldGroup(make_group(*(f"{id} {i}" for i in range(n)), id=id), tuple(range(n, 0, -1)))


# Own order and the other one; five of six orders, and three pairs with two each.
@pytest.mark.parametrize(("n", "count"), [(2, 2), (3, 5 + 3 * 2)])
def test_the_published_counts(n: int, count: int) -> None:
    assert len(list(augment([gold(n, "g")], 4, 4, 1))) == count


def test_the_published_counts_of_four_candidates() -> None:
    for seed in range(20):
        shown = list(augment([GOLD], 4, 4, seed))
        assert shown[0] == GOLD
        assert len({form.group for form in shown}) == len(shown)
        by_size = Counter(len(form.scores) for form in shown)
        assert by_size[4] == 5
        subsets = {frozenset(c.text for c in form.group.candidates) for form in shown}
        sizes = Counter(map(len, subsets))
        assert sizes[2] + sizes[3] == 4
        # A pair has two orders; of three candidates five of six orders are shown.
        assert len(shown) == 5 + 2 * sizes[2] + 5 * sizes[3]
        for form in shown:
            by_text = dict(zip("abcd", GOLD.scores, strict=True))
            assert form.scores == tuple(by_text[c.text] for c in form.group.candidates)


def test_the_best_stands_in_each_slot_equally_often() -> None:
    slots: dict[int, Counter[int]] = {2: Counter(), 3: Counter(), 4: Counter()}
    for number in range(10_000):
        for form in augment([gold(2 + number % 3, str(number))], 4, 4, 7):
            slots[len(form.scores)][form.scores.index(max(form.scores))] += 1
    for n, counts in slots.items():
        for slot in range(n):
            assert abs(counts[slot] / counts.total() - 1 / n) < 0.01


@settings(deadline=None)
@given(st.integers(2, 6), st.integers(0, 800), st.integers(0, 5))
def test_orders_are_different_and_as_many_as_there_are(n: int, most: int, seed: int) -> None:
    items = tuple(range(10, 10 + n))
    orders = list(other_orders(items, most, Random(seed)))
    assert len(orders) == min(most, factorial(n) - 1)
    assert len({items, *orders}) == len(orders) + 1
    assert all(sorted(order) == list(items) for order in orders)


@settings(deadline=None)
@given(st.integers(2, 7), st.integers(0, 5))
def test_the_first_orders_are_a_square_with_the_groups_own(n: int, seed: int) -> None:
    items = tuple(range(n))
    square = [items, *other_orders(items, n - 1, Random(seed))]
    for slot in range(n):
        assert sorted(order[slot] for order in square) == list(items)


def test_all_orders_of_four() -> None:
    found = {(0, 1, 2, 3), *other_orders((0, 1, 2, 3), 99, Random(0))}
    assert found == set(permutations(range(4)))


def test_many_candidates_have_orders_and_subsets_too() -> None:
    assert len(set(other_orders(tuple(range(26)), 60, Random(0)))) == 60
    assert len(set(proper_subsets(26, 9, Random(0)))) == 9
    assert sorted(proper_subsets(3, 9, Random(0))) == [(0, 1), (0, 2), (1, 2)]
    assert proper_subsets(2, 9, Random(0)) == []


def test_every_subset_is_as_likely() -> None:
    drawn = Counter(s for seed in range(6000) for s in proper_subsets(4, 1, Random(seed)))
    assert len(drawn) == 10
    assert all(abs(count - 600) < 120 for count in drawn.values())


def test_forms_depend_on_the_seed_and_the_group_alone() -> None:
    assert list(augment([GOLD], 0, 0, 1)) == [GOLD]
    assert list(augment([GOLD], 3, 2, 1)) == list(augment([GOLD], 3, 2, 1))
    assert list(augment([GOLD], 3, 2, 1)) != list(augment([GOLD], 3, 2, 2))
    other = gold(3, "other")
    together = list(augment([other, GOLD], 3, 2, 1))
    assert together == [*augment([other], 3, 2, 1), *augment([GOLD], 3, 2, 1)]
    with pytest.raises(UserError, match="fewer than no shuffles"):
        Augmentation(-1)
