"""A client of the server, for asyncio; `Client` is the same for ordinary functions.

    async with AsyncClient("http://127.0.0.1:8765") as client:
        answer = await client.reward(rollout)

A server that is busy, stopping or being started again is asked again, as long as the
rollout's deadline lasts: asking twice about one rollout is harmless.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Coroutine, Iterable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from types import TracebackType
from typing import Any, TypeVar
from urllib.parse import quote, urlencode

import httpx

from dragoman.engines.retrying import read_retry_after
from dragoman.errors import DragomanError, EngineDown, EngineRefused
from dragoman.records import group_to_row
from dragoman.serving.lines import LineBroken, Lines
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
    ):
        self._address, self._timeout = address, timeout
        self._lines = Lines(address, token, httpx.create_ssl_context, keep=keep_alive)

    async def rank(self, groups: Iterable[Group]) -> list[dict[str, Any]]:
        """The verdict line of each group."""
        body = {"groups": [group_to_row(group) for group in groups]}
        reply = await self._send("POST", "/v1/rank", body, self._timeout)
        (verdicts,) = self._read(reply, "verdicts")
        return verdicts

    async def reward(self, rollout: RolloutRequest, deadline: float = 300.0) -> RewardAnswer:
        """The reward of a rollout once its siblings are judged, within `deadline` seconds."""
        fields = {name: getattr(rollout, name) for name in RolloutRequest.__slots__}
        path = f"/v1/cohorts/{quote(fields.pop('uid'), safe='')}"
        reply = await self._send("POST", path, fields, deadline, tell="deadline")
        return RewardAnswer(*self._read(reply, "reward", "score", "reason"))

    async def cancel(self, uid: str, *, run: str = "", attempt: int = 0) -> None:
        """Nobody needs this cohort any more."""
        query = urlencode({"run": run, "attempt": attempt})
        path = f"/v1/cohorts/{quote(uid, safe='')}?{query}"
        await self._send("DELETE", path, {}, self._timeout)

    async def close(self) -> None:
        await self._lines.close()

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
        fields: Mapping[str, Any],
        seconds: float,
        *,
        tell: str | None = None,
    ) -> bytes:
        """Ask until there is an answer or the time is up; `tell` names the field in which the
        server is told how much of it is left."""
        ends = time.monotonic() + seconds
        pause = FIRST_PAUSE

        def body() -> bytes:
            left = {tell: max(ends - time.monotonic(), 0.01)} if tell else {}
            return _json({**fields, **left})

        while True:
            asked = 0.0
            try:
                async with asyncio.timeout(max(ends - time.monotonic(), 0.01) + GRACE):
                    reply = await self._lines.ask(method, path, body)
                if reply.status < HTTPStatus.MULTIPLE_CHOICES:
                    return reply.body
                failure = ServerRefused(reply.status, _problem(reply.body, reply.words))
                if reply.status not in AGAIN:
                    raise failure
                asked = read_retry_after(reply.headers.get("retry-after")) or 0.0
            except LineBroken as error:
                failure = error
            except TimeoutError:
                failure = LineBroken("there was no answer in time")
            wait = max(pause, min(asked, LONGEST_ASKED))
            if time.monotonic() + wait > ends:
                raise EngineDown(f"{self._address}: {failure}") from failure
            await asyncio.sleep(wait)
            pause = min(2 * pause, LONGEST_PAUSE)

    def _read(self, body: bytes, *names: str) -> list[Any]:
        """What an answer has under these names."""
        try:
            answer = json.loads(body)
            return [answer[name] for name in names]
        except (ValueError, KeyError, TypeError):
            problem = "what answers is no `dragoman serve`"
            raise EngineRefused(f"{self._address}: {problem}") from None


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
        reply = httpx.get(
            f"{address.rstrip('/')}/v1/about",
            headers=headers,
            timeout=30.0,
            verify=httpx.create_ssl_context(),
            trust_env=False,  # no proxy, as for what follows
        )
    except (httpx.TransportError, httpx.InvalidURL) as error:
        problem = str(error) or type(error).__name__
        raise EngineRefused(f"{address}: {problem}; does `dragoman serve` run there?") from None
    if not reply.is_success:
        raise ServerRefused(reply.status_code, _problem(reply.content, reply.reason_phrase))
    return reply.json()


def _json(fields: Mapping[str, Any]) -> bytes:
    return json.dumps(fields, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode()


def _problem(body: bytes, else_this: str) -> str:
    try:
        return str(json.loads(body)["error"]["message"])
    except (ValueError, KeyError, TypeError):
        return else_this
