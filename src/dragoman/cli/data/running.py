"""Steps that ask an engine: through the one mass loop, with a sidecar at the end."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from dragoman.asking import ReplyCache
from dragoman.cli.options import EngineOptions
from dragoman.cli.running import Job, RunOptions
from dragoman.data.sources import check_items
from dragoman.data.step import Step, Tally, check_apart, write_sidecar
from dragoman.engines import Engine
from dragoman.errors import UserError
from dragoman.row_files import STDIN, Row
from dragoman.runs import Progress, Worker

Item = TypeVar("Item")
Value = TypeVar("Value")


@dataclass(frozen=True)
class PaidStep(Generic[Item, Value]):
    """Rows through an engine. `read` says what each row must be, before any paid call;
    `failures` whether those that failed are written too."""

    name: str
    inputs: Sequence[str]
    read: Callable[[Row], object]
    items: Callable[[], Iterable[Item]]
    key: Callable[[Item], str]
    hire: Callable[[Engine | None, ReplyCache | None], Worker[Item, Value]]
    noun: str
    lacking: str
    failures: bool = False

    def do(self, output: str, engine: EngineOptions, run: RunOptions) -> int:
        """Write a line for each item, and the sidecar; the exit code."""
        file = self.inputs[0]
        run.check_places(file, output)
        check_apart(self.inputs[1:], output)
        total = None if file == STDIN else check_items(file, self.read)
        if total == 0:
            raise UserError(f"{file}: there are no rows in it")
        progress = Progress(total)
        job = Job(
            self.items, progress, file == STDIN, engine, run, self.hire, self.key, _no_show,
            self.noun, self.lacking,
        )  # fmt: skip
        code = job.do(output)
        if output != STDIN:
            step = Step(self.name, self.inputs, _without(job.fields, "data"))
            kept = progress.done if self.failures else progress.done - progress.failed
            tally = Tally(progress.done, kept)
            (tally.notes if self.failures else tally.left_out).update(progress.failures)
            write_sidecar(step, output, tally)
        return code


def _no_show(value: object) -> None:
    """These steps always have an output."""


def _without(settings: Mapping[str, Any], name: str) -> dict[str, Any]:
    return {key: value for key, value in settings.items() if key != name}
