"""HTTP of our own, against servers that say exactly what they are told to."""

from __future__ import annotations

import asyncio
import gc
import shutil
import ssl
import subprocess
import warnings
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import httpx
import pytest

from dragoman.errors import UserError
from dragoman.serving.lines import SENDING, LineBroken, Lines, Reply

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi"
LAST = b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nhi"

Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


class Scripted:
    """Gives each request the next answer, and remembers on which connection each came. `None`
    closes it without a word; an answer that says that it is the last closes it as well."""

    def __init__(self, *answers: bytes | None):
        self._answers = iter(answers)
        self.requests = list[tuple[int, bytes]]()
        self.connections, self.open = 0, 0
        self.closed = asyncio.Queue[int]()

    async def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        number = self.connections = self.connections + 1
        self.open += 1
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                length = int(head.lower().split(b"content-length: ")[1].split()[0])
                self.requests.append((number, head + await reader.readexactly(length)))
                answer = next(self._answers)
                writer.write(answer or b"")
                if answer is None or b"close" in answer:
                    break
        except asyncio.IncompleteReadError:
            pass
        writer.close()
        self.open -= 1
        self.closed.put_nowait(number)


@asynccontextmanager
async def listening(
    serve: Serve, path: str = "", *, token: str | None = None, keep: bool = True
) -> AsyncGenerator[Lines]:
    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with server:
        yield Lines(f"http://127.0.0.1:{port}{path}", token, ssl.create_default_context, keep=keep)


@asynccontextmanager
async def at(
    scripted: Scripted, path: str = "", *, token: str | None = None, keep: bool = True
) -> AsyncGenerator[Lines]:
    """Ends when every connection has."""
    async with listening(scripted, path, token=token, keep=keep) as lines:
        yield lines
        await lines.close()
        while scripted.open:
            await asyncio.sleep(0.01)


async def ask(lines: Lines, times: int = 1) -> Sequence[Reply]:
    return [await lines.ask("POST", "/x?a=1", lambda: b"body") for _ in range(times)]


async def test_what_is_sent() -> None:
    scripted = Scripted(OK)
    async with at(scripted, "/below/", token="secret") as lines:
        (reply,) = await ask(lines)
    assert (reply.status, reply.body, reply.headers["content-length"]) == (200, b"hi", "2")
    head, _, body = scripted.requests[0][1].partition(b"\r\n\r\n")
    first, *headers = head.decode().splitlines()
    assert (first, body) == ("POST /below/x?a=1 HTTP/1.1", b"body")
    said = dict(line.lower().split(": ") for line in headers)
    assert said.pop("host").startswith("127.0.0.1:")
    assert said == {
        "authorization": "bearer secret",
        "content-type": "application/json",
        "content-length": "4",
    }


async def test_one_connection_serves_one_request_after_another() -> None:
    scripted = Scripted(OK, OK, OK)
    async with at(scripted) as lines:
        await ask(lines, 3)
    assert [number for number, _ in scripted.requests] == [1, 1, 1]


async def test_requests_at_once_have_connections_of_their_own() -> None:
    scripted = Scripted(OK, OK)
    async with at(scripted) as lines:
        await asyncio.gather(ask(lines), ask(lines))
    assert sorted(number for number, _ in scripted.requests) == [1, 2]


async def test_a_server_that_closes_gets_a_new_connection() -> None:
    scripted = Scripted(LAST, OK)
    async with at(scripted) as lines:
        await ask(lines, 2)
    assert [number for number, _ in scripted.requests] == [1, 2]


async def test_a_connection_that_was_closed_meanwhile_is_not_used() -> None:
    unannounced = LAST.replace(b"Connection: close", b"Server: closes")
    scripted = Scripted(unannounced, OK)
    async with at(scripted) as lines:
        await ask(lines)
        (kept,) = lines._free  # pyright: ignore[reportPrivateUsage]
        while not kept.cut:
            await asyncio.sleep(0.01)
        await ask(lines)
    assert [number for number, _ in scripted.requests] == [1, 2]


@pytest.mark.parametrize("later", [False, True])
async def test_what_nobody_asked_for_answers_nothing(later: bool) -> None:
    more, seen = OK.replace(b"hi", b"no"), list[int]()

    async def talkative(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        seen.append(0)
        with suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                await reader.readuntil(b"body")
                seen[-1] += 1
                writer.write(OK if later else OK + more)
                if later:
                    await asyncio.sleep(0.05)
                    writer.write(more)
        writer.close()
        ended.append(True)

    ended = list[bool]()
    async with listening(talkative) as lines:
        replies = await ask(lines)
        await asyncio.sleep(0.2 if later else 0)
        replies = [*replies, *await ask(lines)]
        await lines.close()
        while len(ended) < len(seen):
            await asyncio.sleep(0.01)
    assert ([reply.body for reply in replies], seen) == ([b"hi"] * 2, [1, 1])


async def test_connections_that_were_closed_meanwhile_are_let_go() -> None:
    unannounced = LAST.replace(b"Connection: close", b"Server: closes")
    scripted = Scripted(unannounced, OK, OK)
    async with at(scripted) as lines:
        await asyncio.gather(ask(lines), ask(lines))
        kept = lines._free  # pyright: ignore[reportPrivateUsage]
        while not any(line.cut for line in kept):
            await asyncio.sleep(0.01)
        await ask(lines)
        assert len(kept) == 1


async def test_who_closes_does_not_wait_for_those_in_use() -> None:
    answer = asyncio.Event()

    async def slow(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"body")
        await answer.wait()
        writer.write(OK)
        # Which ends when the client lets go of it.
        await reader.read()
        writer.close()
        ended.set()

    ended = asyncio.Event()
    async with listening(slow) as lines, asyncio.timeout(20):
        asking = asyncio.create_task(ask(lines))
        await asyncio.sleep(0.05)
        await lines.close()
        answer.set()
        assert [reply.body for reply in await asking] == [b"hi"]
        await ended.wait()


async def test_what_is_given_up_is_not_sent_to_its_end() -> None:
    size, heard = 2**25, list[int]()
    given_up, ended = asyncio.Event(), asyncio.Event()

    async def busy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await given_up.wait()
        with suppress(ConnectionError):
            while piece := await reader.read(2**20):
                heard.append(len(piece))
        writer.close()
        ended.set()

    async with listening(busy) as lines, asyncio.timeout(20):
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.1):
                await lines.ask("POST", "/", lambda: bytes(size))
        given_up.set()
        await ended.wait()
    assert sum(heard) < size


def test_one_event_loop_after_another() -> None:
    address = ""

    async def work() -> None:
        nonlocal address, lines
        scripted = Scripted(*[LAST] * 3 * SENDING)
        port = int(address.rpartition(":")[2] or 0)
        server = await asyncio.start_server(scripted, "127.0.0.1", port)
        address = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        lines = lines or Lines(address, None, ssl.create_default_context, keep=False)
        async with server:
            await asyncio.gather(*(ask(lines) for _ in range(3 * SENDING)))
            while scripted.open:
                await asyncio.sleep(0.01)

    lines: Lines | None = None
    for _ in range(2):
        asyncio.run(work())


async def test_nothing_is_kept_when_nothing_may_be() -> None:
    scripted = Scripted(OK, OK)
    async with at(scripted, keep=False) as lines:
        await ask(lines)
        assert await scripted.closed.get() == 1
        await ask(lines)
        assert await scripted.closed.get() == 2
    assert b"Connection: close" in scripted.requests[0][1]


async def test_an_answer_in_pieces() -> None:
    head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    async with at(Scripted(head + b"1\r\nh\r\n1\r\ni\r\n0\r\n\r\n", OK)) as lines:
        first, second = await ask(lines, 2)
    assert first.body == second.body == b"hi"


def test_a_status_that_nobody_knows() -> None:
    assert Reply(599, {}, b"").words == "no status that HTTP knows"


async def test_an_answer_before_the_answer() -> None:
    async with at(Scripted(b"HTTP/1.1 103 Early Hints\r\n\r\n" + OK)) as lines:
        (reply,) = await ask(lines)
    assert reply.status == 200


# As a person would say it, where a connection ends.
NOT_WHOLE = "closed without an answer|illegal status line|without sending complete message body"


@pytest.mark.parametrize(
    "answer", [None, b"\x16\x03\x01 close\r\n\r\n", LAST[:-1], b"HTTP/1.1 200 OK\r\nclose"]
)
async def test_no_whole_answer(answer: bytes | None) -> None:
    async with at(Scripted(answer, OK)) as lines:
        with pytest.raises(LineBroken, match=NOT_WHOLE):
            await ask(lines)
        # What is broken is not used again.
        assert [reply.body for reply in await ask(lines)] == [b"hi"]


async def test_who_is_cancelled_leaves_no_connection_behind() -> None:
    scripted = Scripted(b"")
    async with at(scripted) as lines:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.1):
                await ask(lines)
        assert await scripted.closed.get() == 1


async def test_why_a_large_body_is_refused_is_heard_before_it_is_sent() -> None:
    said = b"HTTP/1.1 413 Too Much\r\nConnection: close\r\nContent-Length: 2\r\n\r\nno"

    async def refuse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(said)
        await writer.drain()
        writer.write_eof()
        await reader.read()
        writer.close()
        ended.set()

    ended = asyncio.Event()
    async with listening(refuse) as lines:
        reply = await lines.ask("POST", "/", lambda: bytes(2**24))
        await lines.close()
        await ended.wait()
    assert (reply.status, reply.body, reply.words) == (413, b"no", "Request Entity Too Large")


async def test_a_refusal_is_heard_though_the_server_hears_no_more() -> None:
    said = b"HTTP/1.1 413 Too Much\r\nContent-Length: 2\r\n\r\nno"

    async def refuse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(said)
        await writer.drain()
        writer.transport.abort()

    async with listening(refuse) as lines:
        for _ in range(2):
            reply = await lines.ask("POST", "/", lambda: bytes(2**24))
            assert (reply.status, reply.body) == (413, b"no")
        await lines.close()


async def test_large_bodies_are_made_a_few_at_a_time() -> None:
    made, ended = 0, list[bool]()
    go_on = asyncio.Event()

    async def busy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await go_on.wait()
        with suppress(ConnectionError):
            await reader.read()
        writer.close()
        ended.append(True)

    def body() -> bytes:
        nonlocal made
        made += 1
        return bytes(2**23)

    async with listening(busy) as lines:
        asked = [asyncio.create_task(lines.ask("POST", "/", body)) for _ in range(SENDING + 4)]
        await asyncio.sleep(0.5)
        assert made == SENDING
        for one in asked:
            one.cancel()
        await asyncio.wait(asked)
        go_on.set()
        while len(ended) < SENDING:
            await asyncio.sleep(0.01)


@pytest.mark.parametrize(
    "address",
    [
        *("", "localhost:1", "ftp://host", "http://", "http://h:x", "http://h:99999", "http://h:0"),
        *("http://[::1", "http://a..b", "http://" + 64 * "a"),
    ],
)
def test_what_is_no_address(address: str) -> None:
    with pytest.raises(UserError, match="where is that"):
        Lines(address, None, ssl.create_default_context)


@pytest.mark.parametrize(
    ("address", "place"),
    [("http://h", ("h", 80)), ("https://h/a", ("h", 443)), ("https://[::1]:1", ("::1", 1))],
)
async def test_where_is_asked(
    address: str, place: tuple[str, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = list[tuple[str, int]]()

    async def nobody(host: str, port: int, **_: object) -> None:
        asked.append((host, port))
        raise ConnectionRefusedError

    monkeypatch.setattr(asyncio, "open_connection", nobody)
    with pytest.raises(LineBroken, match="ConnectionRefusedError"):
        await ask(Lines(address, None, ssl.create_default_context))
    assert asked == [place]


@pytest.mark.parametrize("address", ["http://bücher.example", "http://h/a b", "http://h/ä"])
def test_what_http_has_no_letters_for(address: str) -> None:
    with pytest.raises(UserError, match="ASCII characters and no spaces"):
        Lines(address, None, ssl.create_default_context)


def test_an_address_holds_no_secret() -> None:
    with pytest.raises(UserError) as refused:
        Lines("http://me:secret@h:1", None, ssl.create_default_context)
    assert str(refused.value) == "h:1: a server asks for a token, not for a name and a password"


@pytest.mark.parametrize("token", ["secret\n", "secrät", "secret\r\nX: y"])
def test_a_token_that_cannot_be_sent_is_not_shown(token: str) -> None:
    with pytest.raises(UserError, match="the token has characters") as refused:
        Lines("http://h:1", token, ssl.create_default_context)
    assert "secr" not in str(refused.value)


async def test_an_old_server_on_ipv6() -> None:
    async def old(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heads.append(await reader.readuntil(b"body"))
        writer.write(b"HTTP/1.0 200 OK\r\n\r\nhi")
        writer.close()

    heads = list[bytes]()
    server = await asyncio.start_server(old, "::1", 0)
    place = f"[::1]:{server.sockets[0].getsockname()[1]}"
    async with server:
        lines = Lines(f"http://{place}", None, ssl.create_default_context)
        replies = await ask(lines, 2)
        await lines.close()
    assert [reply.body for reply in replies] == [b"hi", b"hi"]
    assert f"Host: {place}\r\n".encode() in heads[0]


@pytest.mark.skipif(shutil.which("openssl") is None, reason="nothing here makes a certificate")
def test_a_server_behind_tls_is_trusted_only_when_it_is_known(tmp_path: Path) -> None:
    key, certificate = tmp_path / "key", tmp_path / "certificate"
    subprocess.run(
        [
            *("openssl", "req", "-x509", "-nodes", "-newkey", "rsa:2048", "-subj", "/CN=localhost"),
            *("-addext", "subjectAltName=DNS:localhost"),
            *("-keyout", str(key), "-out", str(certificate)),
        ],
        check=True,
        capture_output=True,
    )
    ours = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    ours.load_cert_chain(certificate, key)

    async def work() -> None:
        scripted = Scripted(OK)
        server = await asyncio.start_server(scripted, "localhost", 0, ssl=ours)
        address = f"https://localhost:{server.sockets[0].getsockname()[1]}"
        async with server:
            known = Lines(address, None, lambda: ssl.create_default_context(cafile=certificate))
            assert [reply.body for reply in await ask(known)] == [b"hi"]
            await known.close()
            with pytest.raises(LineBroken, match="certificate"):
                await ask(Lines(address, None, httpx.create_ssl_context))
            while scripted.open:
                await asyncio.sleep(0.01)

    # Python finds that closed connections with TLS are open still.
    with warnings.catch_warnings(action="ignore", category=ResourceWarning):
        asyncio.run(work())
        gc.collect()
