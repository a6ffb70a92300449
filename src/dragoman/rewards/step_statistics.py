"""What to watch while a policy is trained, in numbers, from the groups of one step."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import fmean, pstdev

from dragoman.rewards.group import Rollout, distinct


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one rollout; a reward of None is one that the judge failed to give."""

    rollout: Rollout
    reward: float | None
    truncated: bool = False
    wrong_language: bool = False


def step_statistics(groups: Sequence[Sequence[Outcome]]) -> dict[str, float]:
    """The numbers of one step; a mean of nothing is left out.

    `zero_variance`    groups with rewards that are all equal, of those with rewards
    `unreadable`       rollouts without a translation
    `judge_failure`    rollouts without a reward
    `duplicate`        readable rollouts that repeat a sibling, beyond the first copy
    `wrong_language`   readable rollouts in another language than was asked for
    `truncated`        rollouts cut off at the length limit
    `length_mean`, `length_max`, `reward_mean`
    `reward_std`       the mean over groups of the standard deviation of their rewards
    """
    everyone = [outcome for group in groups for outcome in group]
    readable = [outcome for outcome in everyone if outcome.rollout.text is not None]
    different = sum(len(distinct([o.rollout.text for o in group])[0]) for group in groups)
    lengths = [outcome.rollout.tokens for outcome in everyone]
    rewards = [[o.reward for o in group if o.reward is not None] for group in groups]
    rewarded = [group for group in rewards if group]
    means = {
        "zero_variance": _mean(max(group) == min(group) for group in rewarded),
        "unreadable": _mean(outcome.rollout.text is None for outcome in everyone),
        "judge_failure": _mean(outcome.reward is None for outcome in everyone),
        "duplicate": 1 - different / len(readable) if readable else None,
        "wrong_language": _mean(outcome.wrong_language for outcome in readable),
        "truncated": _mean(outcome.truncated for outcome in everyone),
        "length_mean": _mean(lengths),
        "length_max": max(lengths, default=None),
        "reward_mean": _mean(reward for group in rewarded for reward in group),
        "reward_std": _mean(pstdev(group) for group in rewarded),
    }
    return {name: float(value) for name, value in means.items() if value is not None}


def _mean(values: Iterable[float]) -> float | None:
    values = list(values)
    return fmean(values) if values else None
