"""How good a judge in training is on held-out groups."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Sequence

from dragoman.asking import Asker, NoCache, Patience
from dragoman.data.rows import GoldGroup
from dragoman.engines import Engine
from dragoman.formats import make_format
from dragoman.judges import SHOWN, make_judge
from dragoman.ranking import agreement
from dragoman.types import Judgement, Sampling


def judging(
    groups: Sequence[GoldGroup], format: str, max_tokens: int
) -> Callable[[Engine], Coroutine[None, None, dict[str, float]]]:
    """A validation that judges these groups greedily, asking once each."""
    name = next(judge for judge, takes in SHOWN.items() if takes == make_format(format).takes)

    async def validate(engine: Engine) -> dict[str, float]:
        asker = Asker(engine, Sampling(max_tokens=max_tokens), Patience(0), NoCache())
        judge = make_judge(name, asker, format=format)
        judgements = await asyncio.gather(*(judge.judge(gold.group) for gold in groups))
        return measure(judgements, [gold.scores for gold in groups])

    return validate


def measure(judgements: Sequence[Judgement], gold: Sequence[Sequence[float]]) -> dict[str, float]:
    """Shares of groups: `unjudged`; of the others the mean pairwise `accuracy`, a tie right
    only where gold has one, and `all_equal`, which teach a policy nothing."""
    agreements: list[float] = []
    equal = judged = 0
    for judgement, scores in zip(judgements, gold, strict=True):
        if judgement.verdict is None:
            continue
        judged += 1
        equal += len(judgement.verdict.ranking.tiers) == 1
        places = [-place for place in judgement.verdict.ranking.places]
        agreed = agreement(places, scores)
        if agreed is not None:
            agreements.append(agreed)
    numbers = {"unjudged": 1 - judged / len(judgements)}
    if judged:
        numbers["all_equal"] = equal / judged
    if agreements:
        numbers["accuracy"] = sum(agreements) / len(agreements)
    return numbers
