"""Any server that speaks the OpenAI protocol: vLLM, SGLang, llama.cpp, or a paid one.

The key is never an argument: `api_key_env` names the environment variable that holds it, and
messages name the variable, never its value.
"""

from __future__ import annotations

import asyncio
import base64
import json
import logging
import os
from collections import Counter
from collections.abc import AsyncGenerator, Coroutine, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any
from urllib.parse import unquote, urlsplit

import httpx

from dragoman.engines.openai_protocol import (
    Dialect,
    ParameterRefused,
    read_complaint,
    read_replies,
    refusal,
    write_request,
)
from dragoman.engines.retrying import Persistence, RetryBudget, ServerFault, read_retry_after
from dragoman.engines.server_texts import Censor
from dragoman.errors import EngineRefused, PromptRefused, UserError
from dragoman.types import Completion, Prompt, Reply, Sampling, Usage

logger = logging.getLogger(__name__)

CONNECT_SECONDS = 10.0
# Less than servers wait, so that a connection is not taken up just as it is closed.
KEEPALIVE_SECONDS = 4.0
MAX_ANSWER_BYTES = 16 * 2**20
# Further from each other than the seeds of retries and of draws (see `asking.py`).
SEED_STEP = 1_000_003

_OTHER_ERRORS = (httpx.HTTPError, httpx.StreamError, httpx.InvalidURL, httpx.CookieConflict)


@dataclass(frozen=True, slots=True)
class _Session:
    """What belongs to one event loop: connections, and the queue of those who wait."""

    loop: asyncio.AbstractEventLoop
    client: httpx.AsyncClient
    persistence: Persistence
    lifetime: AsyncGenerator[None]


class HttpEngine:
    """Asks a server at `base_url`, such as `http://localhost:8000/v1`, for one model's replies.

    `concurrency` bounds the requests under way; `timeout` bounds each of them, in
    seconds: the default gives a long reply on a busy server ten minutes.
    A call is made again at most `retries` times and waits at most `patience` seconds in all.
    A prompt's grammar is sent to the server under both names that servers know. vLLM obeys
    it; a server that refuses both names stops the run; one that overlooks both cannot be told
    from one that obeys, so its replies are taken for guided ones.
    `faults` counts what went wrong on the way, by kind.
    """

    def __init__(
        self,
        base_url: str,
        *,
        model: str | None = None,
        api_key_env: str | None = None,
        concurrency: int = 16,
        timeout: float = 600.0,
        retries: int = 5,
        patience: float = 300.0,
        first_pause: float = 0.5,
    ):
        self._place, self._base, self._auth = _read_address(base_url)
        if not model:
            raise UserError(f"which model of {self._place}? Name it with --model")
        self._key, self._key_env = _read_key(api_key_env), api_key_env
        # Servers like to repeat what they were sent.
        self._censor = Censor(_secrets(self._key, self._auth))
        self._model = model
        self._concurrency, self._timeout = concurrency, timeout
        self._budget = RetryBudget(retries, patience, first_pause)
        self._dialect = Dialect()
        self._session: _Session | None = None
        self.faults: Counter[str] = Counter()

    @property
    def identity(self) -> str:
        return f"{self._model}@{self._place}"

    async def complete(self, prompt: Prompt, sampling: Sampling) -> Completion:
        """As many replies as asked for, in more requests where the server gives one at a time.

        Greedy replies are all the same, and some servers refuse to say one twice: it is asked
        for once.
        """
        n = sampling.n
        if sampling.temperature == 0:
            once = await self._ask(prompt, replace(sampling, n=1))
            return replace(once, replies=once.replies[:1] * n)
        first = await self._ask(prompt, sampling)
        have = len(first.replies)
        if have < n:
            self._learn("n")
        others = [
            replace(sampling, n=1, seed=sampling.seed + SEED_STEP * i) for i in range(have, n)
        ]
        parts = [first, *await _together([self._ask(prompt, other) for other in others])]
        replies = tuple(reply for part in parts for reply in part.replies)
        return Completion(replies[:n], sum((part.usage for part in parts), Usage()))

    async def close(self) -> None:
        session, self._session = self._session, None
        if session and session.loop is asyncio.get_running_loop():
            await session.lifetime.aclose()

    async def _ask(self, prompt: Prompt, sampling: Sampling) -> Completion:
        """One answer, by as many attempts as it takes; it may hold fewer replies than asked."""
        session, calls = await self._open_session(), 0

        def on_fault(fault: ServerFault) -> None:
            nonlocal calls
            calls += fault.kind != "connect"
            self.faults[fault.kind] += 1
            logger.debug("%s: %s: %s", self._place, fault.kind, fault)

        while True:
            attempt = partial(self._attempt, session.client, prompt, sampling)
            try:
                replies, usage = await session.persistence.run(attempt, on_fault)
            except ParameterRefused as refused:
                calls += 1
                self._learn(refused.parameter)
            else:
                return Completion(tuple(replies), replace(usage, calls=calls + 1))

    async def _attempt(
        self, client: httpx.AsyncClient, prompt: Prompt, sampling: Sampling
    ) -> tuple[list[Reply], Usage]:
        path, body = write_request(prompt, sampling, self._model, self._dialect)
        status, headers, content = await self._send(client, path, body)
        if status == 200:
            return read_replies(content, prompt, sampling, self._censor)
        if status in (401, 403):
            raise EngineRefused(f"{self._place}: HTTP {status}: {self._key_advice()}")
        retry_after = read_retry_after(headers.get("retry-after"))
        complaint = read_complaint(content, self._censor)
        raise refusal(self._place, status, complaint, body, retry_after)

    async def _send(
        self, client: httpx.AsyncClient, path: str, body: dict[str, Any]
    ) -> tuple[int, httpx.Headers, bytes]:
        """One request and its whole answer; whatever goes wrong on the way is a `ServerFault`."""
        try:
            sent = json.dumps(body, ensure_ascii=False).encode()
        except UnicodeEncodeError:
            raise PromptRefused("the prompt holds half of a surrogate pair") from None
        try:
            async with (
                asyncio.timeout(self._timeout),
                client.stream("POST", self._base + path, content=sent) as response,
            ):
                return response.status_code, response.headers, await self._read(response)
        except (TimeoutError, httpx.ReadTimeout, httpx.WriteTimeout) as error:
            detail = f"no answer within {self._timeout:g} seconds"
            raise ServerFault("timeout", detail) from error
        except (httpx.ConnectError, httpx.ConnectTimeout) as error:
            raise ServerFault("connect", f"cannot connect: {error or 'timeout'}") from error
        except _OTHER_ERRORS as error:
            detail = f"the connection broke: {type(error).__name__}"
            raise ServerFault("cut", detail) from error

    async def _read(self, response: httpx.Response) -> bytes:
        content = bytearray()
        async for chunk in response.aiter_bytes():
            content += chunk
            if len(content) > MAX_ANSWER_BYTES:
                raise ServerFault("too-large", f"an answer of more than {MAX_ANSWER_BYTES} bytes")
        return bytes(content)

    async def _open_session(self) -> _Session:
        """The session of the running event loop; connections cannot move to another one."""
        loop = asyncio.get_running_loop()
        if self._session is None or self._session.loop is not loop:
            client = httpx.AsyncClient(
                headers={
                    "Content-Type": "application/json",
                    **({"Authorization": f"Bearer {self._key}"} if self._key else {}),
                },
                auth=self._auth,
                timeout=httpx.Timeout(None, connect=min(CONNECT_SECONDS, self._timeout)),
                limits=httpx.Limits(
                    max_connections=self._concurrency, keepalive_expiry=KEEPALIVE_SECONDS
                ),
            )
            persistence = Persistence(self._place, self._budget, self._concurrency)
            self._session = _Session(loop, client, persistence, _closing(client))
            await anext(self._session.lifetime)
        return self._session

    def _learn(self, parameter: str) -> None:
        if self._dialect.learn(parameter):
            logger.warning("%s: goes without the parameter %r", self._place, parameter)

    def _key_advice(self) -> str:
        if self._key_env:
            return f"check the key in the environment variable {self._key_env}"
        return "it wants a key; name the environment variable that holds one"


async def _closing(client: httpx.AsyncClient) -> AsyncGenerator[None]:
    """Closes the client when it is closed itself, which every event loop does to the
    generators that are left over at its end: no connection outlives its loop."""
    try:
        yield
    finally:
        await client.aclose()


async def _together(calls: Sequence[Coroutine[Any, Any, Completion]]) -> list[Completion]:
    """All results; when one call fails, the others are given up."""
    tasks = [asyncio.create_task(call) for call in calls]
    try:
        return await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()


def _read_address(base_url: str) -> tuple[str, str, tuple[str, str] | None]:
    """How messages call the place, its address without credentials, and the credentials."""
    try:
        parts = urlsplit(base_url)
        host = parts.netloc.rpartition("@")[2]
        valid = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
        httpx.URL(f"{parts.scheme}://{host}{parts.path}")
    except (ValueError, httpx.InvalidURL):
        parts, host, valid = urlsplit(""), "", False
    if not valid or parts.query or parts.fragment:
        raise UserError("a server's address looks like http://localhost:8000/v1")
    place = host + parts.path.rstrip("/")
    auth = None
    if parts.username is not None:
        auth = unquote(parts.username), unquote(parts.password or "")
    return place, f"{parts.scheme}://{place}", auth


def _read_key(variable: str | None) -> str | None:
    if variable is None:
        return None
    key = os.environ.get(variable, "").strip()
    if not key or not key.isascii() or not key.isprintable():
        what = "holds no usable key" if key else "is not set"
        raise UserError(f"the environment variable {variable} {what}")
    return key


def _secrets(key: str | None, auth: tuple[str, str] | None) -> list[str]:
    """What must never be shown: the key, the address's password, and the header made of it."""
    secrets = [key] if key else []
    if auth:
        pair = ":".join(auth).encode("utf-8", "surrogatepass")
        secrets += [auth[1], base64.b64encode(pair).decode()]
    return secrets
