from __future__ import annotations

import json
from itertools import combinations
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dragoman.ranking import (
    agree,
    agreement,
    calibrate,
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


@given(st.lists(st.tuples(st.integers(0, 6), st.integers(0, 2)), min_size=2, max_size=7))
def test_calibration_equals_trying_every_threshold(pairs: list[tuple[int, int]]) -> None:
    predicted, gold = [p for p, _ in pairs], [g for _, g in pairs]
    gaps = {0.0} | {float(abs(a - b)) for a, b in combinations(predicted, 2)}
    tried = {gap: agreement(predicted, gold, epsilon=gap) or 0.0 for gap in sorted(gaps)}
    epsilon, best = calibrate([(predicted, gold)])
    assert best == pytest.approx(max(tried.values()))
    assert epsilon == min(gap for gap, value in tried.items() if value >= best - 1e-12)


def test_calibration_without_a_pair() -> None:
    with pytest.raises(ValueError, match="no group has two"):
        calibrate([([1], [1])])


def test_sign_treats_near_differences_as_ties() -> None:
    assert [sign(d, 1) for d in (-2, -1, 0, 1, 2)] == [-1, 0, 0, 0, 1]


def test_equals_published_figures_on_human_judged_groups(evaluation: Path) -> None:
    """Plain and calibrated agreement, beside the figures of mt-metrics-eval for every predictor."""
    rows = json.loads((evaluation / "baselines.json").read_text())["rows"]
    wanted = {(f"{r['set']}.{r['lp']}.{r['kind']}", r["predictor"]): r for r in rows}
    compared = 0
    for file in (evaluation / "pergroup").glob("*.json"):
        groups = json.loads(file.read_text()).values()
        for predictor in sorted({name for group in groups for name in group["predictors"]}):
            row = wanted.get((file.stem, predictor))
            if row is None:
                continue
            pairs = [
                (group["predictors"][predictor]["scores"], group["human_scores"])
                for group in groups
                if predictor in group["predictors"]
            ]
            epsilon, best = calibrate(pairs)
            assert _mean(pairs, 0) == pytest.approx(row["ranking_acc"], abs=1e-6)
            assert best == pytest.approx(row["acc_eq_opt"], abs=1e-6)
            # Several thresholds can be equally good; ours is the smallest of them.
            assert epsilon <= row["eps_opt"] + 1e-6
            assert _mean(pairs, epsilon) == pytest.approx(best)
            compared += 1
    assert compared > 40


def _mean(pairs: list[tuple[list[float], list[float]]], epsilon: float) -> float:
    shares = [agreement(predicted, gold, epsilon=epsilon) for predicted, gold in pairs]
    known = [share for share in shares if share is not None]
    return sum(known) / len(known)
