"""What every test may use."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from dragoman.types import Candidate, Group, Segment

SHARED = Path(__file__).resolve().parent.parent.parent / "shared" / "evaluation"


@pytest.fixture(scope="session")
def evaluation() -> Path:
    """The folder of human-judged data beside the project; tests that need it skip without it."""
    if not SHARED.is_dir():
        pytest.skip("needs ../shared/evaluation, which is not here")
    return SHARED


def make_group(*texts: str, id: str = "g", reference: str | None = None) -> Group:
    """A German–English group of these candidate texts."""
    segment = Segment(id, "Guten Morgen", "de", "en", reference)
    return Group(segment, tuple(map(Candidate, texts)))


@pytest.fixture
async def clock(monkeypatch: pytest.MonkeyPatch) -> None:
    """Time that passes only while everybody waits: a busy machine changes nothing."""
    loop: Any = asyncio.get_running_loop()
    now, select = loop.time(), loop._selector.select

    def jump(timeout: float | None = None) -> Any:
        nonlocal now
        if timeout is None:
            return select(None)
        events = select(0)
        now += 0 if events else timeout
        return events

    monkeypatch.setattr(loop._selector, "select", jump)
    monkeypatch.setattr(loop, "time", lambda: now)
