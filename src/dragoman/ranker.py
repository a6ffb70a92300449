"""Ranking for scripts and notebooks: `rank` for one group, `rank_groups` for many.

Both are ordinary functions and also work inside a running event loop (a notebook has one),
by running theirs in a thread. Underneath is `await judge.judge(group)`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

from dragoman.asking import Asker, Patience
from dragoman.engines import Engine, make_engine
from dragoman.errors import UserError
from dragoman.formats import Format, Reading
from dragoman.formats.verdict_line import verdict_row
from dragoman.judges import Judge, Orders, make_judge
from dragoman.records import group_to_row
from dragoman.row_files import to_line
from dragoman.runs import Progress, Record, Run, record_of
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
    judge: str | Judge = "group",
    engine: str | Engine | None = None,
    **options: Any,
) -> Judgement:
    """Rank candidate translations of one source. `options` are those of `rank_groups`.

    >>> judgement = rank("Guten Morgen", ["Good morning", "Good night"], source_lang="de",
    ...                  target_lang="en", reference="Good morning", judge="metric:chrf")
    >>> judgement.verdict.ranking.order
    (0, 1)
    """
    if isinstance(candidates, str) or not candidates:
        raise UserError("candidates are a list of at least one translation")
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
    format: str | Format[Any, Any] | None = None,
    reading: Reading = "strict",
    guided: bool = False,
    retries: int = 2,
    permute: Orders | None = None,
    votes: int = 1,
    slots: int | None = None,
    concurrency: int = 16,
) -> list[Judgement]:
    """Rank groups; the judgements come in the order of the groups.

    `judge` and `engine` are written as on the command line, or given ready-made: an engine
    is then left open, and a judge takes none of the options that describe one. Judgements
    are kept in memory, and an error that stops the run loses them: for large files there is
    the command line, with its ledger.
    """

    def make(opened: Engine | None) -> Judge:
        if not isinstance(judge, str):
            if opened or format or permute or votes != 1 or slots is not None:
                raise UserError("a ready-made judge has its engine, format and wrappers already")
            return judge
        asker = Asker(opened, sampling, Patience(retries), guided=guided) if opened else None
        return make_judge(
            judge,
            asker,
            format=format,
            reading=reading,
            permute=permute,
            votes=votes,
            slots=slots,
        )

    async def work() -> list[Judgement]:
        opened = make_engine(engine, model) if isinstance(engine, str) else engine
        try:
            run = Run(judging(make(opened)), group_key, concurrency=concurrency)
            records = run.records(groups, Progress())
            return [record.value async for record in records if record.value]
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


def judging(judge: Judge) -> Callable[[Group, int], Awaitable[Record[Judgement]]]:
    """A judge as work for a `Run`: a group in, its verdict line out."""

    async def work(group: Group, tries: int) -> Record[Judgement]:
        judgement = await judge.judge(group, draw=tries)
        return record_of(to_line(verdict_row(judgement)), judgement.failure, judgement)

    return work


def group_key(group: Group) -> str:
    """The content address of a group, for a run's ledger."""
    return digest(group_to_row(group))
