"""Connections that only take up room, on a socket of this machine."""

from __future__ import annotations

import asyncio
import resource
import socket
import time
from collections.abc import Iterator

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route
from tests.servers.serving import serving

from dragoman.serving import connections
from dragoman.serving.connections import Connection, most_connections

HEAD = b"GET / HTTP/1.1\r\nHost: localhost\r\n"
SECONDS = 0.3


async def slow(request: Request) -> Response:
    """Answers later than a head may take to come."""
    await asyncio.sleep(1.5 * SECONDS)
    return PlainTextResponse("here")


async def quick(request: Request) -> Response:
    return PlainTextResponse("here")


APP = Starlette(routes=[Route("/", quick, methods=["GET", "POST"]), Route("/slow", slow)])


@pytest.fixture
def port(monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    monkeypatch.setattr(connections, "HEAD_SECONDS", SECONDS)
    with serving(APP, http=Connection, limit_concurrency=4) as address:
        yield int(address.rpartition(":")[2])


def open_one(port: int) -> socket.socket:
    return socket.create_connection(("127.0.0.1", port), timeout=10)


def answer(line: socket.socket) -> bytes:
    """What was answered, to its end."""
    said = b""
    while not said.endswith(b"here") and (piece := line.recv(1000)):
        said += piece
    return said[-4:]


def drip(line: socket.socket, piece: bytes) -> float:
    """Send a piece every now and then; the seconds until the other side has had enough."""
    begun = time.monotonic()
    line.settimeout(0.05)
    while time.monotonic() - begun < 5:
        try:
            if piece:
                line.sendall(piece)
            if line.recv(1000) == b"":
                break
        except TimeoutError:
            continue
        except ConnectionError:
            break
    return time.monotonic() - begun


@pytest.mark.parametrize(
    ("first", "piece"),
    [
        (b"", b""),
        (HEAD, b""),
        (HEAD, b"X: y\r\n"),
        # Refused or answered already, and still it sends.
        (b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n\r\n", b"z"),
    ],
    ids=["silent", "half a head", "a head that never ends", "a body that nobody reads"],
)
def test_who_only_takes_up_room_is_cut_off(port: int, first: bytes, piece: bytes) -> None:
    with open_one(port) as line:
        line.sendall(first)
        assert SECONDS * 0.9 < drip(line, piece) < SECONDS + 1


def test_the_second_request_has_to_come_in_time_too(port: int) -> None:
    with open_one(port) as line:
        line.sendall(HEAD + b"\r\n")
        assert answer(line) == b"here"
        # Between requests it is quiet for as long as is agreed, which is longer.
        time.sleep(1.5 * SECONDS)
        line.sendall(HEAD + b"\r\n")
        assert answer(line) == b"here"
        assert SECONDS * 0.9 < drip(line, b"G") < SECONDS + 1


def test_who_waits_for_an_answer_stays(port: int) -> None:
    with open_one(port) as line:
        line.sendall(HEAD.replace(b"/ ", b"/slow ") + b"\r\n")
        assert answer(line) == b"here"


def test_more_than_there_is_room_for_are_closed_and_room_is_used_again(port: int) -> None:
    lines = [open_one(port) for _ in range(4)]
    with open_one(port) as too_many:
        assert drip(too_many, b"") < SECONDS / 2
    for line in lines:
        line.close()
    time.sleep(0.1)
    with open_one(port) as line:
        line.sendall(HEAD + b"\r\n")
        assert answer(line) == b"here"


def test_as_many_files_as_may_be_open(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = list[tuple[int, int]]()
    hard = 4096

    def get(which: int) -> tuple[int, int]:
        return 1024, hard

    def put(which: int, limits: tuple[int, int]) -> None:
        asked.append(limits)

    monkeypatch.setattr(resource, "getrlimit", get)
    monkeypatch.setattr(resource, "setrlimit", put)
    assert most_connections(30_000) == 4096 - connections.SPARE_FILES
    assert most_connections(100) == 100
    assert asked == [(4096, 4096)] * 2
    hard = resource.RLIM_INFINITY
    assert most_connections(30_000) == 30_000
