"""`dragoman rank`: judge one group given by flags, or every group of a file."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncGenerator, Callable, Iterable
from contextlib import aclosing, asynccontextmanager, nullcontext
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from dragoman.cli.options import EngineOptions, JudgeOptions
from dragoman.engines.metered import Budget, MeteredEngine
from dragoman.errors import UserError
from dragoman.judges import Judge
from dragoman.languages import language_name
from dragoman.ledger import Ledger
from dragoman.records import STDIN, check_groups, read_groups, write_lines
from dragoman.runs import Progress, Record, Run
from dragoman.types import Candidate, Group, Judgement, Segment
from dragoman.version import __version__

# Texts and file names may begin with a hyphen, and a lone one is a pipe.
Text = Annotated[str, Parameter(allow_leading_hyphen=True)]
Flag = Annotated[bool, Parameter(negative=(), show_default=False)]


@Parameter(name="*")
@dataclass(frozen=True, kw_only=True)
class GroupOptions:
    """One group, written out on the command line."""

    source: Text | None = None
    """The text that was translated."""
    from_: Annotated[str | None, Parameter(name="--from")] = None
    """Its language, as a code (de, pt-BR) or an English name."""
    to: str | None = None
    """The language of the translations."""
    candidate: Annotated[
        tuple[Text, ...],
        Parameter(
            name=["--candidate", "-c"],
            negative=(),
            show_default=False,
            allow_leading_hyphen=True,
        ),
    ] = ()
    """A translation; give one -c for each."""
    reference: Text | None = None
    """A translation known to be good, for judges that compare with one."""

    def group(self) -> Group:
        """The group, if everything needed is given."""
        if self.source is None or not self.from_ or not self.to or not self.candidate:
            raise UserError(
                "nothing to rank: give a file of groups, "
                "or --source TEXT --from de --to en -c TEXT -c TEXT"
            )
        for language in (self.from_, self.to):
            language_name(language)
        segment = Segment("1", self.source, self.from_, self.to, self.reference)
        return Group(segment, tuple(map(Candidate, self.candidate)))


@Parameter(name="*")
@dataclass(frozen=True, kw_only=True)
class RunOptions:
    """How a run over a file goes."""

    ledger: Path | None = None
    """Where finished work is kept for resuming; OUTPUT.ledger if not given."""
    no_ledger: Flag = False
    """Keep nothing: a stopped run starts anew."""
    retry_failed: Flag = False
    """Judge the groups again that the ledger holds as failed."""
    overwrite: Flag = False
    """Replace an output file that no ledger belongs to."""
    max_calls: int | None = None
    """Stop after so many calls of the engine."""
    max_cost: float | None = None
    """Stop when so much is spent, at --prompt-price and --reply-price."""
    prompt_price: float = 0.0
    """Price of a million prompt tokens."""
    reply_price: float = 0.0
    """Price of a million reply tokens."""

    @property
    def budget(self) -> Budget:
        if self.max_cost is not None and not (self.prompt_price or self.reply_price):
            raise UserError("--max-cost needs --prompt-price and --reply-price")
        return Budget(self.max_calls, self.max_cost, self.prompt_price, self.reply_price)

    @property
    def keeps(self) -> bool:
        """Whether anything is said of keeping, which only an output file can do."""
        return bool(self.ledger or self.no_ledger or self.retry_failed or self.overwrite)

    def ledger_for(self, output: str) -> Path | None:
        """The ledger's place; None to keep none."""
        if self.no_ledger:
            return None
        return self.ledger or (None if output == STDIN else Path(f"{output}.ledger"))


def rank(
    file: Text | None = None,
    /,
    *,
    output: Annotated[Text | None, Parameter(name=["--output", "-o"])] = None,
    group: GroupOptions = GroupOptions(),
    judge: JudgeOptions = JudgeOptions(),
    engine: EngineOptions = EngineOptions(),
    run: RunOptions = RunOptions(),
) -> int:
    """Rank candidate translations.

    Give one group by flags, or a FILE of groups (.jsonl, .tsv, .parquet, or - for JSONL from
    standard input). Without --output the verdicts are shown as tables; with it they are
    written as JSON lines, - for standard output.

    Parameters
    ----------
    file
        Groups: {id, src_lang, tgt_lang, source, reference?, candidates: [{text, system?}]}.
    output
        Where the verdicts go, one JSON line a group, in input order.
    """
    if file is not None and group != GroupOptions():
        raise UserError("give a file or one group by flags, not both")
    judge = _choose_judge(judge, engine)
    if output is None:
        if run.keeps:
            raise UserError("tables are shown and not kept; that flag wants an --output")
    else:
        _check_places(file, output, run)
    groups: Iterable[Group] = [group.group()] if file is None else read_groups(file)
    total = 1 if file is None else None if file == STDIN else check_groups(file)
    job = _Job(groups, Progress(total), file == STDIN, judge, engine, run)
    asyncio.run(job.show() if output is None else job.write(output))
    return 1 if job.progress.done and job.progress.failed == job.progress.done else 0


def _choose_judge(judge: JudgeOptions, engine: EngineOptions) -> JudgeOptions:
    """Without a word on who judges: the engine's group judge, or else chrF, and say so."""
    if judge.judge is None and engine.engine is None:
        print(
            "dragoman: no --engine, so chrF against the reference judges (--judge metric:chrf)",
            file=sys.stderr,
        )
        return replace(judge, judge="metric:chrf")
    return judge


def _check_places(file: str | None, output: str, run: RunOptions) -> None:
    """Nothing that is read or kept may lie where the output is written."""
    ledger = run.ledger_for(output)
    if output == STDIN:
        return
    taken = [Path(output).resolve(), Path(f"{output}.partial").resolve()]
    for name, place in (("the input", file), ("--ledger", ledger)):
        if place and place != STDIN and Path(place).resolve() in taken:
            raise UserError(f"{name} and --output are one file, {place}")
    if Path(output).is_file() and not run.overwrite and not (ledger and ledger.exists()):
        raise UserError(f"{output} exists and no ledger belongs to it; --overwrite replaces it")


@dataclass(frozen=True)
class _Job:
    """One call of `dragoman rank`: what is judged, by whom, within what bounds."""

    groups: Iterable[Group]
    progress: Progress
    from_pipe: bool
    judge: JudgeOptions
    engine: EngineOptions
    run: RunOptions

    async def show(self) -> None:
        """Judge everything and show each group as a table, in order."""
        from dragoman.cli.tables import show_judgement

        async with _metered(self.engine, self.run.budget) as engine:
            judge = self.judge.make(engine, self.engine.sampling, None)
            async with aclosing(self._records(judge, None, lambda progress: None)) as records:
                async for record in records:
                    if self.progress.done > 1:
                        print()
                    if record.value:
                        show_judgement(record.value)

    async def write(self, output: str) -> None:
        """Judge everything and write verdict lines, in order."""
        from dragoman.cli.progress import shown_progress

        place = self.run.ledger_for(output)
        async with _metered(self.engine, self.run.budget) as engine:
            with Ledger(place) if place else nullcontext() as ledger:
                judge = self.judge.make(engine, self.engine.sampling, ledger)
                if ledger:
                    ledger.settle({**judge.fields, "version": __version__})
                with shown_progress(self.progress, engine) as draw, write_lines(output) as write:
                    async with aclosing(self._records(judge, ledger, draw)) as records:
                        async for record in records:
                            write(record.line)

    async def _records(
        self, judge: Judge, ledger: Ledger | None, draw: Callable[[Progress], None]
    ) -> AsyncGenerator[Record[Judgement]]:
        from dragoman.ranker import group_key, judging

        run = Run(
            work=judging(judge),
            key=group_key,
            ledger=ledger,
            concurrency=self.engine.concurrency,
            retry_failed=self.run.retry_failed,
            on_progress=draw,
        )
        records = run.records(self.groups, self.progress, slow=self.from_pipe)
        async with aclosing(records):
            async for record in records:
                yield record


@asynccontextmanager
async def _metered(options: EngineOptions, budget: Budget) -> AsyncGenerator[MeteredEngine | None]:
    engine = options.open()
    if engine is None:
        yield None
        return
    try:
        yield MeteredEngine(engine, budget)
    finally:
        await engine.close()
