"""The line before the judge: who goes in, who is asked again, and which answer counts."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

import pytest
from tests.conftest import make_group

from dragoman.asking import Asker
from dragoman.engines.scripted import ScriptedEngine
from dragoman.errors import EngineRefused, UserError
from dragoman.judges import make_judge
from dragoman.ledger import Ledger
from dragoman.serving import queue
from dragoman.serving.meters import Meters
from dragoman.serving.queue import JudgeQueue
from dragoman.types import Failure, Group, Judgement, Ranking, Usage, Verdict

pytestmark = pytest.mark.usefixtures("clock")

# How long the first judgement takes, which tells the queue how long one takes.
USUAL = 0.02


class Told:
    """Answers as each call is told to, by the group's name and how often it was asked."""

    fields: Mapping[str, object] = MappingProxyType({"judge": "told"})

    def __init__(self) -> None:
        self.calls: dict[str, asyncio.Future[str]] = {}
        self.cancelled: list[str] = []

    async def judge(self, group: Group, draw: int = 0) -> Judgement:
        name = group.segment.id
        name += "'" * sum(one.rstrip("'") == name for one in self.calls)
        self.calls[name] = asyncio.get_running_loop().create_future()
        try:
            words = await self.calls[name]
        except asyncio.CancelledError:
            self.cancelled.append(name)
            raise
        if words == "fails":
            return Judgement(group, None, Failure(name), usage=Usage(1, 10, 5))
        if words == "breaks":
            raise EngineRefused(name)
        return Judgement(group, Verdict(Ranking(((0,),)), analysis=name), None, usage=Usage(1, 7))


class Scene:
    """A queue before such a judge, which has judged once."""

    def __init__(self, places: int, hedge: int):
        self.judge, self.meters = Told(), Meters()
        self.queue = JudgeQueue(self.judge, places, hedge, self.meters)

    @property
    def asked(self) -> list[str]:
        return list(self.judge.calls)[1:]

    async def begin(self, *names: str) -> list[asyncio.Task[Judgement]]:
        tasks = [asyncio.create_task(self.queue.judge(make_group("a", id=name))) for name in names]
        await turn()
        return tasks

    async def tell(self, name: str, words: str = "judges") -> None:
        self.judge.calls[name].set_result(words)
        await turn()

    async def until(self, *asked: str) -> None:
        """Wait until these have been asked in this order, and a while longer for more."""
        for _ in range(100):
            if len(self.asked) >= len(asked):
                break
            await asyncio.sleep(USUAL / 2)
        await asyncio.sleep(2 * USUAL)
        assert self.asked == list(asked)

    def count(self, outcome: str) -> int:
        line = f'dragoman_hedges_total{{outcome="{outcome}"}} '
        found = [one for one in self.meters.text({}).splitlines() if one.startswith(line)]
        return int(found[0].removeprefix(line)) if found else 0


async def turn() -> None:
    for _ in range(10):
        await asyncio.sleep(0)


async def scene(places: int, hedge: int, monkeypatch: pytest.MonkeyPatch) -> Scene:
    monkeypatch.setattr(queue, "INSTANT", 0.0)
    made = Scene(places, hedge)
    (first,) = await made.begin("usual")
    await asyncio.sleep(USUAL)
    await made.tell("usual")
    await first
    return made


async def test_the_longest_there_is_asked_about_again_and_the_first_verdict_counts(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    made = await scene(3, 1, monkeypatch)
    old, new = await made.begin("old", "new")
    assert made.asked == ["old", "new"]
    await made.until("old", "new", "old'")
    await made.tell("old'")
    assert (await old).verdict == Verdict(Ranking(((0,),)), analysis="old'")
    assert (await old).details == {"asked_again": 1}
    assert made.judge.cancelled == ["old"]
    assert (made.count("won"), made.count("lost")) == (1, 0)
    # The two places that came free go to the other one, once.
    await made.until("old", "new", "old'", "new'")
    await made.tell("new")
    assert (await new).verdict == Verdict(Ranking(((0,),)), analysis="new")
    assert made.judge.cancelled == ["old", "new'"]
    assert (made.count("won"), made.count("lost")) == (1, 1)


async def test_who_is_faster_than_usual_is_asked_about_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    made = await scene(4, 1, monkeypatch)
    (task,) = await made.begin("a")
    await asyncio.sleep(USUAL / 4)
    await made.tell("a")
    assert (await task).details == {}
    await made.until("a")


@pytest.mark.parametrize("hedge", [0, 1, 3])
async def test_never_more_often_than_allowed(hedge: int, monkeypatch: pytest.MonkeyPatch) -> None:
    made = await scene(8, hedge, monkeypatch)
    (task,) = await made.begin("a")
    await made.until(*("a" + "'" * number for number in range(hedge + 1)))
    await made.tell("a")
    assert (await task).details == ({"asked_again": hedge} if hedge else {})
    assert len(made.judge.cancelled) == made.count("lost") == hedge


async def test_the_least_asked_go_first(monkeypatch: pytest.MonkeyPatch) -> None:
    made = await scene(5, 2, monkeypatch)
    await made.begin("a", "b")
    await made.until("a", "b", "a'", "b'", "a''")


async def test_nobody_is_asked_about_again_while_others_wait(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    made = await scene(2, 2, monkeypatch)
    await made.begin("a", "b", "c")
    await made.until("a", "b")
    await made.tell("b")
    await made.until("a", "b", "c")
    await made.tell("c")
    await made.until("a", "b", "c", "a'")


async def test_a_further_ask_gives_its_place_to_whoever_comes(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    made = await scene(3, 1, monkeypatch)
    await made.begin("a")
    await made.until("a", "a'")
    await made.begin("b")
    assert made.asked == ["a", "a'", "b"]
    assert made.judge.cancelled == []
    await made.begin("c", "d")
    assert made.asked == ["a", "a'", "b", "c"]
    assert made.judge.cancelled == ["a'"]
    assert made.count("lost") == 1


async def test_the_latest_group_gives_its_place_first_and_each_who_comes_gets_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    made = await scene(4, 1, monkeypatch)
    await made.begin("a")
    await asyncio.sleep(0.001)
    await made.begin("b")
    await made.until("a", "b", "a'", "b'")
    await made.begin("c")
    assert made.judge.cancelled == ["b'"]
    await made.begin("d", "e")
    assert made.judge.cancelled == ["b'", "a'"]
    assert made.asked[4:] == ["c", "d"]


async def test_two_who_come_at_once_get_two_places(monkeypatch: pytest.MonkeyPatch) -> None:
    made = await scene(3, 2, monkeypatch)
    await made.begin("a")
    await made.until("a", "a'", "a''")
    await made.begin("b", "c")
    assert made.asked[3:] == ["b", "c"]


async def test_judgements_of_an_instant_say_nothing() -> None:
    made = Scene(2, 1)
    (first,) = await made.begin("usual")
    await made.tell("usual")
    await first
    await made.begin("a")
    await made.until("a")


@pytest.mark.parametrize("words", ["fails", "breaks"])
async def test_a_failure_waits_for_the_other_ask(
    words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = await scene(2, 1, monkeypatch)
    (task,) = await made.begin("a")
    await made.until("a", "a'")
    await made.tell("a", words)
    assert not task.done()
    # It is no spare ask any more: who comes has the free place, and the next one waits.
    await made.begin("b", "c")
    assert made.judge.cancelled == []
    await made.tell("a'")
    judgement = await task
    assert judgement.verdict
    assert judgement.usage == (Usage(2, 17, 5) if words == "fails" else Usage(1, 7))


@pytest.mark.parametrize("words", ["fails", "breaks"])
async def test_a_further_ask_that_fails_does_not_count(
    words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = await scene(2, 1, monkeypatch)
    (task,) = await made.begin("a")
    await made.until("a", "a'")
    await made.tell("a'", words)
    assert not task.done()
    assert made.count("failed") == 1
    await made.tell("a")
    assert (await task).verdict == Verdict(Ranking(((0,),)), analysis="a")


async def test_when_all_fail_the_first_failure_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    made = await scene(2, 1, monkeypatch)
    (task,) = await made.begin("a")
    await made.until("a", "a'")
    await made.tell("a'", "fails")
    await made.tell("a", "fails")
    judgement = await task
    assert judgement.failure == Failure("a")
    assert judgement.usage == Usage(2, 20, 10)
    (broken,) = await made.begin("b")
    await made.tell("b", "breaks")
    with pytest.raises(EngineRefused, match="b"):
        await broken


async def test_a_caller_that_leaves_gives_up_its_places(monkeypatch: pytest.MonkeyPatch) -> None:
    made = await scene(2, 1, monkeypatch)
    a, waiting = await made.begin("a", "b")
    await made.tell("b")
    await waiting
    await made.until("a", "b", "a'")
    c, d = await made.begin("c", "d")
    d.cancel()
    a.cancel()
    await turn()
    assert made.judge.cancelled == ["a'", "a"]
    assert made.asked == ["a", "b", "a'", "c"]
    await made.tell("c")
    assert (await c).verdict


async def test_what_a_ledger_knows_is_asked_about_no_more(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(queue, "INSTANT", 0.0)
    reply = "Fine.\n\n### Final Ranking:\n\nA > B\n\n### Scores:\n\nA: 8, B: 5\n"
    rules = [{"contains": "slow", "reply": reply, "delay": 0.3}, {"reply": reply, "delay": USUAL}]
    with Ledger(tmp_path / "ledger") as ledger:
        judge = make_judge("group", Asker(ScriptedEngine(rules=rules), cache=ledger))
        await judge.judge(make_group("a", "b"))
        made = JudgeQueue(judge, 4, 2, Meters())
        await made.judge(make_group("a", "c"))
        slow = make_group("a", "slow")
        first = await made.judge(slow)
        assert first.details == {"asked_again": 2}
        again = await made.judge(slow)
    assert (again.details, again.usage) == ({}, Usage())
    assert again.verdict == first.verdict


def test_fewer_than_no_asks() -> None:
    with pytest.raises(UserError, match="--hedge -1"):
        JudgeQueue(Told(), 1, -1, Meters())
