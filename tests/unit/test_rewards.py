"""The training reward on values, and where it departs from the published one."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dragoman.rewards import compat
from dragoman.rewards.ranking import margin_reward, ranking_reward, score_reward


@pytest.mark.parametrize(
    ("predicted", "total"),
    [((8, 3), 2.0), ((9, 3), 1.6), ((10, 3), 1.2), ((5, 0), 2.0), ((3, 8), 0.0), ((5, 5), 0.0)],
)
def test_published_examples(predicted: tuple[int, int], total: float):
    assert ranking_reward(predicted, (8, 3)).total == pytest.approx(total)


def test_off_the_scale_and_unreadable_earn_nothing():
    assert ranking_reward((100, 3), (8, 3)).total == 0
    assert not ranking_reward((100, 3), (8, 3)).valid
    assert ranking_reward((80, 30), (80, 30), scale=(0, 100)).total == 2
    assert not ranking_reward(None, (8, 3)).valid
    reply = "Fine.\nRanking:\nA > B\nScores:\nA: 100, B: 3"
    assert compat.ranking_score_reward(reply, {"A": 8, "B": 3})["score"] == 1.0


def test_one_candidate_is_valid_and_earns_nothing():
    assert ranking_reward((5,), (5,)).valid
    assert ranking_reward((5,), (5,)).total == 0


def test_a_tie_on_one_side_is_wrong_and_on_both_right():
    assert ranking_reward((5, 5), (8, 3)).ranking == 0
    assert ranking_reward((5, 5), (7, 7)).ranking == 1


def test_groups_must_match():
    with pytest.raises(ValueError, match="2 predicted scores for 3"):
        margin_reward((1, 2), (1, 2, 3))


@pytest.mark.parametrize(("off", "earned"), [(0, 1), (1, 0.8), (-2, 0.4), (3, 0.2), (4, 0)])
def test_pointwise(off: int, earned: float):
    assert score_reward(5 + off, 5) == earned
    assert score_reward(None, 5) == 0


@pytest.mark.parametrize(
    ("said", "valid"),
    [("A = B", True), ("B > A", True), ("A<> B", False), ("A >BB", False), ("A > B ", False)],
)
def test_a_published_ranking_has_the_form_of_the_gold_one(said: str, valid: bool):
    assert compat.is_ranking(said, "A > B") is valid


pairs = st.integers(2, 6).flatmap(
    lambda n: st.tuples(*(st.lists(st.integers(0, 10), min_size=n, max_size=n) for _ in "ab"))
)


@given(pairs=pairs)
def test_on_the_scale_it_is_the_published_reward_to_the_bit(pairs: tuple[list[int], list[int]]):
    predicted, gold = (dict(zip("ABCDEF", scores, strict=False)) for scores in pairs)
    from dragoman.formats.gqm import respond
    from dragoman.ranking import rank_scores
    from dragoman.types import Verdict

    scores = tuple(predicted.values())
    reply = respond(Verdict(rank_scores(scores), scores, "Fine."), "ranking_score")
    theirs = compat.ranking_score_reward(reply, gold)
    ours = ranking_reward(scores, list(gold.values()))
    assert theirs["valid_answer"] == 1
    assert (ours.ranking, ours.margin, ours.total) == (
        theirs["ranking_reward"],
        theirs["score_reward"],
        theirs["score"],
    )
