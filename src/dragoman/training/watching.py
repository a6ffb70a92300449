"""What a training run tells while it runs: a JSON log, samples, progress, validation.

These are callbacks of transformers' Trainer. TensorBoard and wandb are its own
(`report_to` in a recipe's [trl]). A run that goes on after a stop goes on in the same files:
what was written after the checkpoint it goes on from is taken away first.
"""

from __future__ import annotations

import asyncio
import json
import os
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from math import isfinite
from pathlib import Path
from typing import Any

from transformers import Trainer, TrainerCallback

from dragoman.engines import Engine
from dragoman.errors import UserError
from dragoman.training.live_engine import LiveEngine

Numbers = Mapping[str, float]
Validate = Callable[[Engine], Awaitable[Numbers]]

_Callback: Any = TrainerCallback


@dataclass(frozen=True, slots=True)
class Progress:
    """How far training is: the numbers are those of the last logged step."""

    step: int
    steps: int
    numbers: Numbers


class JsonLines:
    """A file of JSON lines, each with its `step`."""

    def __init__(self, file: Path):
        self._file = file

    def keep_until(self, step: int) -> None:
        """Drop what was written after this step, and a last line cut short."""
        if not self._file.exists():
            return
        partial = self._file.with_name(self._file.name + ".partial")
        with (
            self._file.open(encoding="utf-8") as lines,
            partial.open("w", encoding="utf-8") as kept,
        ):
            for line in lines:
                with suppress(ValueError):
                    if json.loads(line)["step"] <= step:
                        kept.write(line)
        os.replace(partial, self._file)

    def write(self, step: int, row: Mapping[str, Any]) -> None:
        line = {"step": step, **{key: _plain(value) for key, value in row.items()}}
        with self._file.open("a", encoding="utf-8") as stream:
            stream.write(json.dumps(line, ensure_ascii=False) + "\n")


class Log(_Callback):
    """Writes every logged step to `log.jsonl`, with the seconds since this process began."""

    def __init__(self, output: Path):
        self._lines = JsonLines(output / "log.jsonl")
        self._samples = JsonLines(output / "samples.jsonl")
        self._begun = time.monotonic()

    def on_train_begin(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        if state.is_world_process_zero:
            self._lines.keep_until(state.global_step)
            self._samples.keep_until(state.global_step)

    def on_log(self, args: Any, state: Any, control: Any, logs: Any, **_: Any) -> None:
        if state.is_world_process_zero:
            seconds = round(time.monotonic() - self._begun, 3)
            self._lines.write(state.global_step, {**logs, "seconds": seconds})

    def write_samples(self, step: int, rows: Iterable[Mapping[str, Any]]) -> None:
        """Add rows to `samples.jsonl`: what the model wrote at this step, and what it earned."""
        for row in rows:
            self._samples.write(step, row)


class Telling(_Callback):
    """Tells a function how far training is."""

    def __init__(self, tell: Callable[[Progress], None]):
        self._tell, self._numbers = tell, dict[str, float]()

    def on_step_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        self._say(state)

    def on_log(self, args: Any, state: Any, control: Any, logs: Any, **_: Any) -> None:
        self._numbers = {
            key: value for key, value in logs.items() if isinstance(value, int | float)
        }
        self._say(state)

    def _say(self, state: Any) -> None:
        if state.is_world_process_zero:
            self._tell(Progress(state.global_step, state.max_steps, self._numbers))


class Validation(_Callback):
    """Tries the model on held-out rows every so many steps and at the end, in the first process.

    `validate` is given an engine that answers with the current weights; the numbers it finds
    are logged as `validation/NAME`. The model's folder has the tokenizer.
    """

    def __init__(self, every: int, folder: Path, validate: Validate):
        self._every, self._folder, self._validate = every, folder, validate
        self.trainer: Any = None

    def on_train_begin(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        if self.trainer.is_fsdp_enabled or self.trainer.is_deepspeed_enabled:
            raise UserError(
                "[validation] wants the whole model in the first process, and FSDP and DeepSpeed "
                "spread it out; leave it out and try checkpoints with `dragoman rank`"
            )

    def on_step_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        is_turn = state.global_step % self._every == 0 or state.global_step >= state.max_steps
        if is_turn and state.is_world_process_zero:
            network = self.trainer.accelerator.unwrap_model(self.trainer.model)
            found = asyncio.run(self._look(network))
            # Not the trainer's own `log`: TRL's would take the numbers of half a step along.
            log: Any = Trainer.log
            due = control.should_log
            log(self.trainer, {f"validation/{name}": value for name, value in found.items()})
            # The step itself is still to be logged.
            control.should_log = due

    async def _look(self, network: Any) -> Numbers:
        engine = LiveEngine(network, self._folder)
        was_training = network.training
        network.eval()
        try:
            return await self._validate(engine)
        finally:
            network.train(was_training)
            await engine.close()


def _plain(value: Any) -> Any:
    """JSON has no number that is none."""
    return None if isinstance(value, float) and not isfinite(value) else value
