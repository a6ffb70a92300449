"""The reward of a group of rollouts, against numbers worked out by hand."""

from __future__ import annotations

import pytest

from dragoman.errors import UserError
from dragoman.rewards.group import (
    GroupReward,
    Rollout,
    compat_group_reward,
    distinct,
    group_reward,
)
from dragoman.rewards.length import Overlong

SHORT = 100
"""A length without a penalty."""


def exactly(*rewards: float | None) -> object:
    return pytest.approx(list(rewards), abs=1e-9, rel=0)


def rollouts(*texts: str | None, tokens: tuple[int, ...] | int = SHORT) -> list[Rollout]:
    lengths = (tokens,) * len(texts) if isinstance(tokens, int) else tokens
    return [Rollout(text, length) for text, length in zip(texts, lengths, strict=True)]


@pytest.mark.parametrize(
    ("tokens", "penalty"),
    [
        (0, 0),
        (2048, 0),
        (2049, 0.04 / 2048),
        (2560, 0.01),  # 512 beyond, a quarter of the ramp
        (3072, 0.02),
        (4096, 0.04),
        (9999, 0.04),
    ],
)
def test_overlong(tokens: int, penalty: float):
    assert Overlong().penalty(tokens) == pytest.approx(penalty, abs=1e-9)


def test_overlong_with_other_numbers():
    overlong = Overlong(free=10, ramp=20, worst=1.0)
    assert [overlong.penalty(n) for n in (10, 15, 30, 31)] == [0, 0.25, 1, 1]
    step = Overlong(free=10, ramp=0, worst=1.0)
    assert [step.penalty(n) for n in (10, 11)] == [0, 1]
    with pytest.raises(UserError, match="0 or more"):
        Overlong(worst=-1)


def test_distinct():
    assert distinct(["b", None, "a", "b"]) == (("b", "a"), (0, None, 1, 0))
    assert distinct([None, None]) == ((), (None, None))


def test_scores_are_scaled():
    rewards = group_reward(rollouts("a", "b", "c"), [10, 7, 0])
    assert rewards == exactly(0.10, 0.07, 0)


def test_copies_share_a_score_and_pay_for_their_own_length():
    """7 · 0.01 = 0.07; the second copy is 1024 beyond 2048, half the ramp: 0.07 - 0.02."""
    group = rollouts("a", "b", "a", tokens=(100, 100, 3072))
    assert group_reward(group, [7, 9]) == exactly(0.07, 0.09, 0.05)


def test_an_unreadable_rollout_has_the_published_reward():
    assert group_reward(rollouts("a", None, "b"), [8, 3]) == exactly(0.08, -0.04, 0.03)
    assert group_reward(rollouts(None, None), None) == exactly(-0.04, -0.04)


def test_an_unreadable_rollout_is_below_the_worst_readable_one():
    """Score 0 with the full penalty is 0 - 0.04, and the unreadable one 0.01 below."""
    group = rollouts("a", None, "b", tokens=(4096, 100, 100))
    assert group_reward(group, [0, 5]) == exactly(-0.04, -0.05, 0.05)


def test_one_distinct_text_is_neutral_whatever_its_length():
    assert group_reward(rollouts("a", "a", "a", tokens=(1, 3000, 9000)), None) == exactly(0, 0, 0)
    assert group_reward(rollouts("a", None, "a"), None) == exactly(0, -0.04, 0)
    assert group_reward(rollouts("a"), None) == exactly(0)
    settings = GroupReward(neutral=-0.04)
    assert group_reward(rollouts("a", None), None, settings) == exactly(-0.04, -0.05)


def test_a_failed_judge_rewards_nobody():
    assert group_reward(rollouts("a", None, "b"), None) == [None, None, None]


@pytest.mark.parametrize("score", [-1, 10.5, 900, float("nan"), float("inf")])
def test_a_score_off_the_scale_is_a_failed_judge(score: float):
    assert group_reward(rollouts("a", "b"), [5, score]) == [None, None]


def test_another_scale():
    settings = GroupReward(scale=0.001, lowest=-25, highest=100)
    assert group_reward(rollouts("a", "b"), [-25, 100], settings) == exactly(-0.025, 0.1)


def test_scores_must_fit_the_texts():
    with pytest.raises(ValueError, match="3 scores for 2 distinct texts"):
        group_reward(rollouts("a", "b", "a"), [1, 2, 3])
    with pytest.raises(ValueError, match="3 scores for 2 distinct texts"):
        compat_group_reward(rollouts("a", "b", "a"), [1, 2, 3])
    with pytest.raises(UserError, match="above 0"):
        GroupReward(gap=0)


def test_compat_is_the_same_where_nothing_is_odd():
    group = rollouts("a", None, "b", tokens=(2560, 100, 100))
    assert compat_group_reward(group, [8, 3]) == exactly(0.07, -0.04, 0.03)
    assert group_reward(group, [8, 3]) == exactly(0.07, -0.04, 0.03)


def test_compat_scales_the_reward_of_a_failed_judge():
    """-0.04 · 0.01 = -0.0004, which is better than being unreadable or all alike."""
    group = rollouts("a", None, "b", tokens=(100, 100, 2560))
    assert compat_group_reward(group, None) == exactly(-0.0004, -0.04, -0.0104)


def test_compat_punishes_agreement_as_it_does_the_unreadable():
    assert compat_group_reward(rollouts("a", "a", None), None) == exactly(-0.04, -0.04, -0.04)


def test_compat_believes_any_score():
    assert compat_group_reward(rollouts("a", "b"), [900, -5]) == exactly(9.0, -0.05)


@pytest.mark.parametrize(("lengths", "reward"), [((100, 4096), 0.07), ((4096, 100), 0.03)])
def test_compat_makes_copies_pay_for_the_first(lengths: tuple[int, int], reward: float):
    group = rollouts("a", "a", "b", tokens=(*lengths, 100))
    assert compat_group_reward(group, [7, 5]) == exactly(reward, reward, 0.05)


def test_compat_gives_up_on_a_prompt_that_is_too_long():
    group = rollouts("a", "b")
    assert compat_group_reward(group, None, asked=False) == exactly(-0.04, -0.04)
