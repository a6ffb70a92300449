"""The numbers of a training step, counted by hand."""

from __future__ import annotations

import pytest

from dragoman.rewards.group import Rollout
from dragoman.rewards.step_statistics import Outcome, step_statistics


def outcome(text: str | None, tokens: int, reward: float | None, **flags: bool) -> Outcome:
    return Outcome(Rollout(text, tokens), reward, **flags)


def test_a_step():
    """Three groups of four: one with a spread, one all equal, one unjudged."""
    groups = [
        [
            outcome("a", 10, 0.08),
            outcome("a", 20, 0.08),
            outcome("b", 30, 0.04, wrong_language=True),
            outcome(None, 100, -0.04, truncated=True),
        ],
        [outcome("c", 10, 0.0) for _ in range(4)],
        [
            outcome("d", 10, None),
            outcome("e", 10, None),
            outcome("f", 10, None, wrong_language=True),
            outcome(None, 100, None, truncated=True),
        ],
    ]
    assert step_statistics(groups) == pytest.approx(
        {
            "zero_variance": 1 / 2,  # the unjudged group has no variance to speak of
            "unreadable": 2 / 12,
            "judge_failure": 4 / 12,
            "duplicate": 4 / 10,  # one more a, three more c, of ten readable
            "wrong_language": 2 / 10,
            "truncated": 2 / 12,
            "length_mean": (160 + 40 + 130) / 12,
            "length_max": 100,
            "reward_mean": 0.16 / 8,
            # mean 0.04, deviations 0.04, 0.04, 0, -0.08: √(0.0096 / 4); the other group has 0
            "reward_std": 0.0024**0.5 / 2,
        },
        abs=1e-9,
        rel=0,
    )


def test_a_share_of_nothing_is_left_out():
    assert step_statistics([]) == {}
    unjudged = step_statistics([[outcome(None, 5, None)]])
    assert unjudged == {
        "unreadable": 1,
        "judge_failure": 1,
        "truncated": 0,
        "length_mean": 5,
        "length_max": 5,
    }


def test_a_group_in_part_unjudged_counts_with_what_it_has():
    statistics = step_statistics([[outcome("a", 1, 0.5), outcome("b", 1, None)]])
    assert statistics["zero_variance"] == 1
    assert statistics["judge_failure"] == 0.5
    assert statistics["reward_mean"] == 0.5
    assert all(type(value) is float for value in statistics.values())
