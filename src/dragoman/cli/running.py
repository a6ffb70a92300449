"""What the verbs that work through a file have in common: an engine with a meter, a ledger,
progress, and lines that come out in the order of the input."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Iterable, Mapping
from contextlib import aclosing, asynccontextmanager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Generic, Literal, TypeVar, cast

from cyclopts import Parameter

from dragoman.asking import ReplyCache
from dragoman.cli.options import EngineOptions
from dragoman.engines.metered import Budget, MeteredEngine
from dragoman.errors import UserError
from dragoman.ledger import Ledger
from dragoman.row_files import STDIN, write_lines
from dragoman.runs import Progress, Record, Run, Worker
from dragoman.version import __version__

Item = TypeVar("Item")
Value = TypeVar("Value")

# Texts and file names may begin with a hyphen, and a lone one is a pipe.
Text = Annotated[str, Parameter(allow_leading_hyphen=True)]
Flag = Annotated[bool, Parameter(negative=(), show_default=False)]


@Parameter(name="*")
@dataclass(frozen=True, kw_only=True)
class RunOptions:
    """How a run over a file goes."""

    ledger: Path | None = None
    """Where finished work is kept for resuming; OUTPUT.ledger if not given."""
    no_ledger: Flag = False
    """Keep nothing: a stopped run starts anew."""
    retry_failed: Flag = False
    """Try again what the ledger holds as failed."""
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
    on: Literal["here", "ray"] = "here"
    """Where the work is done: here, or by the actors of a Ray cluster; see docs/cluster.md."""
    actors: int = 2
    """With --on ray: how many actors work, each with an engine."""
    actor_gpus: float = 0.0
    """With --on ray: how many GPUs an actor has."""

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

    def check_places(self, file: str | None, output: str | None) -> None:
        """Nothing that is read or kept may lie where the output is written."""
        if output is None:
            if self.keeps:
                raise UserError("what is shown is not kept; that flag wants an --output")
            if self.on == "ray":
                raise UserError("what is shown is made here; --on ray wants an --output")
            return
        ledger = self.ledger_for(output)
        if self.on == "ray":
            self._check_ray(file, ledger)
        if output == STDIN:
            return
        if Path(output).suffix in (".tsv", ".parquet", ".gz"):
            raise UserError(f"{output}: what is written are lines of JSON; let it end in .jsonl")
        taken = [Path(output).resolve(), Path(f"{output}.partial").resolve()]
        for name, place in (("the input", file), ("--ledger", ledger)):
            if place and place != STDIN and Path(place).resolve() in taken:
                raise UserError(f"{name} and --output are one file, {place}")
        if Path(output).is_file() and not self.overwrite and not (ledger and ledger.exists()):
            raise UserError(f"{output} exists and no ledger belongs to it; --overwrite replaces it")

    def _check_ray(self, file: str | None, ledger: Path | None) -> None:
        if file == STDIN:
            raise UserError("with --on ray the input is read twice; give a file")
        if ledger is None:
            raise UserError("with --on ray the work comes together in a ledger; name a --ledger")
        if self.budget != Budget():
            raise UserError("a budget is counted by one process; --on ray has none")


@dataclass(frozen=True)
class Job(Generic[Item, Value]):
    """One call of a verb: what is worked through, by whom, within what bounds.

    `hire` makes the worker once the engine and the ledger are open; `key` names an item by
    its content; `noun` and `lacking` are the words of the progress line; `warnings` finds what
    is to be counted in a line. `fields` is filled with what the worker's numbers depend on.
    """

    items: Callable[[], Iterable[Item]]
    progress: Progress
    from_pipe: bool
    engine: EngineOptions
    run: RunOptions
    hire: Callable[[MeteredEngine | None, ReplyCache | None], Worker[Item, Value]]
    key: Callable[[Item], str]
    show: Callable[[Value], None]
    noun: str
    lacking: str
    warnings: Callable[[str], Iterable[str]] = lambda line: ()
    fields: dict[str, object] = field(default_factory=dict[str, object])

    def do(self, output: str | None) -> int:
        """Write a line for each item, or show each if there is no output; the exit code."""
        if output is None:
            asyncio.run(self._show())
        elif self.run.on == "ray":
            self._write_on_ray(output)
        else:
            asyncio.run(self._write_here(output))
        return 1 if self.progress.done and self.progress.failed == self.progress.done else 0

    async def _show(self) -> None:
        async with _metered(self.engine, self.run.budget) as engine:
            records = self._records(self.hire(engine, None), None, lambda progress: None)
            async with aclosing(records):
                async for record in records:
                    if record.value:
                        self.show(record.value)

    async def _write_here(self, output: str) -> None:
        place = self.run.ledger_for(output)
        async with _metered(self.engine, self.run.budget) as engine:
            with Ledger(place) if place else nullcontext() as ledger:
                worker = self.hire(engine, ledger)
                self._settle(worker.fields, ledger)
                await self._write(output, worker, engine, ledger)

    def _write_on_ray(self, output: str) -> None:
        """Have the actors fill the ledger, and write what is in it."""
        from dragoman.cli.progress import shown_progress
        from dragoman.on_ray import Crew, cluster, missing

        run, progress = self.run, Progress()
        crew = Crew(
            self.engine.open, self.hire, self.engine.concurrency, run.actors, run.actor_gpus
        )
        with Ledger(cast(Path, run.ledger_for(output))) as ledger:
            with cluster(run.actors, run.actor_gpus) as ray:
                fields = crew.fields(ray)
                self._settle(fields, ledger)
                tasks = missing(self.items(), self.key, ledger, run.retry_failed)
                noun = f"{self.noun} on Ray"
                with shown_progress(progress, None, noun, self.lacking) as draw:
                    lacking = crew.fill(ray, tasks, ledger, progress, draw)

            async def left_over(item: Item, tries: int) -> Record[Value]:
                return lacking[self.key(item)]

            asyncio.run(self._write(output, Worker(fields, left_over), None, ledger))

    def _settle(self, fields: Mapping[str, object], ledger: Ledger | None) -> None:
        self.fields.update(fields)
        if ledger:
            ledger.settle({**fields, "version": __version__})
            ledger.absorb_shards(fields)

    async def _write(
        self,
        output: str,
        worker: Worker[Item, Value],
        engine: MeteredEngine | None,
        ledger: Ledger | None,
    ) -> None:
        from dragoman.cli.progress import shown_progress

        drawing = shown_progress(self.progress, engine, self.noun, self.lacking)
        with drawing as draw, write_lines(output) as write:
            async with aclosing(self._records(worker, ledger, draw)) as records:
                async for record in records:
                    # A failure without a line is counted and not written.
                    if record.line:
                        self.progress.warnings.update(self.warnings(record.line))
                        write(record.line)

    async def _records(
        self,
        worker: Worker[Item, Value],
        ledger: Ledger | None,
        draw: Callable[[Progress], None],
    ) -> AsyncGenerator[Record[Value]]:
        run = Run(
            work=worker.work,
            key=self.key,
            ledger=ledger,
            concurrency=self.engine.concurrency,
            # Actors have tried again what was to be tried again.
            retry_failed=self.run.retry_failed and self.run.on == "here",
            on_progress=draw,
        )
        records = run.records(self.items(), self.progress, slow=self.from_pipe)
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
