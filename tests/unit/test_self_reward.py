"""The reward of a model that judges itself, in both readings."""

from __future__ import annotations

import pytest

from dragoman.errors import UserError
from dragoman.rewards.self_reward import SelfReward, self_reward

ADDED = SelfReward("added")


@pytest.mark.parametrize(
    ("score", "formed", "gated", "added"),
    [
        (100, True, 1.0, 2.0),
        (85, True, 0.85, 1.85),
        (0, True, 0.0, 1.0),
        (85, False, 0.0, 0.85),
    ],
)
def test_both_readings(score: float, formed: bool, gated: float, added: float):
    assert self_reward(score, found=True, formed=formed) == pytest.approx(gated, abs=1e-9)
    earned = self_reward(score, found=True, formed=formed, settings=ADDED)
    assert earned == pytest.approx(added, abs=1e-9)


def test_weights():
    """40 of 50 is 0.8, and half for the form."""
    settings = SelfReward("added", highest=50, format_weight=0.5)
    assert self_reward(40, found=True, formed=True, settings=settings) == pytest.approx(1.3)


@pytest.mark.parametrize("score", [None, -1, 101, float("nan")])
def test_an_unreadable_judgement_is_no_reward(score: float | None):
    assert self_reward(score, found=True, formed=True) is None
    assert self_reward(score, found=True, formed=True, settings=ADDED) is None
    assert self_reward(score, found=True, formed=False, settings=ADDED) is None


@pytest.mark.parametrize("settings", [SelfReward(), ADDED])
def test_without_a_translation_nothing_is_earned(settings: SelfReward):
    assert self_reward(None, found=False, formed=False, settings=settings) == 0
    assert self_reward(None, found=False, formed=True, settings=settings) == 0


def test_gated_needs_no_judgement_of_a_badly_formed_reply():
    assert self_reward(None, found=True, formed=False) == 0


def test_a_metric_is_added():
    """80/100 + 0.005 · 60 = 1.1; badly formed 0 when gated; with the form 2.1 when added."""
    gated = SelfReward(metric_weight=0.005)
    added = SelfReward("added", metric_weight=0.005)
    assert self_reward(80, found=True, formed=True, metric=60, settings=gated) == pytest.approx(1.1)
    assert self_reward(80, found=True, formed=False, metric=60, settings=gated) == 0
    assert self_reward(80, found=True, formed=True, metric=60, settings=added) == pytest.approx(2.1)
    assert self_reward(80, found=True, formed=True, settings=gated) is None
    assert self_reward(80, found=True, formed=True, metric=60) == pytest.approx(0.8)


def test_settings_are_checked():
    with pytest.raises(UserError, match="gated or added"):
        SelfReward("multiplied")  # pyright: ignore[reportArgumentType]
    with pytest.raises(UserError, match="above 0"):
        SelfReward(highest=0)
