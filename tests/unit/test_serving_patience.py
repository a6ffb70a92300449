"""When the line before the judge loses its patience, by a clock that jumps."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from types import MappingProxyType

import pytest
from tests.conftest import make_group

from dragoman.serving.meters import Meters
from dragoman.serving.queue import JudgeQueue
from dragoman.types import Group, Judgement, Ranking, Verdict


class Slow:
    """Takes its times one after another, and says when it was asked, and about whom."""

    fields: Mapping[str, object] = MappingProxyType({"judge": "slow"})

    def __init__(self, *seconds: float):
        self._seconds = iter(seconds)
        self.asked = list[tuple[str, float]]()

    async def judge(self, group: Group, draw: int = 0) -> Judgement:
        now = asyncio.get_running_loop().time()
        self.asked.append((group.segment.id, now))
        await asyncio.sleep(next(self._seconds))
        return Judgement(group, Verdict(Ranking(((0,),))), None)


@pytest.mark.usefixtures("clock")
async def test_half_the_mean_is_waited_for() -> None:
    judge = Slow(2, 6, 100, 9, 1)
    queue = JudgeQueue(judge, 2, 1, Meters())
    begun = asyncio.get_running_loop().time()
    for name in ("first", "second", "third"):
        await queue.judge(make_group("a", id=name))
    assert [(name, round(at - begun, 3)) for name, at in judge.asked] == [
        ("first", 0),
        ("second", 2),
        ("second", 3),  # in vain: judgements take 2 and 6 seconds
        ("third", 8),
        ("third", 10),
    ]


@pytest.mark.usefixtures("clock")
async def test_each_is_asked_about_again_when_its_own_time_is_over() -> None:
    judge = Slow(2, 9, 9, 9, 9)
    queue = JudgeQueue(judge, 4, 1, Meters())
    begun = asyncio.get_running_loop().time()
    await queue.judge(make_group("a", id="usual"))
    old = asyncio.create_task(queue.judge(make_group("a", id="old")))
    await asyncio.sleep(0.75)
    await queue.judge(make_group("a", id="new"))
    await old
    assert [(name, round(at - begun, 3)) for name, at in judge.asked[1:]] == [
        ("old", 2),
        ("new", 2.75),
        ("old", 3),
        ("new", 3.75),
    ]
