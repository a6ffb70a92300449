"""What one client asks for, and how long that keeps others waiting."""

from __future__ import annotations

import asyncio
import json
import signal
import socket
import threading
import time
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route
from tests.conftest import make_group
from tests.servers.serving import serving

from dragoman.errors import EngineDown
from dragoman.serving import server
from dragoman.serving.app import make_app
from dragoman.serving.service import Service
from dragoman.types import Group, Judgement, Ranking, Verdict


class Told:
    """Judges when told to, in the order in which it was asked."""

    fields: Mapping[str, object] = MappingProxyType({"judge": "told"})

    def __init__(self) -> None:
        self.asked = list[str]()
        self._turns = asyncio.Semaphore(0)

    async def judge(self, group: Group, draw: int = 0) -> Judgement:
        self.asked.append(group.segment.id)
        await self._turns.acquire()
        if group.segment.source == "breaks":
            raise EngineDown("broken")
        return Judgement(group, Verdict(Ranking(((0,),))), None)

    async def tell(self, times: int = 1) -> None:
        for _ in range(times):
            self._turns.release()
            await turn()


async def turn() -> None:
    for _ in range(20):
        await asyncio.sleep(0)


async def test_nobody_stands_behind_all_groups_of_a_large_request() -> None:
    judge = Told()
    service = Service(judge, concurrency=2)
    large = asyncio.create_task(
        service.judge_all([make_group("a", id=f"large {number}") for number in range(9)])
    )
    await turn()
    small = asyncio.create_task(service.judge_all([make_group("a", id="small")]))
    await turn()
    await judge.tell(3)
    # Two are before the judge, two in line, and then it is the other's turn.
    assert judge.asked == ["large 0", "large 1", "large 2", "large 3", "small"]
    await judge.tell(9)
    assert [one.group.segment.id for one in await large] == [f"large {n}" for n in range(9)]
    assert len(await small) == 1


async def test_a_large_request_alone_keeps_the_judge_busy() -> None:
    judge = Told()
    service = Service(judge, concurrency=3, hedge=2)
    task = asyncio.create_task(
        service.judge_all([make_group("a", id=str(number)) for number in range(12)])
    )
    await turn()
    for done in range(9):
        assert judge.asked == [str(number) for number in range(done + 3)]
        await judge.tell()
    await judge.tell(3)
    assert len(await task) == 12


async def test_a_judge_that_breaks_is_not_asked_about_the_rest() -> None:
    judge = Told()
    service = Service(judge, concurrency=1)
    row = {"src_lang": "de", "tgt_lang": "en", "source": "breaks", "candidates": ["a"]}
    broken = service.group({**row, "id": "0", "candidates": [{"text": "a"}]}, "$")
    groups = [broken, *(make_group("a", id=str(number)) for number in range(1, 9))]
    task = asyncio.create_task(service.judge_all(groups))
    await turn()
    await judge.tell()
    with pytest.raises(EngineDown):
        await task
    await judge.tell(9)
    assert len(judge.asked) <= 2
    assert service.gauges()["groups_waiting"] == 0


async def test_long_work_is_done_once_at_a_time() -> None:
    service, inside, most = Service(Told()), 0, 0

    def work(number: int) -> int:
        nonlocal inside, most
        inside += 1
        most = max(most, inside)
        time.sleep(0.01)
        inside -= 1
        return number

    assert await asyncio.gather(*(service.aside(work, n) for n in range(8))) == list(range(8))
    assert most == 1


NINE = [{"candidates": ["a"], "source": "Hallo"}] * 9


@pytest.mark.parametrize(
    ("path", "body", "kind"),
    [
        ("/v1/rank", {"groups": NINE}, "*/*"),
        ("/v1/rank", {"groups": NINE}, "application/x-ndjson"),
        ("/v1/rerank", {"query": "Hallo", "documents": ["a"]}, "*/*"),
        ("/v1/score", {"queries": "Hallo", "documents": ["a"]}, "*/*"),
    ],
)
async def test_nobody_is_judged_for_who_has_hung_up(
    path: str, body: dict[str, Any], kind: str
) -> None:
    judge, langs = Told(), {"src_lang": "de", "tgt_lang": "en"}
    service = Service(judge, concurrency=1)
    body = {"groups": [g | langs for g in body["groups"]]} if "groups" in body else body | langs
    with serving(make_app(service)) as address:
        async with httpx.AsyncClient(trust_env=False) as http:
            with pytest.raises(httpx.ReadTimeout):
                await http.post(
                    f"{address}{path}", json=body, timeout=0.3, headers={"Accept": kind}
                )
        for _ in range(500):
            if judge.asked and not service.gauges()["groups_waiting"]:
                break
            await asyncio.sleep(0.01)
        # Before the server stops, which would end it as well.
        assert service.gauges()["groups_waiting"] == 0
    assert len(judge.asked) == 1


class Allowed(Told):
    """Judges when another thread says so."""

    def __init__(self) -> None:
        super().__init__()
        self.allowed = threading.Semaphore(0)

    async def judge(self, group: Group, draw: int = 0) -> Judgement:
        while not self.allowed.acquire(blocking=False):
            await asyncio.sleep(0.01)
        await self.tell()
        return await super().judge(group)


async def test_a_line_of_a_stream_comes_before_the_next_is_judged() -> None:
    judge = Allowed()
    row = {"src_lang": "de", "tgt_lang": "en", "source": "Hallo", "candidates": ["a"]}
    body = {"groups": [{**row, "id": name} for name in ("first", "second")]}
    headers = {"Accept": "application/x-ndjson"}
    with serving(make_app(Service(judge, concurrency=1))) as address:
        async with (
            httpx.AsyncClient(trust_env=False) as http,
            http.stream("POST", f"{address}/v1/rank", json=body, headers=headers) as reply,
        ):
            lines = reply.aiter_lines()
            for name in ("first", "second"):
                judge.allowed.release()
                assert json.loads(await anext(lines))["id"] == name


async def test_many_at_the_door_are_let_in_by_and_by(monkeypatch: pytest.MonkeyPatch) -> None:
    many, let_in, seen = 300, 0, list[int]()
    made = server.Connection.connection_made

    def counted(self: server.Connection, transport: asyncio.Transport) -> None:
        nonlocal let_in
        let_in += 1
        made(self, transport)

    async def answer(request: Request) -> Response:
        seen.append(let_in)
        return PlainTextResponse("here")

    monkeypatch.setattr(server.Connection, "connection_made", counted)
    app = Starlette(routes=[Route("/", answer)])
    app.state.service = Service(Told())
    with server.listen("127.0.0.1", 0, token=None) as listener:
        callers = list[socket.socket]()

        def call() -> None:
            callers.append(socket.create_connection(listener.getsockname(), timeout=2))
            callers[-1].sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")

        async def answered(count: int) -> None:
            while len(seen) < count:
                await asyncio.sleep(0.01)

        task = asyncio.create_task(server.serve(app, [listener]))
        call()
        await answered(1)
        # Nobody is let in meanwhile, and nobody is turned away.
        for _ in range(many):
            call()
        await answered(1 + many)
        for caller in callers:
            caller.close()
        signal.raise_signal(signal.SIGTERM)
        await task
    assert seen[1] < many / 2
    assert let_in == 1 + many
