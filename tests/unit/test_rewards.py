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
    assert ranking_reward(predicted, (8, 3)).total == pytest.approx(total, abs=1e-6)


@pytest.mark.parametrize(
    ("ranking", "scores", "ordered", "margin"),
    [
        ("A > B", "A: 8, B: 3", 1, 1),
        ("A > B", "A: 9, B: 3", 1, 0.6),
        ("A > B", "A: 10, B: 3", 1, 0.2),
        ("A > B", "A: 5, B: 0", 1, 1),  # only the distance counts
        ("A > B", "A: 100, B: 3", 1, 0),  # off the scale, and yet paid
        ("A = B", "A: 5, B: 5", 0, 0),  # a tie against no tie is wrong, and valid
        ("B = A", "A: 5, B: 5", 0, 0),
    ],
)
def test_published_examples_as_replies(ranking: str, scores: str, ordered: float, margin: float):
    reply = f"B leaves out a word.\nRanking:\n{ranking}\nScores:\n{scores}"
    said = compat.ranking_score_reward(reply, {"A": 8, "B": 3})
    assert said == pytest.approx(
        {
            "score": ordered + margin,
            "valid_answer": 1,
            "ranking_reward": ordered,
            "score_reward": margin,
        },
        abs=1e-6,
    )


@pytest.mark.parametrize(
    "reply",
    [
        "Ranking:\nA > B\nScores:\nA: 8, B: 3",  # no analysis
        "Fine.\nRanking:\nA>B\nScores:\nA: 8, B: 3",
        "Fine.\nRanking:\nB > A\nScores:\nA: 8, B: 3",  # not what the scores say
        "Fine.\nRanking:\nA > B\nScores:\nA: 8, B: 3, C: 1",
        "Fine.\nRanking:\nA > B\nScores:\nA: 8.0, B: 3",
        "Fine.\nRanking:\nA > B\nScores:\nA: 8, B: 3\nThat is all.",
    ],
)
def test_a_published_reply_out_of_form_earns_nothing(reply: str):
    assert compat.ranking_score_reward(reply, {"A": 8, "B": 3})["valid_answer"] == 0
    assert compat.ranking_score_reward(reply, {"A": 8, "B": 3})["score"] == 0


def test_three_candidates():
    """Gold 8 3 5, said 9 3 4. Margins 6 5 -1 for 5 3 -2: off by 1 2 1, (0.6 + 0.2 + 0.6) / 3."""
    reward = ranking_reward((9, 3, 4), (8, 3, 5))
    assert (reward.ranking, reward.margin) == pytest.approx((1, 1.4 / 3), abs=1e-6)
    tied = ranking_reward((9, 4, 4), (8, 3, 5))  # two pairs of three; margins 5 5 0: off by 0 2 2
    assert (tied.ranking, tied.margin) == pytest.approx((2 / 3, 1.4 / 3), abs=1e-6)


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
    assert ranking_reward((5, 5), (8, 3)).valid
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
