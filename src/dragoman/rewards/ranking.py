"""The reward of a group judge under reinforcement learning with human scores.

Half is earned by ordering pairs as the gold scores do, half by putting the right distance
between them. Both are means over pairs in [0, 1], so the whole lies in [0, 2].
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from types import MappingProxyType

from dragoman.ranking import agreement

MARGIN_CREDIT: Mapping[float, float] = MappingProxyType({0: 1.0, 1: 0.6, 2: 0.2})
"""What a pair earns when its predicted distance is off by 0, 1 or 2 points; beyond, nothing."""

SCORE_CREDIT: Mapping[float, float] = MappingProxyType({0: 1.0, 1: 0.8, 2: 0.4, 3: 0.2})
"""What a single score earns when it is off by that much: the pointwise judge's reward."""


@dataclass(frozen=True, slots=True)
class RankingReward:
    """What a judge's scores earn. An answer that could not be read earns nothing."""

    valid: bool
    ranking: float = 0.0
    margin: float = 0.0

    @property
    def total(self) -> float:
        return self.ranking + self.margin


def ranking_reward(
    predicted: Sequence[float] | None,
    gold: Sequence[float],
    *,
    scale: tuple[float, float] = (0, 10),
) -> RankingReward:
    """The reward of predicted scores; None stands for an unreadable answer.

    A score off the scale makes the answer invalid, so that nothing is earned by shifting
    all scores: `compat.ranking_score_reward` is the reference, which lets that pass.
    """
    lowest, highest = scale
    if predicted is None or not all(lowest <= score <= highest for score in predicted):
        return RankingReward(valid=False)
    ordered = agreement(predicted, gold)
    if ordered is None:
        return RankingReward(valid=True)
    return RankingReward(True, ordered, margin_reward(predicted, gold))


def margin_reward(
    predicted: Sequence[float],
    gold: Sequence[float],
    credit: Mapping[float, float] = MARGIN_CREDIT,
) -> float:
    """The mean credit over pairs; only distances count, so (5, 0) is as good as (8, 3)."""
    if len(predicted) != len(gold):
        raise ValueError(f"{len(predicted)} predicted scores for {len(gold)} gold ones")
    pairs = list(combinations(range(len(gold)), 2))
    if not pairs:
        return 0.0
    earned = 0.0
    for i, j in pairs:
        error = abs((gold[i] - gold[j]) - (predicted[i] - predicted[j]))
        earned += credit.get(error, 0.0)
    return earned / len(pairs)


def score_reward(predicted: float | None, gold: float) -> float:
    """What one score of a pointwise judge earns."""
    return 0.0 if predicted is None else SCORE_CREDIT.get(abs(predicted - gold), 0.0)
