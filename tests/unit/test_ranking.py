from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dragoman.ranking import (
    agree,
    agreement,
    rank_scores,
    read_ranking,
    sign,
    write_ranking,
)
from dragoman.types import Ranking

scores = st.lists(st.integers(0, 10), min_size=1, max_size=8)


@pytest.mark.parametrize(
    ("values", "tiers"),
    [
        ([8, 3], ((0,), (1,))),
        ([3, 8], ((1,), (0,))),
        ([5, 8, 5], ((1,), (0, 2))),
        ([7, 7], ((0, 1),)),
        ([1], ((0,),)),
        ([-1.5, 2.25, 0], ((1,), (2,), (0,))),
    ],
)
def test_tiers_from_scores(values: list[float], tiers: tuple[tuple[int, ...], ...]) -> None:
    assert rank_scores(values) == Ranking(tiers)


def test_order_and_places() -> None:
    ranking = rank_scores([5, 8, 5, 1])
    assert ranking.order == (1, 0, 2, 3)
    assert ranking.places == (1, 0, 1, 2)


@pytest.mark.parametrize("tiers", [((0,), (0,)), ((1,),), ((0,), ()), ((0, 2),)])
def test_what_is_no_ranking(tiers: tuple[tuple[int, ...], ...]) -> None:
    with pytest.raises(ValueError, match="not a ranking"):
        Ranking(tiers)


def test_a_tier_is_kept_in_rising_order() -> None:
    assert Ranking(((2, 0), (1,))) == Ranking(((0, 2), (1,)))


def test_written_as_letters() -> None:
    assert write_ranking(rank_scores([7, 9, 2, 7]), "ABCD") == "B > A = D > C"


@given(scores)
def test_reading_is_the_inverse_of_writing(values: list[int]) -> None:
    ranking = rank_scores(values)
    assert read_ranking(write_ranking(ranking, "ABCDEFGH"), "ABCDEFGH"[: len(values)]) == ranking


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("A > B", "C not ranked"),
        ("A > B > B > C", "B stands twice"),
        ("A > B > D", "no candidate is called 'D'"),
        ("A >> B > C", "no candidate is called ''"),
        ("", "no candidate is called ''"),
    ],
)
def test_unreadable_rankings(text: str, problem: str) -> None:
    with pytest.raises(ValueError, match=problem):
        read_ranking(text, "ABC")


@given(scores)
def test_scores_agree_with_their_own_ranking_only(values: list[int]) -> None:
    assert agree(rank_scores(values), values)
    if len(values) > 1:
        moved = [
            max(values) + 1 if i == values.index(min(values)) else v for i, v in enumerate(values)
        ]
        assert agree(rank_scores(values), moved) == (rank_scores(moved) == rank_scores(values))


@pytest.mark.parametrize(
    ("predicted", "gold", "paper", "half"),
    [
        ([8, 3], [9, 1], 1.0, 1.0),
        ([3, 8], [9, 1], 0.0, 0.0),
        ([5, 5], [9, 1], 0.0, 0.5),
        ([9, 1], [5, 5], 0.0, 0.5),
        ([5, 5], [5, 5], 1.0, 1.0),
        ([9, 5, 5], [9, 5, 1], 2 / 3, 2.5 / 3),
    ],
)
def test_tie_policies(predicted: list[float], gold: list[float], paper: float, half: float) -> None:
    assert agreement(predicted, gold) == pytest.approx(paper)
    assert agreement(predicted, gold, "half") == pytest.approx(half)


def test_agreement_needs_a_pair_and_equal_lengths() -> None:
    assert agreement([1], [2]) is None
    with pytest.raises(ValueError, match="1 predicted scores for 2"):
        agreement([1], [1, 2])


def test_sign_treats_near_differences_as_ties() -> None:
    assert [sign(d, 1) for d in (-2, -1, 0, 1, 2)] == [-1, 0, 0, 0, 1]
