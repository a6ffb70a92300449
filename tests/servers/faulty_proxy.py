"""A proxy that does to a seeded share of requests what networks and servers do to them."""

from __future__ import annotations

import asyncio
import json
import random
from collections import Counter
from collections.abc import Sequence
from typing import Any, Literal, get_args

import httpx

Fault = Literal["429", "500", "hang", "cut", "garbage", "one-choice", "wrong-type"]

ALL_FAULTS: tuple[Fault, ...] = get_args(Fault)
GARBAGE = b"<html><body><h1>Bad gateway</h1></body></html>"
NOT_FORWARDED = {b"host", b"content-length", b"accept-encoding", b"connection"}


class FaultyProxy:
    """An ASGI application in front of the server at `upstream`.

    `one-choice` asks the server for one reply whatever `n` is; `wrong-type` calls a good
    answer HTML; `hang` keeps silent until the client goes away. `injected` counts them.
    """

    def __init__(
        self,
        upstream: str,
        share: float,
        seed: int = 0,
        faults: Sequence[Fault] = ALL_FAULTS,
        retry_after: str = "0.1",
    ):
        self._upstream, self._share, self._faults = upstream, share, faults
        self._retry_after = retry_after.encode()
        self._random = random.Random(seed)
        self.injected: Counter[str] = Counter()
        self.requests = 0

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        body = await _read(receive)
        self.requests += 1
        fault = self._draw()
        if fault == "429":
            headers = [(b"retry-after", self._retry_after)]
            await _answer(send, 429, b'{"error": {"message": "slow down"}}', headers)
        elif fault == "500":
            await _answer(send, 500, b"Internal Server Error")
        elif fault == "hang":
            await asyncio.wait_for(_gone(receive), 60)
        elif fault == "garbage":
            await _answer(send, 200, GARBAGE)
        else:
            await self._forward(scope, body, send, fault)

    def _draw(self) -> Fault | None:
        if self._random.random() >= self._share:
            return None
        fault = self._random.choice(self._faults)
        self.injected[fault] += 1
        return fault

    async def _forward(self, scope: Any, body: bytes, send: Any, fault: Fault | None) -> None:
        if fault == "one-choice":
            asked = json.loads(body)
            asked.pop("n", None)
            body = json.dumps(asked).encode()
        headers = [(k, v) for k, v in scope["headers"] if k not in NOT_FORWARDED]
        url = self._upstream + scope["path"]
        async with httpx.AsyncClient(timeout=120, trust_env=False, verify=False) as client:
            answer = await client.request(scope["method"], url, content=body, headers=headers)
        if fault == "cut":
            await _answer(send, 200, answer.content, sent=len(answer.content) // 2)
        else:
            kind = b"text/html" if fault == "wrong-type" else b"application/json"
            await _answer(send, answer.status_code, answer.content, [(b"content-type", kind)])


async def _read(receive: Any) -> bytes:
    body = b""
    while True:
        message = await receive()
        body += message.get("body", b"")
        if not message.get("more_body"):
            return body


async def _gone(receive: Any) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


async def _answer(
    send: Any,
    status: int,
    content: bytes,
    headers: Sequence[tuple[bytes, bytes]] = (),
    sent: int | None = None,
) -> None:
    """Send a whole answer, or its first `sent` bytes: the server then cuts the connection."""
    length = str(len(content)).encode()
    all_headers = [*headers, (b"content-length", length)]
    await send({"type": "http.response.start", "status": status, "headers": all_headers})
    await send({"type": "http.response.body", "body": content[:sent], "more_body": False})
