"""`dragoman train`: one stage of training, by a recipe."""

from __future__ import annotations

import sys
from collections.abc import Callable, Generator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from cyclopts import Parameter

from dragoman.errors import UserError
from dragoman.training import run_folder
from dragoman.training.hardware import read_hardware
from dragoman.training.recipe import Recipe, Stage, load_recipe

if TYPE_CHECKING:
    from dragoman.training.watching import Numbers, Progress

Flag = Annotated[bool, Parameter(negative=(), show_default=False)]

# Where each stage lives; its file loads when it is trained.
STAGES = {
    "base": "dragoman.training.pretrain",
    "sft": "dragoman.training.sft",
    "reward": "dragoman.training.reward",
    "policy": "dragoman.training.policy",
    "self-reward": "dragoman.training.self_reward",
    "preference": "dragoman.training.preference",
    "self-play": "dragoman.training.self_play",
}

# What of a logged step fits on a line, in this order; the log has all of it.
SHOWN = (
    "loss",
    "eval_loss",
    "reward",
    "valid",
    "validation/accuracy",
    "validation/unjudged",
    "mean_token_accuracy",
    "eval_accuracy",
    "rewards/accuracies",
    "pairs",
    "completions/mean_length",
)


def train(
    stage: Stage,
    recipe: str,
    /,
    *,
    output: Annotated[Path | None, Parameter(name=["--output", "-o"])] = None,
    set_: Annotated[tuple[str, ...], Parameter(name="--set", negative=(), show_default=False)] = (),
    resume: Flag = False,
    overwrite: Flag = False,
    dry_run: Flag = False,
    hardware: str = "16xa100",
    json: Flag = False,
    backend: Literal["trl", "verl"] = "trl",
    print_command: Flag = False,
) -> None:
    """Train a judge or a translator by a recipe.

    The result is OUTPUT/model, beside log.jsonl and the last checkpoints. Several processes
    share the work when `torchrun -m dragoman train ...` starts them.

    Parameters
    ----------
    stage
        base: a small model, from nothing. sft: learn responses. reward: a judge learns from gold
        scores. policy: a translator learns from a judge. self-reward: a model learns from its
        own judgements. preference: a translator learns from pairs of a better and a worse reply.
        self-play: a translator learns from its own search trees, from texts in one language.
    recipe
        A TOML file, or the name of a recipe of the package, such as phrasebook/judge-sft.
    output
        The folder of this run.
    set_
        TABLE.KEY=VALUE, written over the recipe.
    resume
        Go on from the last checkpoint of OUTPUT; without one, begin.
    overwrite
        Take away the run that OUTPUT holds, and begin.
    dry_run
        Train nothing; say what would run, how much memory and time it takes, and what to type.
    hardware
        What --dry-run and --print-command plan for: 16xa100, h200, 24gb-lora or a TOML file.
    json
        The plan of --dry-run as JSON.
    backend
        What trains: TRL, or verl for a policy, with --print-command.
    print_command
        Train nothing; say what to type for verl.
    """
    read = load_recipe(recipe, set_)
    if read.stage != stage:
        raise UserError(f"{recipe} is for `dragoman train {read.stage}`, not {stage}")
    if backend == "verl" or print_command:
        if not (backend == "verl" and print_command and stage == "policy"):
            raise UserError(
                "verl is for policies: train policy RECIPE --backend verl --print-command"
            )
        launch = import_module("dragoman.adapters.verl_launch")
        print(launch.command(read, read_hardware(hardware)))
        return
    if dry_run:
        plan = import_module("dragoman.training.plan").plan(read, hardware, set_)
        print(plan.as_json() if json else plan.as_text())
        return
    if output is None:
        raise UserError("say where the model goes: --output FOLDER")
    if resume and overwrite:
        raise UserError("--resume goes on, --overwrite begins anew; choose one")
    if overwrite and run_folder.is_first():
        run_folder.clear(output)
    if not (resume and run_folder.is_finished(read, output)):
        _train(read, output, resume)
    if run_folder.is_first():
        print(output / "model")


def _train(recipe: Recipe, output: Path, resume: bool) -> None:
    stage = import_module(STAGES[recipe.stage])
    if not run_folder.is_first():
        stage.train(recipe, output, resume=resume)
        return
    with _shown() as draw:
        stage.train(recipe, output, resume=resume, on_progress=draw)


@contextmanager
def _shown() -> Generator[Callable[[Progress], None]]:
    """A callback that draws: a bar on a terminal, else a line for each logged step."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
    from rich.progress import Progress as Bar

    console = Console(stderr=True, highlight=False)
    columns = (
        MofNCompleteColumn(),
        BarColumn(),
        TimeRemainingColumn(),
        TextColumn("{task.fields[numbers]}"),
    )
    with Bar(*columns, console=console, disable=not console.is_terminal) as bar:
        task = bar.add_task("", total=None, numbers="")
        told: Numbers = {}

        def draw(progress: Progress) -> None:
            nonlocal told
            line = _line(progress.numbers)
            bar.update(task, completed=progress.step, total=progress.steps, numbers=line)
            if not console.is_terminal and progress.numbers is not told and line:
                print(f"step {progress.step} of {progress.steps} · {line}", file=sys.stderr)
            told = progress.numbers

        yield draw


def _line(numbers: Numbers) -> str:
    return " · ".join(
        f"{name.rpartition('/')[2].replace('_', ' ')} {numbers[name]:.4g}"
        for name in SHOWN
        if name in numbers
    )
