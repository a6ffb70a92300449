"""`dragoman rank`: judge one group given by flags, or every group of a file."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncGenerator, Generator, Iterable
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from dragoman.cli.options import EngineOptions, JudgeOptions
from dragoman.engines.metered import Budget, MeteredEngine
from dragoman.errors import UserError
from dragoman.ledger import Ledger
from dragoman.records import STDIN, check_groups, read_groups, write_lines
from dragoman.runs import Progress, Run
from dragoman.types import Candidate, Group, Segment
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
    total: int | None = 1
    groups: Iterable[Group]
    if file is None:
        groups = [group.group()]
    else:
        total = None if file == STDIN else check_groups(file)
        groups = read_groups(file)
    judge = _choose_judge(judge, engine)
    job = _Job(groups, total, file == STDIN, judge, engine, run)
    if output is None:
        return asyncio.run(job.show())
    if output != STDIN and Path(output).exists():
        place = run.ledger_for(output)
        if not run.overwrite and not (place and place.exists()):
            raise UserError(f"{output} exists and no ledger belongs to it; --overwrite replaces it")
    return asyncio.run(job.write(output))


def _choose_judge(judge: JudgeOptions, engine: EngineOptions) -> JudgeOptions:
    """Without a word on who judges: the engine's group judge, or else chrF, and say so."""
    if judge.judge is None and engine.engine is None:
        print(
            "dragoman: no --engine, so chrF against the reference judges (--judge metric:chrf)",
            file=sys.stderr,
        )
        return replace(judge, judge="metric:chrf")
    return judge


@dataclass(frozen=True)
class _Job:
    """One call of `dragoman rank`: what is judged, by whom, within what bounds."""

    groups: Iterable[Group]
    total: int | None
    from_pipe: bool
    judge: JudgeOptions
    engine: EngineOptions
    run: RunOptions

    async def show(self) -> int:
        """Judge group by group and show each as a table."""
        from dragoman.cli.tables import show_judgement

        async with _metered(self.engine, self.run.budget) as engine:
            judge = self.judge.make(engine, self.engine.sampling, None)
            failed = 0
            for number, group in enumerate(self.groups):
                if number:
                    print()
                judgement = await judge.judge(group)
                failed += judgement.failure is not None
                show_judgement(judgement)
        return 1 if self.total and failed == self.total else 0

    async def write(self, output: str) -> int:
        """Judge everything and write verdict lines, in order."""
        from dragoman.cli.progress import shown_progress
        from dragoman.ranker import group_key, judging

        progress = Progress(self.total)
        async with _metered(self.engine, self.run.budget) as engine:
            with self._ledger(output, engine) as ledger, shown_progress(progress, engine) as draw:
                judge = self.judge.make(engine, self.engine.sampling, ledger)
                job = Run(
                    judging(judge),
                    group_key,
                    ledger,
                    self.engine.concurrency,
                    self.run.retry_failed,
                    draw,
                )
                with write_lines(output) as write:
                    records = job.records(self.groups, progress, slow=self.from_pipe)
                    async for record in records:
                        write(record.line)
        return 1 if progress.done and progress.failed == progress.done else 0

    @contextmanager
    def _ledger(self, output: str, engine: MeteredEngine | None) -> Generator[Ledger | None]:
        place = self.run.ledger_for(output)
        if place is None:
            yield None
            return
        # What the numbers depend on is known from the judge before it has its cache.
        fields = self.judge.make(engine, self.engine.sampling, None).fields
        with Ledger(place, {**fields, "version": __version__}) as ledger:
            yield ledger


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
