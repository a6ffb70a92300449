"""What is done about connections that only take up room: uvicorn waits for them for ever."""

from __future__ import annotations

import asyncio
import resource
from typing import cast

from uvicorn.protocols.http.h11_impl import H11Protocol, RequestResponseCycle

# From a connection, or from a first byte on it, to the end of a request's head.
HEAD_SECONDS = 10.0
# Files that are open besides connections.
SPARE_FILES = 256


class Connection(H11Protocol):
    """Closed when nothing is being answered and no whole head of a request comes in time.

    One byte now and then does not help. It also ends bodies that are still being sent though
    their request has been refused.
    """

    _clock: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        if self.limit_concurrency and len(self.connections) > self.limit_concurrency:
            # Without a file left, nobody could be let in, and nothing be opened.
            transport.abort()
        self._watch()

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        self._watch()

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_clock()
        super().connection_lost(exc)

    def _watch(self) -> None:
        # uvicorn's types leave out that there is none before the first request.
        cycle = cast("RequestResponseCycle | None", self.cycle)
        if cycle is not None and not cycle.response_complete:
            self._stop_clock()
        elif self._clock is None and self.timeout_keep_alive_task is None:
            self._clock = self.loop.call_later(HEAD_SECONDS, self.transport.close)

    def _stop_clock(self) -> None:
        if self._clock is not None:
            self._clock.cancel()
            self._clock = None


def most_connections(wanted: int) -> int:
    """How many connections this process can have, after asking for as many files as it may."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    return wanted if hard == resource.RLIM_INFINITY else min(wanted, hard - SPARE_FILES)
