"""How much a training run does: batches, steps, tokens, and the hours they should take."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import ceil
from pathlib import Path
from typing import Any

from dragoman.errors import UserError
from dragoman.training.data import PHRASEBOOK
from dragoman.training.hardware import Hardware, Layout
from dragoman.training.recipe import DataTable
from dragoman.training.shape import Shape

TRILLION = 1e12


@dataclass(frozen=True, kw_only=True)
class Expected:
    """[expected]: what a plan counts with. Tokens are means, save the longest prompt."""

    rows: int
    """Rows in the data file; the file's own number is taken once it is there."""
    rows_from_each: float = 1.0
    """What augmentation makes of a row, as a mean."""
    prompt_tokens: int
    reply_tokens: int
    longest_prompt: int = 0
    judgements: float = 0.0
    """Times the judge is asked about a group; of a model that judges itself, itself."""
    judge_prompt_tokens: int = 0
    judge_reply_tokens: int = 0
    longest_judge_prompt: int = 2048
    shape: str = "Qwen2.5-7B"
    """The model's shape, before its folder is there."""


@dataclass(frozen=True)
class Counts:
    """Batches and tokens. A row is what is trained on: a lesson, a pair, or one reply."""

    rows: int
    """Of data, with what augmentation makes of them."""
    epochs: float
    replies: int
    """To each prompt; 1 where nothing is sampled."""
    prompts_together: int
    """Prompts whose replies are written before the weights change; verl's train_batch_size."""
    prompts_an_update: float
    """Prompts behind one optimizer step; verl's ppo_mini_batch_size."""
    rows_an_update: int
    micro_batch: int
    accumulation: int
    world: int
    updates: int
    tokens_an_update: int

    @property
    def tokens(self) -> int:
        return self.updates * self.tokens_an_update

    @property
    def trained_rows(self) -> int:
        return self.updates * self.rows_an_update


@dataclass(frozen=True)
class Hours:
    """Expected hours, one kind of work after another: nothing is taken to overlap."""

    parts: Mapping[str, float]
    assumptions: tuple[str, ...]

    @property
    def total(self) -> float:
        return sum(self.parts.values())


def accumulation(trl: Mapping[str, Any], layout: Layout) -> int:
    """Micro-batches of an update on this hardware. A recipe is written for one process: the
    product of its micro-batch and accumulation, in rows, is the same on every hardware."""
    written = micro_batch(trl) * int(trl.get("gradient_accumulation_steps", 1))
    at_once = micro_batch({**trl, **layout.trl}) * layout.trainers
    if written % at_once:
        raise UserError(
            f"an update has {written} rows, which {layout.trainers} processes with "
            f"{at_once // layout.trainers} rows each cannot share evenly"
        )
    return written // at_once


def micro_batch(trl: Mapping[str, Any]) -> int:
    return int(trl.get("per_device_train_batch_size", 8))


def count(data: DataTable, expected: Expected, config: Any, world: int, samples: bool) -> Counts:
    """From TRL's configuration, made for one process that has the rows of all.

    TRL counts replies where verl counts prompts. A set of rollouts is
    `generation_batch_size / num_generations` prompts; data that do not fill a set are left out.
    """
    rows = round(_rows(data, expected) * expected.rows_from_each)
    at_once, accumulated = config.per_device_train_batch_size, config.gradient_accumulation_steps
    update, epochs = at_once * accumulated, float(config.num_train_epochs)
    replies = int(config.num_generations) if samples else 1
    together = int(config.generation_batch_size) // replies if samples else update
    if samples:
        drawn = rows // together * together * replies * int(config.num_iterations)
        updates = ceil(epochs * ceil(drawn / at_once / accumulated))
    else:
        updates = ceil(epochs * max(1, ceil(ceil(rows / at_once) / accumulated)))
    if config.max_steps > 0:
        updates = int(config.max_steps)
    if updates == 0:
        raise UserError(f"{rows:,} rows do not fill one set of {together:,} prompts")
    return Counts(
        rows=rows,
        epochs=epochs,
        replies=replies,
        prompts_together=together,
        prompts_an_update=update / replies,
        rows_an_update=update,
        micro_batch=at_once // world,
        accumulation=accumulated,
        world=world,
        updates=updates,
        tokens_an_update=update * (expected.prompt_tokens + expected.reply_tokens),
    )


def hours(
    shape: Shape,
    hardware: Hardware,
    layout: Layout,
    counts: Counts,
    expected: Expected,
    *,
    lora: bool,
    checkpointing: bool,
    samples: bool,
    vllm: bool,
    itself: bool,
    reference: bool = False,
) -> Hours:
    """Work over assumed speed.

    A forward pass costs 2 FLOPs a parameter and token, and attention 2 · layers · hidden ·
    length on top; a backward pass twice that, once with LoRA, whose weights are few.
    `samples` is whether it learns from its own replies, `vllm` whether vLLM writes them,
    `itself` whether the model in training judges them, and `reference` whether a second model
    reads what it learns from.
    """
    length = expected.prompt_tokens + expected.reply_tokens
    forward = 2 * shape.multiplied + 2 * shape.layers * shape.hidden * length
    passes = (2 if lora else 3) + int(checkpointing) + int(samples) + int(reference)
    worded = _passes(lora, checkpointing, samples, reference)
    speed = hardware.achieved * hardware.peak_tflops * TRILLION
    parts = {"training": counts.tokens * forward * passes / (layout.trainers * speed)}
    told = [
        f"{hardware.achieved:.0%} of {hardware.peak_tflops:g} TFLOPS a GPU in training and reading",
        f"{passes} forward passes' work a token: {worded}",
        f"mean lengths: prompt {expected.prompt_tokens}, reply {expected.reply_tokens} tokens",
    ]
    if samples:
        prompts = counts.trained_rows / counts.replies
        writers = layout.rollout_gpus or layout.trainers
        rate = hardware.vllm_per_second if vllm else hardware.transformers_per_second
        read = 2 * shape.multiplied / speed
        told.append(f"rollouts: {rate:g} tokens written a second and GPU")
        parts["rollouts"] = (
            counts.trained_rows * expected.reply_tokens / rate
            + prompts * expected.prompt_tokens * read
        ) / writers
        if asked := prompts * expected.judgements:
            judges = layout.trainers if itself else layout.judges
            rate = hardware.transformers_per_second if itself else hardware.vllm_per_second
            if judges:
                written, seen = expected.judge_reply_tokens, expected.judge_prompt_tokens
                parts["judging"] = asked * (written / rate + seen * read) / judges
                told.append(f"a judgement reads {seen} and writes {written} tokens")
                told.append(f"judging: {rate:g} tokens written a second and GPU")
            else:
                told.append("judging is done on other machines and not counted")
    told.append("one kind of work after another; no loading, checkpoints or validation")
    return Hours({name: seconds / 3600 for name, seconds in parts.items()}, tuple(told))


def _passes(lora: bool, checkpointing: bool, samples: bool, reference: bool) -> str:
    backward = "1 back through frozen weights" if lora else "2 back"
    again = ", 1 anew for checkpoints" if checkpointing else ""
    old = (
        ", 1 for old log-probabilities" if samples else ", 1 of the reference" if reference else ""
    )
    return f"1 forward, {backward}{again}{old}"


def _rows(data: DataTable, expected: Expected) -> int:
    """Rows of the data file or, while there is none, those expected."""
    rows, file = expected.rows, Path(data.rows)
    if not data.rows.startswith(PHRASEBOOK) and file.is_file():
        with file.open("rb") as lines:
            rows = sum(1 for line in lines if line.strip())
    return rows if data.limit is None else min(rows, data.limit)
