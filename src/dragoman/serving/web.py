"""HTTP itself: bodies within limits, who may come in, and what errors look like."""

from __future__ import annotations

import asyncio
import hmac
import logging
import traceback
from collections.abc import Awaitable
from typing import Any, TypeVar

from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from dragoman.errors import DragomanError, UserError
from dragoman.serving.cohort import Conflict, Full, Leaving
from dragoman.serving.messages import BadMessage, MessageKind, read_message
from dragoman.serving.page_files import page_files
from dragoman.serving.service import Refusal, Service

log = logging.getLogger(__name__)

Result = TypeVar("Result")

NDJSON = "application/x-ndjson"
# What says nothing of texts: for machines without a token, and the page, which asks for one.
OPEN_PATHS = frozenset({"/healthz", "/readyz", *page_files()})
STATUS_OF: dict[type[DragomanError], int] = {Conflict: 409, Full: 429, Leaving: 503, UserError: 400}


def service_of(request: Request) -> Service:
    return request.app.state.service


def whole_number(request: Request, name: str) -> int:
    """A number from the query, 0 if it is not there."""
    text = request.query_params.get(name, "0")
    if not (text.isascii() and text.isdigit() and len(text) < 19):
        raise Refusal(400, f"{name} is a whole number", path=f"?{name}")
    return int(text)


def wants(request: Request, kind: str) -> bool:
    return kind in request.headers.get("accept", "")


async def message_of(request: Request, kind: type[MessageKind]) -> MessageKind:
    """The body as a message."""
    # A page of another site can send forms and plain text here unasked, but no JSON.
    if request.headers.get("content-type", "").partition(";")[0].strip() != "application/json":
        raise Refusal(415, "the body is JSON, and says so: Content-Type: application/json")
    service, body = service_of(request), bytearray()
    try:
        await _receive(request, body)
        if len(body) <= service.limits.small_body:
            return read_message(kind, body)
        return await service.aside(read_message, kind, body)
    finally:
        service.coming -= len(body)


async def _receive(request: Request, body: bytearray) -> None:
    """The body, as far as it is within limits. It counts as coming until it is read."""
    service = service_of(request)
    limits = service.limits
    too_large = Refusal(413, f"a body has at most {limits.body} bytes")
    declared = request.headers.get("content-length", "0")
    if declared.isdigit() and int(declared) > limits.body:
        raise too_large
    try:
        async with asyncio.timeout(limits.body_seconds):
            async for piece in request.stream():
                body += piece
                service.coming += len(piece)
                if len(body) > limits.body:
                    raise too_large
                if len(body) > limits.small_body and service.coming > limits.bodies:
                    raise Refusal(429, "too much is coming in at once", retry_after=1)
    except TimeoutError:
        raise Refusal(408, f"the body took over {limits.body_seconds:g} seconds") from None


async def bounded(service: Service, work: Awaitable[Result]) -> Result:
    """The result within the time of a request."""
    seconds = service.limits.request_seconds
    try:
        async with asyncio.timeout(seconds):
            return await work
    except TimeoutError:
        raise Refusal(504, f"there was no answer in {seconds:g} seconds") from None


async def while_connected(request: Request, work: Awaitable[Result]) -> Result:
    """The result, unless the caller hangs up first."""
    task = asyncio.ensure_future(work)
    gone = asyncio.ensure_future(_gone(request))
    try:
        await asyncio.wait([task, gone], return_when=asyncio.FIRST_COMPLETED)
        if not task.done():
            raise ClientDisconnect
        return task.result()
    finally:
        task.cancel()
        gone.cancel()


async def _gone(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass


def error_response(
    status: int, problem: str, path: str | None = None, retry_after: int | None = None
) -> Response:
    error = {"message": problem, **({"path": path} if path else {})}
    headers = {"Retry-After": str(retry_after)} if retry_after else {}
    if status == 401:
        headers["WWW-Authenticate"] = "Bearer"
    return JSONResponse({"error": error}, status, headers)


async def on_refusal(request: Request, error: Exception) -> Response:
    assert isinstance(error, Refusal)
    return error_response(error.status, error.problem, error.path, error.retry_after)


async def on_bad_message(request: Request, error: Exception) -> Response:
    assert isinstance(error, BadMessage)
    return error_response(400, error.problem, error.path)


async def on_our_error(request: Request, error: Exception) -> Response:
    """Errors of the toolkit: what the caller can mend, and else an engine that fails."""
    status = next((s for kind, s in STATUS_OF.items() if isinstance(error, kind)), 502)
    return error_response(status, str(error), retry_after=1 if status in (429, 503) else None)


async def on_disconnect(request: Request, error: Exception) -> Response:
    return Response(status_code=499)


class Doorkeeper:
    """Asks for the token, and counts what was answered."""

    def __init__(self, app: ASGIApp, service: Service, token: str | None):
        self._app, self._service = app, service
        self._expected = token and f"Bearer {token}".encode()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        status, begun = 500, False

        async def counted(message: Message) -> None:
            nonlocal status, begun
            if message["type"] == "http.response.start":
                status, begun = message["status"], True
            await send(message)

        try:
            if self._may_enter(scope):
                await self._app(scope, receive, counted)
            else:
                refused = error_response(401, "the token is missing or wrong")
                await refused(scope, receive, counted)
        except Exception as error:  # noqa: BLE001
            # Where it broke may be logged; what the error says may quote a candidate.
            where = "".join(traceback.format_tb(error.__traceback__))
            log.error("a bug, %s:\n%s", type(error).__name__, where)
            if begun:
                raise ConnectionAbortedError from None
            await error_response(500, "a bug in the server")(scope, receive, counted)
        finally:
            self._service.meters.count("requests", path=_pattern(scope), status=str(status))

    def _may_enter(self, scope: Scope) -> bool:
        if self._expected is None or scope["path"] in OPEN_PATHS:
            return True
        headers = dict(scope["headers"])
        # In constant time: how long it takes must not tell how much of it is right.
        return hmac.compare_digest(headers.get(b"authorization", b""), self._expected)


def _pattern(scope: Scope) -> str:
    """The path without what is particular to one request, or nothing if there is no such path."""
    endpoint: Any = scope.get("endpoint")
    return getattr(endpoint, "__name__", "") if endpoint else ""
