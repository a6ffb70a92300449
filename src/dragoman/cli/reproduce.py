"""`dragoman reproduce`: the paper in miniature."""

from __future__ import annotations

import sys
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import asdict
from hashlib import sha256
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from dragoman.errors import DragomanError, MissingExtra, UserError

if TYPE_CHECKING:
    from dragoman.reproduce.plan import Place
    from dragoman.reproduce.running import Progress

NEEDED = ("torch", "transformers", "trl", "accelerate", "datasets", "matplotlib")


def reproduce(
    *,
    output: Annotated[Path, Parameter(name=["--output", "-o"])] = Path("reproduction"),
    quick: Annotated[bool, Parameter(negative=(), show_default=False)] = False,
    smoke: Annotated[bool, Parameter(negative=(), show=False)] = False,
    seeds: str = "1,2,3",
    only: str = "a,b,c,d,e,f,g",
    base: str = "phrasebook:base",
    workers: int = 2,
) -> None:
    """Run the paper in miniature, and report which of its claims hold.

    Judges and translators are trained from the small model that ships, and compared. The report
    is OUTPUT/report.html, with the same as report.md and report.json. Stopped, by whatever, it
    goes on where it was.

    Parameters
    ----------
    output
        The folder for everything.
    quick
        Little of everything: whether it runs, not what it shows.
    smoke
        Next to nothing of everything, for tests.
    seeds
        Every training is repeated with each of these.
    only
        Some sections: a judges, b RLVR, c policies, d cross-lingual, e self-reward, f accuracy,
        g reward hacking.
    base
        The model that everything starts from.
    workers
        Steps at once, one thread each.
    """
    for package in NEEDED:
        if find_spec(package) is None:
            raise MissingExtra(package, "train")
    from dragoman.reproduce import paper, plan, report, running
    from dragoman.reproduce.plan import Place
    from dragoman.reproduce.sizes import FULL, QUICK, SMOKE
    from dragoman.training.data import model_folder

    sizes = SMOKE if smoke else QUICK if quick else FULL
    chosen = _seeds(seeds)
    letters = _letters(only, paper.SECTIONS)
    place = Place(output.resolve(), model_folder(base).resolve())
    settings = {"sizes": asdict(sizes), "seeds": chosen, "base": _fingerprint(place.base)}
    plan.begin(place, settings)
    failure: DragomanError | None = None
    with _shown() as draw:
        try:
            running.run(
                paper.plan(chosen, sizes, letters), place, workers=workers, on_progress=draw
            )
        except UserError:
            raise
        except DragomanError as error:
            failure = error
    _report(
        place, report.make(place, plan.finished(place, paper.plan(chosen, sizes)), chosen, sizes)
    )
    if failure:
        raise failure


def _report(place: Place, made: dict[str, object]) -> None:
    """Write the report; its claims and where it lies are what the command prints."""
    from dragoman.reproduce import report
    from dragoman.reproduce.wording import claims_table, duration

    page = report.save(place, made)
    for letter, text, outcome, numbers in claims_table(made):
        print(f"({letter}) {outcome}: {text} {numbers}")
    print(f"{duration(float(str(made['wall_seconds'])))}; {page}")


def _seeds(text: str) -> list[int]:
    try:
        seeds = [int(part) for part in text.split(",")]
    except ValueError:
        seeds = []
    if not seeds or len(set(seeds)) < len(seeds) or not all(0 < seed < 100 for seed in seeds):
        # Pupils and test sets have seeds from 100 on.
        raise UserError(f"--seeds {text}: write different numbers from 1 to 99, as 1,2,3")
    return seeds


def _letters(text: str, known: str) -> list[str]:
    letters = text.split(",")
    for letter in letters:
        if letter not in known or len(letter) != 1:
            raise UserError(f"--only {text}: sections are {', '.join(known)}")
    return letters


def _fingerprint(base: Path) -> str:
    """Which base it is, wherever it lies."""
    digest = sha256()
    for file in sorted(base.glob("*.safetensors")):
        digest.update(file.read_bytes())
    return digest.hexdigest()[:16]


@contextmanager
def _shown() -> Generator[Callable[[Progress], None]]:
    """A callback that draws: a bar on a terminal, else a line for each finished step."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn
    from rich.progress import Progress as Bar

    console = Console(stderr=True, highlight=False)
    columns = (
        MofNCompleteColumn(),
        BarColumn(),
        TimeElapsedColumn(),
        TextColumn("{task.fields[running]}"),
    )
    with Bar(*columns, console=console, disable=not console.is_terminal) as bar:
        task = bar.add_task("", total=None, running="")

        def draw(progress: Progress) -> None:
            running = ", ".join(progress.running)
            bar.update(task, completed=progress.done, total=progress.total, running=running)
            if not console.is_terminal and progress.finished:
                done = f"{progress.done} of {progress.total}"
                print(f"{done} · {progress.finished} · {progress.seconds:.0f} s", file=sys.stderr)

        yield draw
