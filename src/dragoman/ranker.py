"""Ranking for scripts and notebooks: `rank` for one group, `rank_groups` for many.

Both are ordinary functions and also work inside a running event loop (a notebook has one),
by running theirs in a thread. Underneath is `await judge.judge(group)`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

from dragoman.asking import Asker
from dragoman.engines import Engine, make_engine
from dragoman.formats.verdict_line import verdict_row
from dragoman.judges import Judge, make_judge
from dragoman.records import group_to_row, to_line
from dragoman.runs import Record
from dragoman.signature import digest
from dragoman.types import Candidate, Group, Judgement, Sampling, Segment

Result = TypeVar("Result")


def rank(
    source: str,
    candidates: Sequence[str],
    *,
    source_lang: str,
    target_lang: str,
    reference: str | None = None,
    judge: str = "group",
    engine: str | Engine | None = None,
    **options: Any,
) -> Judgement:
    """Rank candidate translations of one source.

    >>> judgement = rank("Guten Morgen", ["Good morning", "Good night"], source_lang="de",
    ...                  target_lang="en", reference="Good morning", judge="metric:chrf")
    >>> judgement.verdict.ranking.order
    (0, 1)
    """
    segment = Segment("1", source, source_lang, target_lang, reference)
    group = Group(segment, tuple(map(Candidate, candidates)))
    return rank_groups([group], judge=judge, engine=engine, **options)[0]


def rank_groups(
    groups: Iterable[Group],
    *,
    judge: str | Judge = "group",
    engine: str | Engine | None = None,
    model: str | None = None,
    sampling: Sampling = Sampling(),
    **wrappers: Any,
) -> list[Judgement]:
    """Rank groups, all at once; for files that must not fit into memory, use the command line.

    `judge` and `engine` are written as on the command line, or given ready-made; an engine
    given ready-made is left open. `wrappers` are those of `make_judge`: permute, votes, slots,
    format, reading.
    """

    async def work() -> list[Judgement]:
        opened = make_engine(engine, model) if isinstance(engine, str) else engine
        try:
            asker = Asker(opened, sampling) if opened else None
            made = make_judge(judge, asker, **wrappers) if isinstance(judge, str) else judge
            return list(await asyncio.gather(*(made.judge(group) for group in groups)))
        finally:
            if opened and opened is not engine:
                await opened.close()

    return run_sync(work())


def run_sync(work: Coroutine[Any, Any, Result]) -> Result:
    """Run a coroutine to its end, whether or not a loop is running here already."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return asyncio.run(work)
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, work).result()


def judging(judge: Judge) -> Callable[[Group, int], Awaitable[Record]]:
    """A judge as work for a `Run`: a group in, its verdict line out."""

    async def work(group: Group, tries: int) -> Record:
        judgement = await judge.judge(group, draw=tries)
        failure = judgement.failure
        return Record(
            line=to_line(verdict_row(judgement)),
            failed=failure.reason if failure else None,
            usage=judgement.usage,
            # An engine that could not be reached said nothing of this group: ask again next time.
            final=failure is None or failure.reason != "engine-down",
        )

    return work


def group_key(group: Group) -> str:
    """The content address of a group, for a run's ledger."""
    return digest(group_to_row(group))
