"""How wrappers put several judgements of the same candidates together."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import fmean
from typing import Any

from dragoman.ranking import rank_scores
from dragoman.types import Judgement, Ranking, Usage, Verdict

PER_SLOT = ("slot_bias",)


def cost(judgements: Sequence[Judgement]) -> tuple[tuple[str, ...], Usage]:
    """All replies and the whole usage."""
    replies = tuple(reply for one in judgements for reply in one.replies)
    return replies, sum((one.usage for one in judgements), Usage())


def scored(verdicts: Sequence[Verdict]) -> bool:
    """Whether every verdict has scores; the mean of some of them would mean nothing."""
    return all(verdict.scores is not None for verdict in verdicts)


def numbers(verdicts: Sequence[Verdict]) -> list[tuple[float, ...]]:
    """A higher-is-better number for each candidate: scores, or standings without them."""
    if scored(verdicts):
        return [verdict.scores for verdict in verdicts if verdict.scores is not None]
    return [standing(verdict.ranking) for verdict in verdicts]


def averaged(said: Sequence[Sequence[float]]) -> tuple[float, ...]:
    """The mean for each candidate, rounded so that means that are equal come out equal."""
    # Adding 0.0 turns a rounded -0.0 into 0.0.
    return tuple(round(fmean(column), 9) + 0.0 for column in zip(*said, strict=True))


def mean_verdict(verdicts: Sequence[Verdict], said: Sequence[Sequence[float]]) -> Verdict:
    """The verdict that the averaged numbers give; the analysis is the first one's."""
    means = averaged(said)
    scores = means if scored(verdicts) else None
    return Verdict(rank_scores(means), scores, verdicts[0].analysis)


def mean_details(judgements: Sequence[Judgement]) -> dict[str, Any]:
    """What inner judges found out on the way, on average, where all of them tell.

    Single numbers and what is told slot by slot can be averaged; what is told candidate by
    candidate cannot, since each of the judgements may have shown others, or in other slots.
    """
    means: dict[str, Any] = {}
    for key in judgements[0].details:
        told: list[Any] = [one.details.get(key) for one in judgements]
        if all(isinstance(value, int | float) for value in told):
            means[key] = averaged([[value] for value in told])[0]
        elif key in PER_SLOT and len({len(value or ()) for value in told}) == 1:
            means[key] = list(averaged(told))
    return means


def standing(ranking: Ranking) -> tuple[float, ...]:
    """Minus the place of each candidate, where a tie shares the mean of the places it takes."""
    standings = [0.0] * len(ranking)
    above = 0
    for tier in ranking.tiers:
        for i in tier:
            standings[i] = -(above + (len(tier) - 1) / 2)
        above += len(tier)
    return tuple(standings)
