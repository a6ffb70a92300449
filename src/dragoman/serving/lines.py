"""HTTP/1.1 to one server, for thousands of requests that wait at once.

A request has a connection to itself while it waits, and costs little besides: a client for
everything on the web spends two milliseconds on each, and a step of two thousand rollouts would
be longer on its way than half of it takes to be judged. Nothing is asked by way of a proxy.
"""

from __future__ import annotations

import asyncio
import ssl
from collections import deque
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from http import HTTPStatus
from urllib.parse import urlsplit
from weakref import WeakKeyDictionary

import h11

from dragoman.errors import UserError

# So many are on their way at once: the first must not wait until all others have a connection.
SENDING = 16
PIECE = 2**16


@dataclass(frozen=True, slots=True)
class Reply:
    status: int
    headers: Mapping[str, str]
    """By their names in small letters."""
    body: bytes

    @property
    def words(self) -> str:
        """What the status means."""
        try:
            return HTTPStatus(self.status).phrase
        except ValueError:
            return "no status that HTTP knows"


class LineBroken(Exception):
    """There was no connection, or no whole answer on it."""


class Line:
    """A connection, for one request after another."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter):
        self._reader, self._writer = reader, writer
        self._state = h11.Connection(h11.CLIENT)

    async def send(self, method: str, target: str, headers: Mapping[str, str], body: bytes) -> None:
        length = {"Content-Length": str(len(body))}
        request = h11.Request(
            method=method, target=target, headers=[*headers.items(), *length.items()]
        )
        events = (request, h11.Data(body), h11.EndOfMessage())
        self._writer.write(b"".join(self._state.send(event) or b"" for event in events))
        try:
            await self._writer.drain()
        except OSError:
            # A server that refuses may close before it has heard everything. What it said counts.
            if not (said := self._unread):
                raise
            self._state.receive_data(said)

    async def reply(self) -> Reply:
        response, body = None, bytearray()
        while True:
            event = self._state.next_event()
            if event is h11.NEED_DATA:
                piece = await self._reader.read(PIECE)
                if not piece and response is None:
                    raise LineBroken("the connection was closed without an answer")
                self._state.receive_data(piece)
            elif isinstance(event, h11.Response):
                response = event
            elif isinstance(event, h11.Data):
                body += event.data
            elif isinstance(event, h11.EndOfMessage):
                break
        assert response is not None
        headers = {name.decode(): value.decode("latin-1") for name, value in response.headers}
        return Reply(response.status_code, headers, bytes(body))

    @property
    def cut(self) -> bool:
        """Whether the server has closed it, or said what nobody asked for: that would be taken
        for the answer to the next request."""
        return self._reader.at_eof() or bool(self._unread)

    @property
    def _unread(self) -> bytes:
        # asyncio has no other word for what has come and is not read.
        return bytes(vars(self._reader)["_buffer"])

    def again(self) -> bool:
        """Whether the next request can follow the last."""
        unasked, _ = self._state.trailing_data
        if self._state.their_state is not h11.DONE or unasked:
            return False
        self._state.start_next_cycle()
        return True

    def close(self) -> None:
        """At once: a server that reads no more would hold what is still to be sent for ever."""
        self._writer.transport.abort()

    async def closed(self) -> None:
        with suppress(OSError):
            await self._writer.wait_closed()


class Lines:
    """Connections to one server, those that are free at the moment among them."""

    def __init__(
        self,
        address: str,
        token: str | None,
        trust: Callable[[], ssl.SSLContext],
        *,
        keep: bool = True,
    ):
        try:
            parts = urlsplit(address)
            usual = 443 if parts.scheme == "https" else 80
            port = usual if parts.port is None else parts.port
            (parts.hostname or "").encode("idna")
        except ValueError:
            parts, port = urlsplit(""), 0
        if "@" in parts.netloc:
            place = parts.netloc.rpartition("@")[2]
            raise UserError(f"{place}: a server asks for a token, not for a name and a password")
        if parts.scheme not in ("http", "https") or not (parts.hostname and port):
            raise UserError(f"{address}: where is that? An address is http://HOST:PORT")
        self._place = parts.hostname, port
        self._trust = trust() if parts.scheme == "https" else None
        self._prefix = parts.path.rstrip("/")
        self._headers = {"Host": parts.netloc, "Content-Type": "application/json"}
        self._headers |= {} if keep else {"Connection": "close"}
        if not _sendable(f"{self._prefix}/", self._headers):
            raise UserError(f"{address}: an address has ASCII characters and no spaces")
        self._headers |= {"Authorization": f"Bearer {token}"} if token else {}
        if not _sendable("/", self._headers):
            # Not shown: it is a secret.
            raise UserError("the token has characters that HTTP cannot carry")
        self._keep = keep
        # The oldest first.
        self._free = deque[Line]()
        # Of each event loop: a judge may be asked in one after another.
        self._sending = WeakKeyDictionary[asyncio.AbstractEventLoop, asyncio.Semaphore]()

    async def ask(self, method: str, path: str, body: Callable[[], bytes]) -> Reply:
        """What the server answers. The body is made when it is sent: it may tell the time."""
        line = None
        try:
            async with self._sending.setdefault(
                asyncio.get_running_loop(), asyncio.Semaphore(SENDING)
            ):
                line = await self._line()
                await line.send(method, f"{self._prefix}{path}", self._headers, body())
            return await line.reply()
        except (OSError, h11.RemoteProtocolError) as error:
            raise LineBroken(str(error) or type(error).__name__) from error
        finally:
            if line and self._keep and line.again():
                self._free.append(line)
            elif line:
                line.close()

    async def close(self) -> None:
        """Those that are still in use are closed after it."""
        self._keep = False
        free = [*self._free]
        self._free.clear()
        for line in free:
            line.close()
        for line in free:
            await line.closed()

    async def _line(self) -> Line:
        # Those that the server has closed while nobody needed them.
        while self._free and self._free[0].cut:
            self._free.popleft().close()
        while self._free:
            line = self._free.pop()
            if not line.cut:
                return line
            line.close()
        reader, writer = await asyncio.open_connection(*self._place, ssl=self._trust)
        return Line(reader, writer)


def _sendable(target: str, headers: Mapping[str, str]) -> bool:
    try:
        h11.Request(method="GET", target=target, headers=[*headers.items()])
    except (h11.LocalProtocolError, UnicodeEncodeError):
        return False
    return True
