"""What `serve_load.py` does to a server, each in a process of its own: bounded, on this machine.

    LOAD_TOKEN=... python benchmarks/serve_attacks.py NAME http://127.0.0.1:PORT

Says what became of it; exits 1 if the server took it.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass

BODY = json.dumps(
    {
        "groups": [
            {
                "src_lang": "de",
                "tgt_lang": "en",
                "source": "Guten Morgen",
                "candidates": ["Good morning", "Good day", "Morning", "Hello"],
            }
        ]
    }
)
GROUP = {**json.loads(BODY)["groups"][0], "candidates": ["Good morning, all of you"] * 256}
WHOLE = json.dumps({"groups": [GROUP] * 1000})
LARGE = 100 * 2**20
ALLOWED = 8 * 2**20
PIECE = b" " * 2**16
# Beyond this a connection that does nothing counts as taken.
PATIENCE = 60.0

Outcomes = Counter[str]


class Line:
    """One connection. HTTP by hand: what is sent here no client library would send."""

    def __init__(self, host: str, port: int):
        self._place = host, port

    async def __aenter__(self) -> Line:
        self._reader, self._writer = await asyncio.open_connection(*self._place)
        return self

    async def __aexit__(self, *_: object) -> None:
        self._writer.close()

    async def send(self, data: bytes) -> None:
        self._writer.write(data)
        await self._writer.drain()

    def head(self, *lines: str, token: str = os.environ.get("LOAD_TOKEN", "")) -> bytes:
        first = ("POST /v1/rank HTTP/1.1", "Host: localhost", "Content-Type: application/json")
        return "\r\n".join([*first, f"Authorization: Bearer {token}", *lines, "", ""]).encode()

    async def answer(self) -> str:
        """The status, or that the connection was cut off."""
        try:
            line = await asyncio.wait_for(self._reader.readline(), PATIENCE)
            await asyncio.wait_for(self._reader.readuntil(b"\r\n\r\n"), PATIENCE)
        except (ConnectionError, asyncio.IncompleteReadError):
            return "cut off"
        return line.split()[1].decode() if line else "cut off"


async def loris(line: Line) -> str:
    """A head that never ends."""
    await line.send(line.head()[:-2])
    return await dripping(line, b"X: y\r\n")


async def dripping_body(line: Line) -> str:
    await line.send(line.head("Content-Length: 1000"))
    return await dripping(line, b" ")


async def dripping(line: Line, piece: bytes) -> str:
    """Send a piece a second, until the server has had enough."""
    listening = asyncio.create_task(line.answer())
    while not (await asyncio.wait([listening], timeout=1))[0]:
        try:
            await line.send(piece)
        except ConnectionError:
            break
    return await listening


async def almost_whole(line: Line) -> str:
    """As much as one body may have, but for its last byte."""
    await line.send(line.head(f"Content-Length: {ALLOWED}"))
    listening = asyncio.create_task(line.answer())
    with suppress(ConnectionError):
        await line.send(bytes(ALLOWED - 1))
    return await listening


async def whole(line: Line) -> str:
    """As much as one body may have, all of it groups."""
    return await asking(line, line.head(f"Content-Length: {len(WHOLE)}"), WHOLE)


async def idle(line: Line) -> str:
    return await line.answer()


async def large(line: Line) -> str:
    return await pouring(line, f"Content-Length: {LARGE}", PIECE)


async def large_in_pieces(line: Line) -> str:
    chunk = b"%x\r\n%b\r\n" % (len(PIECE), PIECE)
    return await pouring(line, "Transfer-Encoding: chunked", chunk)


async def pouring(line: Line, header: str, piece: bytes) -> str:
    """Send 100 MB as fast as they are taken, whatever the server says meanwhile."""
    await line.send(line.head(header))
    listening = asyncio.create_task(line.answer())
    with suppress(ConnectionError):
        for _ in range(LARGE // len(PIECE)):
            await line.send(piece)
    return await listening


async def wrong_token(line: Line) -> str:
    return await asking(line, line.head(f"Content-Length: {len(BODY)}", token="guess"), BODY)


async def malformed(line: Line) -> str:
    broken = BODY[:-1]
    return await asking(line, line.head(f"Content-Length: {len(broken)}"), broken)


async def not_http(line: Line) -> str:
    """The beginning of TLS."""
    return await asking(line, b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(500), "")


async def asking(line: Line, head: bytes, body: str) -> str:
    await line.send(head + body.encode())
    return await line.answer()


@dataclass(frozen=True)
class Attack:
    """How often it is done, how many at once, and what the server may say to each."""

    name: str
    words: str
    one: Callable[[Line], Awaitable[str]]
    times: int
    at_once: int
    right: str

    async def go(self, host: str, port: int) -> tuple[Outcomes, float]:
        """What each got, and the seconds it took."""
        outcomes = Outcomes()
        left = iter(range(self.times))

        async def some() -> None:
            for _ in left:
                try:
                    async with Line(host, port) as line:
                        outcomes[await self.one(line)] += 1
                except ConnectionError:
                    outcomes["cut off"] += 1
                except TimeoutError:
                    outcomes["taken"] += 1

        begun = time.monotonic()
        await asyncio.gather(*(some() for _ in range(self.at_once)))
        return outcomes, time.monotonic() - begun


ATTACKS = (
    Attack("loris", "1,000 heads that never end", loris, 1000, 1000, "cut off"),
    Attack("body", "1,000 bodies of a byte a second", dripping_body, 1000, 1000, "408"),
    Attack("almost", "200 bodies of 8 MB less a byte", almost_whole, 200, 200, "429 408"),
    Attack("whole", "20 bodies of 7.5 MB, all of them groups", whole, 20, 4, "200 429"),
    Attack("idle", "10,000 connections without a word", idle, 10_000, 10_000, "cut off"),
    Attack("large", "100 bodies of 100 MB", large, 100, 10, "413"),
    Attack("pieces", "100 bodies of 100 MB in pieces", large_in_pieces, 100, 10, "413"),
    Attack("token", "10,000 wrong tokens", wrong_token, 10_000, 16, "401"),
    Attack("malformed", "10,000 times malformed JSON", malformed, 10_000, 16, "400"),
    Attack("noise", "10,000 times what is not HTTP", not_http, 10_000, 16, "400"),
)


def main() -> int:
    name, address = sys.argv[1:]
    host, _, port = address.removeprefix("http://").partition(":")
    attack = next(one for one in ATTACKS if one.name == name)
    outcomes, seconds = asyncio.run(attack.go(host, int(port)))
    shown = ", ".join(f"{count} {outcome}" for outcome, count in outcomes.most_common())
    print(f"{shown} within {seconds:.1f} s")
    return int(not set(outcomes) <= {*attack.right.split(), "cut off"})


if __name__ == "__main__":
    sys.exit(main())
