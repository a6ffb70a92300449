"""The application on a socket: uvicorn, and how it is left."""

from __future__ import annotations

import asyncio
import ipaddress
import signal
import socket
from collections.abc import Generator, Sequence
from contextlib import contextmanager

import uvicorn
from starlette.applications import Starlette

from dragoman.errors import UserError
from dragoman.serving.connections import Connection, most_connections
from dragoman.serving.service import Service

# Connections at once, if as many files may be open; more are closed at once.
MOST_CONNECTIONS = 30_000
DRAIN_SECONDS = 30
# Connections that the system keeps until they are let in, and how many are let in at a time.
AT_THE_DOOR, AT_A_TIME = 4096, 16


class Server(uvicorn.Server):
    """Asked to stop, it sends away who waits for siblings and finishes what is judged."""

    def __init__(self, config: uvicorn.Config, service: Service):
        super().__init__(config)
        self._service = service

    @contextmanager
    def capture_signals(self) -> Generator[None]:
        """uvicorn would die of the signal after stopping; there are files to close first."""
        loop = asyncio.get_running_loop()
        signals = (signal.SIGTERM, signal.SIGINT)
        for number in signals:
            loop.add_signal_handler(number, self.handle_exit, number, None)
        try:
            yield
        finally:
            for number in signals:
                loop.remove_signal_handler(number)

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """uvicorn takes for one number how many the system keeps at the door and how many are let
        in at a time; with thousands at a time the first would be answered when all are read."""
        await super().startup(sockets)
        for listener in sockets or []:
            listener.listen(AT_THE_DOOR)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._service.leave()
        await super().shutdown(sockets)


async def serve(app: Starlette, sockets: Sequence[socket.socket]) -> None:
    """Serve until SIGTERM or Ctrl-C. uvicorn logs nothing of requests."""
    config = uvicorn.Config(
        app,
        http=Connection,
        lifespan="off",
        ws="none",
        log_level="warning",
        access_log=False,
        server_header=False,
        proxy_headers=False,
        limit_concurrency=most_connections(MOST_CONNECTIONS),
        backlog=AT_A_TIME,
        timeout_keep_alive=75,
        timeout_graceful_shutdown=DRAIN_SECONDS,
    )
    await Server(config, app.state.service).serve(list(sockets))


def listen(host: str, port: int, *, token: str | None) -> socket.socket:
    """A socket to serve on. Others than this machine must know a token."""
    if not is_loopback(host) and not token:
        raise UserError(
            f"--host {host} can be reached from elsewhere; name the environment variable "
            "that holds a token: --token-env DRAGOMAN_TOKEN"
        )
    try:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        listener = socket.create_server((host, port), family=family, backlog=AT_THE_DOOR)
    except (OSError, OverflowError) as error:  # a port that no number of 16 bits can be
        why = getattr(error, "strerror", None) or error
        raise UserError(f"cannot listen on {host}:{port}: {why}") from None
    # Every connection inherits it: an answer's body must not wait 40 ms for the ACK of its head.
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listener


def is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
