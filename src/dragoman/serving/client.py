"""A client of the server, for asyncio; `Client` is the same for ordinary functions.

    async with AsyncClient("http://127.0.0.1:8765") as client:
        answer = await client.reward(rollout)

A server that is busy, stopping or being started again is asked again, as long as the
rollout's deadline lasts: asking twice about one rollout is harmless.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Coroutine, Iterable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from itertools import cycle
from types import TracebackType
from typing import Any, TypeVar
from urllib.parse import quote

import httpx

from dragoman.engines.retrying import read_retry_after
from dragoman.errors import DragomanError, EngineDown, EngineRefused
from dragoman.records import group_to_row
from dragoman.types import Group

Result = TypeVar("Result")

# Nothing of such a request was taken in.
AGAIN = frozenset(
    {
        HTTPStatus.REQUEST_TIMEOUT,
        HTTPStatus.TOO_MANY_REQUESTS,
        HTTPStatus.SERVICE_UNAVAILABLE,
    }
)
FIRST_PAUSE, LONGEST_PAUSE = 0.05, 2.0
# A server that says when to come again is obeyed, within reason.
LONGEST_ASKED = 60.0
# A pool looks through all its waiters at every turn: a few small ones are much faster.
POOLS = 32
# So many are on their way at once: the first must not wait until all others have a connection.
SENDING = 64
# An answer comes at its deadline; the way back takes a moment more.
GRACE = 5.0


class ServerRefused(DragomanError):
    """The server will not answer this request; `status` is HTTP's."""

    def __init__(self, status: int, problem: str):
        self.status = status
        super().__init__(f"{problem} ({status})")


@dataclass(frozen=True, slots=True, kw_only=True)
class RolloutRequest:
    """One rollout of a prompt: slot `slot` of `size` siblings that share `uid`."""

    uid: str
    slot: int
    size: int
    source: str
    src_lang: str
    tgt_lang: str
    text: str | None
    tokens: int
    run: str = ""
    attempt: int = 0
    reference: str | None = None


@dataclass(frozen=True, slots=True)
class RewardAnswer:
    """A reward, or None and the reason why there is none."""

    reward: float | None
    score: float | None
    reason: str | None


class AsyncClient:
    """Talks to one server.

    There is no limit to its connections: a rollout that waits for its siblings holds one, and
    they must not stand behind it.
    """

    def __init__(
        self,
        address: str,
        *,
        token: str | None = None,
        timeout: float = 600.0,
        keep_alive: bool = True,
        transport: httpx.AsyncBaseTransport | None = None,
    ):
        self._address, self._timeout = address, timeout
        trust = httpx.create_ssl_context()
        self._pools = [
            httpx.AsyncClient(
                base_url=address.rstrip("/"),
                headers={"Authorization": f"Bearer {token}"} if token else {},
                timeout=httpx.Timeout(timeout, pool=None),
                limits=httpx.Limits(
                    max_connections=None, max_keepalive_connections=None if keep_alive else 0
                ),
                verify=trust,
                transport=transport,
            )
            for _ in range(POOLS)
        ]
        self._turn = cycle(self._pools)
        self._sending = asyncio.Semaphore(SENDING)

    async def rank(self, groups: Iterable[Group]) -> list[dict[str, Any]]:
        """The verdict line of each group."""
        body = {"groups": [group_to_row(group) for group in groups]}
        reply = await self._send("POST", "/v1/rank", body, self._timeout)
        return reply.json()["verdicts"]

    async def reward(self, rollout: RolloutRequest, deadline: float = 300.0) -> RewardAnswer:
        """The reward of a rollout once its siblings are judged, within `deadline` seconds."""
        fields = {name: getattr(rollout, name) for name in RolloutRequest.__slots__}
        path = f"/v1/cohorts/{quote(fields.pop('uid'), safe='')}"
        reply = (await self._send("POST", path, fields, deadline, tell="deadline")).json()
        return RewardAnswer(reply["reward"], reply["score"], reply["reason"])

    async def cancel(self, uid: str, *, run: str = "", attempt: int = 0) -> None:
        """Nobody needs this cohort any more."""
        query = {"run": run, "attempt": attempt}
        path = f"/v1/cohorts/{quote(uid, safe='')}"
        await self._send("DELETE", path, None, self._timeout, params=query)

    async def close(self) -> None:
        for pool in self._pools:
            await pool.aclose()

    async def __aenter__(self) -> AsyncClient:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.close()

    async def _send(
        self,
        method: str,
        path: str,
        body: Mapping[str, Any] | None,
        seconds: float,
        *,
        tell: str | None = None,
        **options: Any,
    ) -> httpx.Response:
        """Ask until there is an answer or the time is up; `tell` names the field in which the
        server is told how much of it is left."""
        ends = time.monotonic() + seconds
        pause = FIRST_PAUSE
        while True:
            asked = 0.0
            try:
                async with _Sending(self._sending) as sending:
                    left = max(ends - time.monotonic(), 0.01)
                    reply = await next(self._turn).request(
                        method,
                        path,
                        json={**(body or {}), tell: left} if tell else body,
                        timeout=httpx.Timeout(left + GRACE, pool=None),
                        extensions={"trace": sending.trace},
                        **options,
                    )
                if reply.is_success:
                    return reply
                failure = ServerRefused(reply.status_code, _problem(reply))
                if reply.status_code not in AGAIN:
                    raise failure
                asked = read_retry_after(reply.headers.get("retry-after")) or 0.0
            except httpx.TransportError as error:
                failure = error
            wait = max(pause, min(asked, LONGEST_ASKED))
            if time.monotonic() + wait > ends:
                raise EngineDown(f"{self._address}: {failure or type(failure)}") from failure
            await asyncio.sleep(wait)
            pause = min(2 * pause, LONGEST_PAUSE)


class _Sending:
    """A place among those that are sending, until the request is sent or has failed."""

    def __init__(self, places: asyncio.Semaphore):
        self._places, self._held = places, False

    async def __aenter__(self) -> _Sending:
        await self._places.acquire()
        self._held = True
        return self

    async def __aexit__(self, *_: object) -> None:
        self._leave()

    async def trace(self, event: str, info: Mapping[str, Any]) -> None:
        """What httpx tells about the request."""
        if event == "http11.send_request_body.complete":
            self._leave()

    def _leave(self) -> None:
        if self._held:
            self._held = False
            self._places.release()


class Client:
    """The same for ordinary functions; not for use inside a running event loop."""

    def __init__(self, address: str, **options: Any):
        self._runner = asyncio.Runner()
        self._client = AsyncClient(address, **options)

    def rank(self, groups: Iterable[Group]) -> list[dict[str, Any]]:
        return self._run(self._client.rank(groups))

    def reward(self, rollout: RolloutRequest, deadline: float = 300.0) -> RewardAnswer:
        return self._run(self._client.reward(rollout, deadline))

    def cancel(self, uid: str, *, run: str = "", attempt: int = 0) -> None:
        self._run(self._client.cancel(uid, run=run, attempt=attempt))

    def close(self) -> None:
        self._run(self._client.close())
        self._runner.close()

    def __enter__(self) -> Client:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _run(self, work: Coroutine[Any, Any, Result]) -> Result:
        return self._runner.run(work)


def about(address: str, token: str | None = None) -> dict[str, Any]:
    """What a server says of itself, asked once."""
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    try:
        reply = httpx.get(f"{address.rstrip('/')}/v1/about", headers=headers, timeout=30.0)
    except (httpx.TransportError, httpx.InvalidURL) as error:
        problem = str(error) or type(error).__name__
        raise EngineRefused(f"{address}: {problem}; does `dragoman serve` run there?") from None
    if not reply.is_success:
        raise ServerRefused(reply.status_code, _problem(reply))
    return reply.json()


def _problem(reply: httpx.Response) -> str:
    try:
        return str(reply.json()["error"]["message"])
    except (ValueError, KeyError, TypeError):
        return reply.reason_phrase
