"""Several questions at once, of which none that was paid for is lost."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Iterable
from typing import TypeVar

Result = TypeVar("Result")


async def together(questions: Iterable[Awaitable[Result]]) -> list[Result]:
    """All answers. When one question fails, the others are still waited for, and so kept in
    the ledger; then the first failure is raised."""
    answers = await asyncio.gather(*questions, return_exceptions=True)
    for answer in answers:
        if isinstance(answer, BaseException):
            raise answer
    return [answer for answer in answers if not isinstance(answer, BaseException)]
