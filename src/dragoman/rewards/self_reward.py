"""The reward of a model that judges its own translations, one at a time.

How the published runs combine score and form is not known for certain: two readings are
offered, and a metric may be added to either.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from dragoman.errors import UserError

Arithmetic = Literal["gated", "added"]


@dataclass(frozen=True, slots=True)
class SelfReward:
    """With `s = score / highest + metric_weight · metric` and `f` = 1 for a well-formed reply:

    `gated`   f · s
    `added`   s + format_weight · f

    `metric_weight` also brings the metric to the scale of a reward: 0.01 for one of 0 to 100.
    """

    arithmetic: Arithmetic = "gated"
    highest: float = 100.0
    format_weight: float = 1.0
    metric_weight: float = 0.0

    def __post_init__(self) -> None:
        if self.arithmetic not in ("gated", "added"):
            raise UserError(f"arithmetic {self.arithmetic!r}: it is gated or added")
        if not self.highest > 0:
            raise UserError(f"highest {self.highest:g}: the best score is above 0")


def self_reward(
    score: float | None,
    *,
    found: bool,
    formed: bool,
    metric: float | None = None,
    settings: SelfReward = SelfReward(),
) -> float | None:
    """The reward of one reply.

    `found`: a translation was found in it; without one there was nothing to judge, and it
    earns 0. `formed`: the whole reply has the form that is asked for.
    None, which is no reward, when the judgement could not be read, is off the scale, or the
    metric that is asked for did not measure; but a reply that earns 0 whatever is said of it
    needs no judgement.
    """
    if not found or (settings.arithmetic == "gated" and not formed):
        return 0.0
    if score is None or not 0 <= score <= settings.highest:
        return None
    earned = score / settings.highest
    if settings.metric_weight:
        if metric is None:
            return None
        earned += settings.metric_weight * metric
    return earned + settings.format_weight * formed if settings.arithmetic == "added" else earned
