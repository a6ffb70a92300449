"""The HTTP engine behind a proxy that breaks things: no group is lost, none is judged twice."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from itertools import islice
from pathlib import Path
from string import ascii_uppercase

import pytest
from tests.servers.faulty_proxy import ALL_FAULTS, Fault, FaultyProxy
from tests.servers.openai_server import OpenAIServer
from tests.servers.serving import serving

from dragoman.asking import Asker
from dragoman.engines.http import HttpEngine
from dragoman.engines.scripted import ScriptedEngine
from dragoman.errors import EngineDown, UnreadableReply
from dragoman.formats import Reading
from dragoman.judges.group import GroupJudge
from dragoman.ranking import rank_scores
from dragoman.records import read_groups
from dragoman.runs import Progress, Record, Run
from dragoman.types import Candidate, Group, Prompt, Sampling, Segment, Verdict


class LastLine:
    """A small group format: the last line of a reply scores each candidate by its letter."""

    name, version = "last-line", "1"
    reading: Reading = "strict"
    fields = {"format": name, "v": version}  # noqa: RUF012

    def write(self, item: Group) -> Prompt:
        named = zip(ascii_uppercase, item.candidates, strict=False)
        listed = "".join(f"Translation {name}:\n```\n{c.text}\n```\n" for name, c in named)
        return Prompt(f"Score these.\n\n{item.segment.source}\n\n{listed}")

    def read(self, reply: str, item: Group) -> Verdict:
        found = dict(re.findall(r"([A-Z]): (\d+)", reply.rstrip().split("\n")[-1]))
        if sorted(found) != list(ascii_uppercase[: len(item)]):
            raise UnreadableReply("no-scores")
        scores = tuple(float(found[name]) for name in sorted(found))
        return Verdict(rank_scores(scores), scores)


@asynccontextmanager
async def behind_a_proxy(
    share: float, faults: tuple[Fault, ...] = ALL_FAULTS, retries: int = 5
) -> AsyncIterator[tuple[HttpEngine, FaultyProxy, OpenAIServer]]:
    server = OpenAIServer(ScriptedEngine(rules=[{"verdict": "hash"}]))
    with serving(server) as upstream:
        proxy = FaultyProxy(upstream, share, faults=faults)
        with serving(proxy) as address:
            engine = HttpEngine(
                f"{address}/v1", model="judge", timeout=1.0, retries=retries, first_pause=0.01
            )
            yield engine, proxy, server
            await engine.close()


@pytest.mark.parametrize(
    ("fault", "counted_as", "says"),
    [
        ("429", "429", "HTTP 429: slow down"),
        ("500", "500", "HTTP 500: Internal Server Error"),
        ("hang", "timeout", "no answer within 1 seconds"),
        ("cut", "cut", "the connection broke: RemoteProtocolError"),
        ("garbage", "no-answer", "no answer in '<html>"),
    ],
)
async def test_a_fault_without_end_is_named(fault: Fault, counted_as: str, says: str) -> None:
    async with behind_a_proxy(1.0, (fault,), retries=1) as (engine, proxy, _):
        with pytest.raises(EngineDown, match=f"{says}.*2 attempts"):
            await engine.complete(Prompt("p"), Sampling())
    assert engine.faults == {counted_as: 2}
    assert proxy.injected == {fault: 2}


@pytest.mark.parametrize("fault", ["429", "500", "cut", "garbage"])
async def test_a_passing_fault_costs_calls_and_nothing_else(fault: Fault) -> None:
    async with behind_a_proxy(0.5, (fault,), retries=20) as (engine, proxy, _):
        calls = 0
        for seed in range(10):
            completion = await engine.complete(Prompt("p"), Sampling(1, n=2, seed=seed))
            assert len(completion.replies) == 2
            calls += completion.usage.calls
    assert calls == proxy.requests
    assert proxy.injected[fault] == proxy.requests - 10 == engine.faults.total() > 0


async def test_ignored_n_and_wrong_types_are_no_faults() -> None:
    async with behind_a_proxy(1.0, ("one-choice", "wrong-type")) as (engine, _, server):
        completion = await engine.complete(Prompt("p"), Sampling(1, n=12))
        assert len(completion.replies) == 12
        assert len({body["seed"] for body in server.received}) == len(server.received)
    assert not engine.faults


def made_groups() -> Iterator[Group]:
    for number in range(200):
        segment = Segment(f"made {number}", f"Satz {number}", "de", "en")
        texts = [f"sentence {number} in version {i}" for i in range(2 + number % 3)]
        yield Group(segment, tuple(map(Candidate, texts)))


def real_groups(evaluation: Path) -> Iterator[Group]:
    files = sorted((evaluation / "groups").glob("*.g24.jsonl"))
    return islice((group for file in files for group in islice(read_groups(file), 20)), 200)


async def judge_all(groups: list[Group], engine: HttpEngine) -> tuple[list[str], Counter[str]]:
    """The ids of all records, in their order, and how each ended."""
    judge = GroupJudge(Asker(engine), LastLine())

    async def work(group: Group, tries: int) -> Record:
        judgement = await judge.judge(group)
        failed = judgement.failure.reason if judgement.failure else None
        return Record(json.dumps([group.segment.id, failed]), failed)

    run = Run(work, key=lambda group: group.segment.id)
    lines = [json.loads(record.line) async for record in run.records(groups, Progress())]
    return [id for id, _ in lines], Counter(failed or "verdict" for _, failed in lines)


@pytest.mark.parametrize("kind", ["made", "real"])
async def test_200_groups_at_20_percent_faults(kind: str, request: pytest.FixtureRequest) -> None:
    if kind == "real":
        groups = list(real_groups(request.getfixturevalue("evaluation")))
    else:
        groups = list(made_groups())
    async with behind_a_proxy(0.2) as (engine, proxy, server):
        ids, ends = await judge_all(groups, engine)
    assert len(groups) == 200
    assert ids == [group.segment.id for group in groups]
    assert sum(proxy.injected.values()) > 30
    assert set(proxy.injected) == set(ALL_FAULTS)
    assert ends["verdict"] >= 199
    answered = {body["messages"][0]["content"] for body in server.received}
    assert len(answered) == len({LastLine().write(group).text for group in groups})


async def test_without_retries_every_fault_is_a_failed_group_by_name() -> None:
    groups = list(made_groups())
    async with behind_a_proxy(0.2, retries=0) as (engine, proxy, _):
        ids, ends = await judge_all(groups, engine)
    assert ids == [group.segment.id for group in groups]
    harmless = proxy.injected["one-choice"] + proxy.injected["wrong-type"]
    assert ends == {
        "engine-down": proxy.injected.total() - harmless,
        "verdict": 200 - proxy.injected.total() + harmless,
    }
