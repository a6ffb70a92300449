"""Figures of ranking, by hand; those of the field are in tests/differential."""

from __future__ import annotations

import math
from itertools import combinations
from statistics import fmean

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.conftest import make_group

from dragoman.evaluation.baselines import predictors
from dragoman.evaluation.breakdowns import breakdowns
from dragoman.evaluation.calibration import calibrate
from dragoman.evaluation.figures import Share, figures, shares
from dragoman.evaluation.groups import HumanGroup
from dragoman.evaluation.pairs import pairs_of
from dragoman.evaluation.resampling import (
    calibrated_interval,
    draws,
    interval,
    middle,
    numbered,
    paired_permutation,
)
from dragoman.evaluation.systems import compare, score_tables
from dragoman.ranking import agreement
from dragoman.types import Candidate, Group

# Two groups. In the first, of three pairs one is right (0 > 1), one tied by the judge alone,
# one turned around. In the second the only pair is tied by both.
HUMAN = [[3, 1, 2], [5, 5]]
SAID = [[9, 9, 1], [4, 4]]

# Speed is no matter here.
patiently = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
groups_of_scores = st.lists(
    st.lists(st.tuples(st.integers(0, 3), st.integers(0, 5)), min_size=2, max_size=5),
    min_size=1,
    max_size=6,
)


def test_figures_by_hand() -> None:
    assert figures(HUMAN, SAID) == {
        "groups": 2,
        "pairs": 4,
        "ranking_acc": pytest.approx((1 / 3 + 1) / 2),  # 0 > 2 is right
        "ranking_acc_micro": pytest.approx(2 / 4),
        "acc_half": pytest.approx((1.5 / 3 + 1) / 2),
        "acc_half_micro": pytest.approx(2.5 / 4),
        # One pair each way, so neither τ leans.
        "kendall_b_item": pytest.approx(0),
        "kendall_c_item": pytest.approx(0),
        "kendall_b_items_used": 1,
        "tie_rate": pytest.approx(2 / 4),
        "human_tie_rate": pytest.approx(1 / 4),
        "acc_eq_eps0": pytest.approx((1 / 3 + 1) / 2),
        "acc_eq_opt": pytest.approx((1 / 3 + 1) / 2),
        "eps_opt": 0,
    }


def test_taus_by_hand() -> None:
    parts = shares([[3, 2, 1]], [[3, 1, 1]])
    # 2 pairs agree, 1 is tied by the judge: 2 / √(3 · 2), and 2 · 2 / (9 · (2 - 1) / 2).
    assert parts["kendall_b_item"].value == pytest.approx(2 / math.sqrt(6))
    assert parts["kendall_c_item"].value == pytest.approx(8 / 9)


@patiently
@given(groups_of_scores)
def test_accuracy_is_the_mean_of_agreement(groups: list[list[tuple[int, int]]]) -> None:
    human = [[h for h, _ in group] for group in groups]
    said = [[s for _, s in group] for group in groups]
    for name, ties in (("ranking_acc", "paper"), ("acc_half", "half")):
        shown = [agreement(s, h, ties) or 0.0 for h, s in zip(human, said, strict=True)]  # type: ignore[arg-type]
        assert shares(human, said)[name].value == pytest.approx(fmean(shown))


@patiently
@given(groups_of_scores)
def test_calibration_equals_trying_every_threshold(groups: list[list[tuple[int, int]]]) -> None:
    human = [[h for h, _ in group] for group in groups]
    said = [[s for _, s in group] for group in groups]
    gaps = {0.0} | {float(abs(a - b)) for row in said for a, b in combinations(row, 2)}
    tried = {
        gap: fmean(agreement(s, h, epsilon=gap) or 0.0 for h, s in zip(human, said, strict=True))
        for gap in gaps
    }
    pairs = pairs_of(human, said)
    epsilon, best = calibrate(pairs)
    assert fmean(pairs.sums(pairs.right(epsilon)) / pairs.counts) == pytest.approx(best)
    assert best == pytest.approx(max(tried.values()))
    assert tried[epsilon] == pytest.approx(best)


def test_nothing_has_no_figures() -> None:
    assert figures([], [])["acc_eq_opt"] is None
    assert figures([], [])["pairs"] == 0


def test_people_who_tie_everything_leave_no_tau() -> None:
    said = figures([[1, 1, 1]], [[3, 2, 1]])
    assert (said["ranking_acc"], said["kendall_b_items_used"]) == (0, 0)
    assert said["acc_eq_opt"] == 1
    assert said["eps_opt"] == 2


def test_unequal_groups_are_refused() -> None:
    with pytest.raises(ValueError, match="group 1: 3 scores for 2"):
        pairs_of([[1, 2], [1, 2]], [[1, 2], [1, 2, 3]])


def test_documents_are_drawn_whole() -> None:
    """Two documents that are right and wrong throughout leave everything open, however long."""
    documents = numbered(["a"] * 50 + ["b"] * 50)
    share = Share(np.array([1.0] * 50 + [0.0] * 50), np.ones(100))
    assert interval(share, documents, draws(documents)) == (0, 1)
    alone = np.arange(100)
    assert set(draws(alone).sum(1)) == {100}
    low, high = interval(share, alone, draws(alone)) or (0, 0)
    assert 0.35 < low < 0.45 < 0.55 < high < 0.65


def test_an_interval_holds_95_of_100() -> None:
    assert middle(np.arange(1001.0)) == pytest.approx((25, 975))


def test_interval_of_the_calibrated_accuracy_is_around_it() -> None:
    random = np.random.default_rng(5)
    human = random.integers(0, 3, (80, 3)).astype(float)
    said = human + random.normal(0, 1, human.shape)
    pairs = pairs_of(human.tolist(), said.tolist())
    documents = np.arange(80)
    low, high = calibrated_interval(pairs, documents, draws(documents)) or (0, 0)
    best = calibrate(pairs)[1] or 0
    assert low < best < high < low + 0.25


def test_every_resample_chooses_its_own_threshold() -> None:
    """Beside calibrating each resample alone; few scores, so that many gaps are equal."""
    random = np.random.default_rng(6)
    human, said = (random.integers(0, most, (12, 4)).tolist() for most in (3, 5))
    documents = np.arange(12) // 2
    drawn = draws(documents, resamples=60)
    alone: list[float] = []
    for row in drawn:
        rows = [n for n in range(12) for _ in range(row[documents[n]])]
        pairs = pairs_of([human[n] for n in rows], [said[n] for n in rows])
        alone.append(calibrate(pairs)[1] or 0)
    found = calibrated_interval(pairs_of(human, said), documents, drawn)
    assert found == pytest.approx(middle(np.array(alone)))


def test_parts_of_equal_size_never_part_what_is_equal() -> None:
    groups = [
        HumanGroup(make_group(str(n), "ab"), (1.0, 1.0 + gap), str(n))
        for n, gap in enumerate((1, 1, 2, 2, 2, 3, 3, 0))
    ]
    said = [(0.0, 1.0)] * len(groups)
    pairs = pairs_of([group.scores for group in groups], said)
    documents = np.arange(len(groups))
    rows = breakdowns(groups, said, pairs, documents, draws(documents))["human_gap"]
    assert [(one["part"], one["pairs"]) for one in rows] == [
        ("tied by people", 1), ("1 to 2 apart", 5), ("3 apart", 2),
    ]  # fmt: skip
    assert [one["ranking_acc"] for one in rows] == [0, 1, 1]


def test_permutation_by_hand() -> None:
    # Three documents, all for one side: two of eight ways to swap are as far from nothing.
    documents = numbered(["a", "a", "b", "c"])
    assert paired_permutation(np.array([1.0, 1, 2, 1]), documents) == pytest.approx(0.25, abs=0.02)
    assert paired_permutation(np.zeros(4), documents) == 1
    assert paired_permutation(np.ones(40), np.arange(40)) == pytest.approx(1 / 10_001)


def test_systems_by_hand() -> None:
    people = np.array([[3.0, 3, 3], [2, 2, 2], [1, np.nan, 4]])
    judge = np.array([[9.0, 8, 9], [5, 6, 5], [9, np.nan, 9]])
    # 0 > 1 both; 0 = 2 for people and the judge (means of two groups 2.5 and 3 to 9 and 9).
    level = compare(["a", "b", "c"], people, judge)
    assert (level.systems, level.pairs) == (3, 3)
    assert level.pairwise_accuracy == pytest.approx(2 / 3)
    assert 0.6 < (level.soft_pairwise_accuracy or 0) < 1
    assert compare(["a", "b"], people[:2], people[:2]).soft_pairwise_accuracy == 1
    assert compare(["a", "b"], people[:2], -people[:2]).soft_pairwise_accuracy == pytest.approx(
        0.125, abs=0.03
    )  # all three groups one way: 1 of 8 flips, against certainty
    assert compare(["a"], people[:1], judge[:1]).pairwise_accuracy is None


def test_joined_systems_count_for_both() -> None:
    first = Group(make_group("x").segment, (Candidate("x", "a+b"), Candidate("y", "llm+rag")))
    second = Group(make_group("x").segment, (Candidate("x", "a"), Candidate("y", "b")))
    groups = [HumanGroup(first, (2, 1), "1"), HumanGroup(second, (4, 3), "2")]
    names, people, _ = score_tables(groups, [(2, 1), (4, 3)])
    assert names == ["a", "b", "llm+rag"]
    assert people[:, 0].tolist() == [2, 2, 1]


def test_baselines_that_need_a_reference_leave_out_groups_without() -> None:
    groups = [
        HumanGroup(make_group("Good morning", "Night", id=id, reference=reference), (2, 1), "d")
        for id, reference in (("1", "Good morning"), ("2", None))
    ]
    made = {name: predict(groups) for name, predict in predictors().items()}
    assert {name: len(said) for name, (_, said) in made.items()} == {
        "random": 2, "all_tied": 2, "longest": 2, "length_ratio_src": 2,
        "length_ratio_ref": 1, "chrf": 1, "bleu": 1,
    }  # fmt: skip
    assert made["longest"][1][0] == (12, 5)
    assert made["chrf"][1][0][0] == 100
