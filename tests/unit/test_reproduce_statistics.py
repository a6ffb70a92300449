"""Intervals of means over seeds and items, and what they say of a claim."""

from __future__ import annotations

import numpy as np
import pytest

from dragoman.reproduce.statistics import Interval, difference, interval, less, outcome


def test_mean_is_over_seeds_of_means_over_items():
    """A seed with more items weighs no more; an item that was not measured counts nowhere."""
    found = interval([[1.0, 3.0], [5.0, None, 5.0, 5.0]], shared=False)
    assert found is not None
    assert found.mean == pytest.approx((2 + 5) / 2)
    assert (found.seeds, found.items) == (2, 5)


def test_two_items_have_the_interval_that_can_be_counted():
    """Of 0 and 1 a draw of two is 0, ½ or 1, with chances ¼, ½, ¼."""
    found = interval([[0.0, 1.0]], shared=True)
    assert found == Interval(0.5, 0.0, 1.0, 1, 2)


def test_hundred_even_items_have_the_interval_of_a_binomial():
    """The 2.5 and 97.5 per cent points of Binomial(100, ½) are 40 and 60."""
    found = interval([[0.0, 1.0] * 50], shared=True)
    assert found is not None
    assert found.low == pytest.approx(0.40, abs=0.011)
    assert found.high == pytest.approx(0.60, abs=0.011)


def test_constant_numbers_have_no_width():
    assert interval([[2.0] * 5] * 3, shared=True) == Interval(2.0, 2.0, 2.0, 3, 15)


def test_nothing_measured_is_no_interval():
    assert interval([], shared=True) is None
    assert interval([[None, None]], shared=False) is None
    assert interval([[None], [4.0]], shared=False) == Interval(4.0, 4.0, 4.0, 1, 1)


def test_same_numbers_give_the_same_interval():
    rows = np.random.default_rng(3).normal(size=(3, 40)).tolist()
    assert interval(rows, shared=True) == interval(rows, shared=True)


def test_shared_items_are_drawn_once_for_all_seeds():
    """Three seeds that say the same of each item know no more than one of them."""
    row = np.random.default_rng(5).normal(size=60).tolist()
    one, shared = interval([row], shared=True), interval([row] * 3, shared=True)
    own = interval([row] * 3, shared=False)
    assert width(shared) == pytest.approx(width(one), rel=0.08)
    # n - 1 = 2 of 3 seeds are drawn, each with items of its own.
    assert width(own) == pytest.approx(width(one) / np.sqrt(2), rel=0.08)


def test_seeds_that_differ_widen_the_interval():
    """Between seeds of 0, 1 and 2 the standard error is 1/√3; draws of two have just that."""
    found = interval([[0.0] * 50, [1.0] * 50, [2.0] * 50], shared=True)
    assert found is not None
    assert (found.low, found.high) == (0.0, 2.0)


def test_seeds_that_share_items_have_as_many_each():
    with pytest.raises(ValueError, match="as many each"):
        interval([[1.0], [1.0, 2.0]], shared=True)


@pytest.mark.parametrize(("seed_spread", "least"), [(0.0, 0.92), (0.1, 0.88)])
def test_interval_covers_the_truth_as_often_as_it_says(seed_spread, least):
    """Three seeds, sixty shared items: items vary by 1, seeds by much less, as they do here."""
    random = np.random.default_rng(11)
    trials = 150
    covered = 0
    for _ in range(trials):
        items = random.normal(size=60)
        seeds = random.normal(scale=seed_spread, size=(3, 1))
        noise = random.normal(scale=0.5, size=(3, 60))
        found = interval((items + seeds + noise).tolist(), shared=True)
        assert found is not None
        covered += found.low <= 0 <= found.high
    assert least <= covered / trials <= 0.99


def test_difference_is_taken_item_by_item():
    """A hard item is hard for both, so that the difference is sharper than either."""
    random = np.random.default_rng(7)
    hard = random.normal(scale=3, size=80)
    better = [(hard + 0.5 + random.normal(scale=0.1, size=80)).tolist()]
    worse = [hard.tolist()]
    found = difference(better, worse, shared=True)
    assert found is not None
    assert 0.4 < found.low < found.high < 0.6
    assert width(found) < width(interval(better, shared=True)) / 10


def test_item_that_one_side_lacks_is_left_out():
    found = difference([[3.0, None, 1.0]], [[1.0, 9.0, None]], shared=True)
    assert found == Interval(2.0, 2.0, 2.0, 1, 1)


@pytest.mark.parametrize(
    ("low", "high", "said"),
    [(0.1, 0.3, "holds"), (-0.3, -0.1, "does not hold"), (-0.1, 0.1, "cannot tell"),
     (0.0, 0.2, "cannot tell"), (-0.2, 0.0, "cannot tell")],
)  # fmt: skip
def test_claim_follows_the_interval(low, high, said):
    assert outcome(Interval((low + high) / 2, low, high, 3, 100)) == said


def test_claim_about_nothing_cannot_be_told():
    assert outcome(None) == "cannot tell"


def test_bar_is_passed_when_the_whole_interval_is_above_it():
    assert outcome(less(Interval(0.97, 0.96, 0.98, 3, 9), 0.95)) == "holds"
    assert outcome(less(Interval(0.97, 0.94, 0.98, 3, 9), 0.95)) == "cannot tell"
    assert less(None, 0.95) is None


def width(found: Interval | None) -> float:
    assert found is not None
    return found.high - found.low
