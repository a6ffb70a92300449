"""How well a judge knows held-out groups, through the ordinary judges."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from itertools import combinations
from typing import Any

from dragoman.asking import Asker, Patience
from dragoman.data.rows import GoldGroup
from dragoman.engines import Engine
from dragoman.judges import Judge, make_judge
from dragoman.ranking import agreement, sign
from dragoman.reproduce.groups import open_engine, read_groups
from dragoman.reproduce.plan import Place, Result
from dragoman.types import Group, Judgement, Sampling

JUDGE_TOKENS = 320

Measured = Mapping[str, float | None]

MEASURES = ("pairs", "agreement", "equal", "exact", "unread")


def judge(
    place: Place,
    name: str,
    *,
    groups: Mapping[str, str],
    judge: str,
    model: str | None = None,
    slots: int | None = None,
) -> Result:
    """Judge groups of other steps: `groups` are the steps by what they are called in tables.

    `model` is the step that trained the judge's model. The numbers of each group are kept."""
    made, engine = open_judge(place, judge, model, slots)
    golds = {key: read_groups(place, step) for key, step in groups.items()}
    order = [gold for some in golds.values() for gold in some]
    judgements = iter(judge_all(made, [gold.group for gold in order], engine))
    return {
        key: columns([weigh(next(judgements), gold) for gold in some])
        for key, some in golds.items()
    }


def open_judge(
    place: Place, name: str, model: str | None, slots: int | None = None
) -> tuple[Judge, Engine | None]:
    """A judge with the model of a step, asked once and greedily; a reward head is a model too."""
    if name == "reward-head":
        return make_judge(f"{name}:{place.model(model or '')}"), None
    engine = open_engine(place, model) if model else None
    asker = Asker(engine, Sampling(max_tokens=JUDGE_TOKENS), Patience(0)) if engine else None
    return make_judge(name, asker, slots=slots), engine


def judge_all(judge: Judge, groups: Sequence[Group], engine: Engine | None) -> list[Judgement]:
    async def all_of_them() -> list[Judgement]:
        try:
            return await asyncio.gather(*map(judge.judge, groups))
        finally:
            if engine:
                await engine.close()

    return asyncio.run(all_of_them())


def weigh(judgement: Judgement, gold: GoldGroup) -> Measured:
    """One judged group beside its gold scores; what cannot be measured is None.

    `pairs`: of the pairs with different gold scores, the share that the judge orders so.
    `agreement`: of all pairs, the share told as >, = or < as gold does, the paper's accuracy.
    `equal`: 1 where the judge tells no candidate from another, which teaches a policy nothing.
    `exact`: the share of scores that are gold's. `unread`: 1 where there is no verdict."""
    if judgement.verdict is None:
        return {**dict.fromkeys(MEASURES), "unread": 1.0}
    scores = judgement.verdict.scores
    said = scores or [-float(place) for place in judgement.verdict.ranking.places]
    unequal = [
        (sign(said[i] - said[j]), sign(gold.scores[i] - gold.scores[j]))
        for i, j in combinations(range(len(said)), 2)
        if gold.scores[i] != gold.scores[j]
    ]
    right = sum(one == true for one, true in unequal)
    exact = sum(one == true for one, true in zip(said, gold.scores, strict=True)) / len(said)
    return {
        "pairs": right / len(unequal) if unequal else None,
        "agreement": agreement(said, gold.scores),
        "equal": float(len(set(said)) == 1),
        "exact": exact if scores else None,
        "unread": 0.0,
    }


def columns(rows: Sequence[Mapping[str, Any]]) -> dict[str, list[Any]]:
    """Rows with the same keys as a list for each key."""
    return {key: [row[key] for row in rows] for key in (rows[0] if rows else ())}
