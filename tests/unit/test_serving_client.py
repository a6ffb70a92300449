"""The client, against a server on a socket of this machine."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from tests.conftest import make_group
from tests.servers.serving import free_port, serving

from dragoman.errors import EngineDown, EngineRefused
from dragoman.judges.metric import MetricJudge
from dragoman.metrics.sacrebleu import ChrF
from dragoman.serving import client
from dragoman.serving.app import make_app
from dragoman.serving.client import AsyncClient, Client, RolloutRequest, ServerRefused
from dragoman.serving.lines import SENDING
from dragoman.serving.service import Service


def rollout(slot: int, text: str | None, **more: Any) -> RolloutRequest:
    said = {"source": "Guten Morgen", "src_lang": "de", "tgt_lang": "en", "tokens": 5}
    fields = {"uid": "a/ä?", "slot": slot, "size": 2, "text": text, **said, **more}
    return RolloutRequest(**fields)


def test_the_client_for_ordinary_functions() -> None:
    app = make_app(Service(MetricJudge(ChrF())), "secret")
    group = make_group("Good night", "Good morning", reference="Good morning")
    with serving(app) as address, Client(address, token="secret") as client:
        (verdict,) = client.rank([group])
        assert verdict["order"] == [1, 0]
        alone = client.reward(rollout(0, "Good morning"), deadline=0.1)
        assert (alone.reward, alone.reason) == (None, "incomplete")
        client.cancel("x", run="r", attempt=3)
        late = client.reward(rollout(0, "a", uid="x", run="r", attempt=3))
        assert late.reason == "cancelled"
        with pytest.raises(ServerRefused, match="another text"):
            client.reward(rollout(0, "other"))
    with serving(app) as address, Client(address, token="wrong") as client:
        with pytest.raises(ServerRefused) as refused:
            client.rank([group])
        assert refused.value.status == 401


@pytest.mark.parametrize("said", ["<html>", "[]", "{}", ""])
async def test_an_answer_of_another_server_is_named(said: str) -> None:
    async def answer(request: Request) -> Response:
        return Response(said)

    app = Starlette(routes=[Route("/{path:path}", answer, methods=["POST"])])
    with serving(app) as address:
        async with AsyncClient(address) as client:
            for asked in (client.rank([make_group("a")]), client.reward(rollout(0, "a"), 5)):
                with pytest.raises(EngineRefused, match="what answers is no `dragoman"):
                    await asked


async def test_siblings_meet() -> None:
    app = make_app(Service(MetricJudge(ChrF())))
    with serving(app) as address:
        async with AsyncClient(address) as client:
            answers = await asyncio.gather(
                client.reward(rollout(0, "Good night", reference="Good morning"), 20),
                client.reward(rollout(1, "Good morning", reference="Good morning"), 20),
            )
    # chrF's scale is not the judge's, 0 to 10: no reward rather than a wrong one.
    assert [answer.reason for answer in answers] == ["judge: scores off the scale"] * 2


@pytest.mark.parametrize("status", [408, 429, 503])
async def test_a_busy_server_is_asked_again(status: int) -> None:
    asked = list[float]()

    async def answer(request: Request) -> Response:
        asked.append((await request.json())["deadline"])
        if len(asked) < 3:
            return JSONResponse({"error": {"message": "busy"}}, status)
        return JSONResponse({"reward": 0.5, "score": 5, "reason": None})

    app = Starlette(routes=[Route("/v1/cohorts/{uid:path}", answer, methods=["POST"])])
    with serving(app) as address:
        async with AsyncClient(address) as client:
            assert (await client.reward(rollout(0, "a"), 30)).reward == 0.5
    assert 30 >= asked[0] > asked[1] > asked[2] > 0


async def test_an_answer_that_comes_just_after_its_deadline_is_heard() -> None:
    async def answer(request: Request) -> Response:
        await asyncio.sleep(0.5)
        return JSONResponse({"reward": None, "score": None, "reason": "incomplete"})

    app = Starlette(routes=[Route("/v1/cohorts/{uid:path}", answer, methods=["POST"])])
    with serving(app) as address:
        async with AsyncClient(address) as client:
            assert (await client.reward(rollout(0, "a"), 0.1)).reason == "incomplete"


async def test_nobody_waits_for_a_server_longer_than_until_the_deadline() -> None:
    async def answer(request: Request) -> Response:
        return JSONResponse({"error": {"message": "busy"}}, 429, {"Retry-After": "60"})

    app = Starlette(routes=[Route("/v1/cohorts/{uid:path}", answer, methods=["POST"])])
    with serving(app) as address:
        async with AsyncClient(address) as asking, asyncio.timeout(20):
            with pytest.raises(EngineDown, match=r"busy \(429\)"):
                await asking.reward(rollout(0, "a"), 5)


async def test_a_server_that_never_answers_is_down(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client, "GRACE", 0.1)

    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(-1)
        writer.close()
        ended.set()

    ended = asyncio.Event()
    server = await asyncio.start_server(silent, "127.0.0.1", 0)
    address = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    async with server, AsyncClient(address) as asking:
        with pytest.raises(EngineDown, match=f"{address}: there was no answer in time"):
            await asking.reward(rollout(0, "a"), 0.1)
        await ended.wait()


async def test_a_redirect_is_not_followed() -> None:
    async def answer(request: Request) -> Response:
        return Response(b'{"reward": 1}', 307, {"Location": "/elsewhere"})

    app = Starlette(routes=[Route("/v1/cohorts/{uid:path}", answer, methods=["POST"])])
    with serving(app) as address:
        async with AsyncClient(address) as client:
            with pytest.raises(ServerRefused, match=r"Temporary Redirect \(307\)"):
                await client.reward(rollout(0, "a"), 5)


async def test_a_server_that_is_not_there_is_named_in_the_end() -> None:
    address = f"http://127.0.0.1:{free_port()}"
    async with AsyncClient(address) as client:
        with pytest.raises(EngineDown, match=address):
            await client.reward(rollout(0, "a"), 0.2)


async def test_many_wait_at_once_and_the_first_are_sent_before_all_have_a_connection() -> None:
    many, opened, seen = 3 * SENDING, 0, list[int]()
    everybody = asyncio.Event()
    answer = b'{"reward": 1, "score": 1, "reason": null}'
    head = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"

    async def one(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal opened
        opened += 1
        said = await reader.readuntil(b"\r\n\r\n")
        await reader.readexactly(int(said.lower().split(b"content-length: ")[1].split()[0]))
        seen.append(opened)
        if len(seen) == many:
            everybody.set()
        await everybody.wait()
        writer.write(head % len(answer) + answer)
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(one, "127.0.0.1", 0, backlog=many)
    address = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    async with server, AsyncClient(address) as client:
        rollouts = (rollout(0, "a", uid=str(number)) for number in range(many))
        await asyncio.gather(*(client.reward(one, 20) for one in rollouts))
    assert seen[0] <= SENDING


async def test_who_fails_to_send_gives_its_place_up() -> None:
    async with AsyncClient(f"http://127.0.0.1:{free_port()}") as client:
        asked = (client.reward(rollout(0, "a"), 0.1) for _ in range(SENDING + 1))
        answers = await asyncio.gather(*asked, return_exceptions=True)
    assert {type(answer) for answer in answers} == {EngineDown}
