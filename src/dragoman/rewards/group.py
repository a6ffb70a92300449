"""The reward of a group of rollouts of one prompt, from one judgement of its distinct texts.

Two steps, so that the caller can ask its judge in between:

    texts, slots = distinct([rollout.text for rollout in rollouts])
    scores = ...                     # one per text, None when the judge failed;
                                     # with fewer than two texts there is nothing to ask
    rewards = group_reward(rollouts, scores)

A reward of None is no reward: such a rollout is left out of the mean of its group and has
no gradient.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import inf

from dragoman.errors import UserError
from dragoman.rewards.length import Overlong


@dataclass(frozen=True, slots=True)
class Rollout:
    """One reply of a policy: the translation read from it, None if there is none, its length."""

    text: str | None
    tokens: int


@dataclass(frozen=True, slots=True)
class GroupReward:
    """How scores become rewards.

    `scale` multiplies a score; one outside `lowest` to `highest` fails the judgement. A
    rollout that cannot be read gets `unreadable`, or less where that is needed to stay
    `gap` below the worst readable one of its group. `neutral` is for a group whose readable
    texts are all alike.
    """

    scale: float = 0.01
    lowest: float = 0.0
    highest: float = 10.0
    unreadable: float = -0.04
    neutral: float = 0.0
    gap: float = 0.01
    overlong: Overlong = Overlong()

    def __post_init__(self) -> None:
        if not (self.scale > 0 and self.gap > 0 and self.lowest < self.highest):
            raise UserError("scale and gap of a group reward are above 0, lowest below highest")


def distinct(texts: Sequence[str | None]) -> tuple[tuple[str, ...], tuple[int | None, ...]]:
    """The different texts in order of their first copy, and which of them each rollout has."""
    slot_of_text: dict[str, int] = {}
    slots = tuple(
        None if text is None else slot_of_text.setdefault(text, len(slot_of_text)) for text in texts
    )
    return tuple(slot_of_text), slots


def group_reward(
    rollouts: Sequence[Rollout],
    scores: Sequence[float] | None,
    settings: GroupReward = GroupReward(),
) -> list[float | None]:
    """The reward of each rollout: `scale · score - overlong(its own length)`.

    `scores` has one for each distinct text, or is None for a failed judgement, which rewards
    nobody. With fewer than two distinct texts it is not looked at: the readable rollouts
    are neutral, whatever their length, and the others worse.
    """
    texts, slots = distinct([rollout.text for rollout in rollouts])
    if len(texts) < 2:
        readable = {i: settings.neutral for i, slot in enumerate(slots) if slot is not None}
    elif scores is None or not _possible(scores, len(texts), settings):
        return [None] * len(rollouts)
    else:
        readable = {
            i: settings.scale * scores[slot] - settings.overlong.penalty(rollouts[i].tokens)
            for i, slot in enumerate(slots)
            if slot is not None
        }
    unreadable = min(settings.unreadable, min(readable.values(), default=inf) - settings.gap)
    return [readable.get(i, unreadable) for i in range(len(rollouts))]


def compat_group_reward(
    rollouts: Sequence[Rollout],
    scores: Sequence[float] | None,
    settings: GroupReward = GroupReward(),
    *,
    asked: bool = True,
) -> list[float]:
    """The published reward with its defects, for comparing with published runs.

    A failed judgement counts as a score of `unreadable`, so it is scaled like one; texts
    that are all alike get what unreadable ones get; any score is believed; all copies of a
    text pay for the length of the first. `asked` is false when the prompt was too long for
    the judge: then everybody gets `unreadable`.
    """
    texts, slots = distinct([rollout.text for rollout in rollouts])
    if len(texts) < 2 or not asked:
        return [settings.unreadable] * len(rollouts)
    if scores is None:
        scores = [settings.unreadable] * len(texts)
    _count(scores, len(texts))
    rewards = [
        score * settings.scale - settings.overlong.penalty(rollouts[slots.index(slot)].tokens)
        for slot, score in enumerate(scores)
    ]
    return [settings.unreadable if slot is None else rewards[slot] for slot in slots]


def _possible(scores: Sequence[float], texts: int, settings: GroupReward) -> bool:
    """Whether every score is on the scale."""
    _count(scores, texts)
    return all(settings.lowest <= score <= settings.highest for score in scores)


def _count(scores: Sequence[float], texts: int) -> None:
    if len(scores) != texts:
        raise ValueError(f"{len(scores)} scores for {texts} distinct texts")
