"""What a run would do, take and cost on given hardware, and the commands that start it.

Nothing is loaded but TRL's configuration, which is really made, so that a key that TRL does
not have or a batch that does not divide is found here. Memory is an estimate from above,
hours are work over assumed speed; both print what they rest on.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence, Set
from dataclasses import asdict, dataclass
from dataclasses import replace as replaced
from pathlib import Path
from typing import Any

from dragoman.errors import UserError
from dragoman.training import plan_counts, plan_launch, plan_memory, trainers
from dragoman.training.hardware import Hardware, Kind, Layout, read_hardware
from dragoman.training.plan_counts import Counts, Expected, Hours
from dragoman.training.plan_launch import Command
from dragoman.training.plan_memory import Card, Lengths, Part
from dragoman.training.recipe import Recipe, read_table
from dragoman.training.shape import Shape, read_shape

CONFIGS = {
    "sft": "SFTConfig",
    "reward": "GRPOConfig",
    "policy": "GRPOConfig",
    "self-reward": "GRPOConfig",
    "preference": "DPOConfig",
}


@dataclass(frozen=True)
class Plan:
    """A run on paper. `recipe` is as it stands on this hardware."""

    recipe: Recipe
    hardware: Hardware
    config: str
    """The name of TRL's configuration."""
    trl: Mapping[str, Any]
    """What is in it, without TRL's defaults that nobody named."""
    shape: Shape
    parameters: int
    trained: int
    counts: Counts
    cards: tuple[Card, ...]
    without_lora: Card | None
    """The trainer's card if all weights were trained instead."""
    hours: Hours
    commands: tuple[Command, ...]

    @property
    def missing(self) -> tuple[Card, ...]:
        """Cards that hold less than they should."""
        return tuple(card for card in self.cards if card.left_gib < 0)

    def as_text(self) -> str:
        from dragoman.training.plan_text import lines

        return "\n".join(lines(self))

    def as_json(self) -> str:
        return json.dumps({**asdict(self), "fits": not self.missing}, indent=1, default=str)


def plan(recipe: Recipe, hardware: str, overrides: Sequence[str] = ()) -> Plan:
    """The plan of a recipe on hardware known by name or by a TOML file. `overrides` are the
    `--set`s that the recipe was read with: they are typed again, and win."""
    if recipe.stage not in CONFIGS:
        raise UserError(f"{recipe.name}: --dry-run plans {', '.join(CONFIGS)}, not {recipe.stage}")
    if recipe.expected is None:
        raise UserError(f"{recipe.name}: --dry-run needs a table [expected]: rows and lengths")
    machine = read_hardware(hardware)
    expected = read_table(Expected, recipe.expected, f"{recipe.name}: [expected]")
    kind = "RewardConfig" if recipe.own.get("form") == "bradley-terry" else CONFIGS[recipe.stage]
    fixed = {override.partition("=")[0].strip() for override in overrides}
    layout = _unless(fixed, machine.layout(_kind(recipe, kind)))
    here = _on(recipe, machine, layout, "judge.engine" in fixed)
    made = _config(here, kind, layout.trainers)
    shape = read_shape(recipe.model, expected.shape)
    # One number in place of a head over the vocabulary.
    shape = replaced(shape, tied=True) if kind == "RewardConfig" else shape
    case = _Case(here, machine, layout, kind, made, shape, expected)
    counts = plan_counts.count(recipe.data, expected, made, layout.trainers, case.samples)
    settings = [*overrides, *plan_launch.as_settings(recipe, here)]
    return Plan(
        recipe=here,
        hardware=machine,
        config=kind,
        trl=_told(here, made),
        shape=shape,
        parameters=shape.parameters,
        trained=shape.parameters if case.rank is None else shape.lora(case.rank),
        counts=counts,
        cards=_cards(case, case.rank),
        without_lora=None if case.rank is None else _cards(case, None)[0],
        hours=plan_counts.hours(
            shape, machine, layout, counts, expected,
            lora=case.rank is not None,
            checkpointing=made.activation_checkpointing,
            samples=case.samples,
            vllm=case.samples and made.use_vllm,
            itself=recipe.stage == "self-reward",
            reference=kind == "DPOConfig",
        ),
        commands=plan_launch.commands(here, machine, layout, expected, settings, made),
    )  # fmt: skip


@dataclass(frozen=True)
class _Case:
    """A recipe on its hardware, with what was read and made for it."""

    recipe: Recipe
    hardware: Hardware
    layout: Layout
    kind: str
    config: Any
    shape: Shape
    expected: Expected

    @property
    def samples(self) -> bool:
        """Whether it learns from replies of its own."""
        return self.kind == "GRPOConfig"

    @property
    def rank(self) -> int | None:
        """Of its adapters; peft's default is 8."""
        return None if self.recipe.lora is None else int(self.recipe.lora.get("r", 8))

    @property
    def lengths(self) -> Lengths:
        """Of a micro-batch at its longest; a pair is two texts."""
        rows = plan_counts.micro_batch(self.recipe.trl)
        if self.samples:
            longest = self.config.max_completion_length
            return Lengths(rows, self.expected.longest_prompt, longest)
        texts = 2 * rows if self.kind in ("RewardConfig", "DPOConfig") else rows
        return Lengths(texts, 0, self.config.max_length)


def _kind(recipe: Recipe, config: str) -> Kind:
    if config != "GRPOConfig":
        return "learn"
    if recipe.stage == "self-reward":
        return "itself"
    return "judged" if recipe.judge and recipe.judge.model else "explore"


def _unless(fixed: Set[str], layout: Layout) -> Layout:
    """The layout without what was set by hand."""
    trl = {key: value for key, value in layout.trl.items() if f"trl.{key}" not in fixed}
    lora = {key: value for key, value in (layout.lora or {}).items() if f"lora.{key}" not in fixed}
    longest = None if "trl.max_length" in fixed else layout.longest
    return replaced(layout, trl=trl, lora=lora or None, longest=longest)


def _on(recipe: Recipe, hardware: Hardware, layout: Layout, own_judge: bool) -> Recipe:
    """The recipe with the layout's settings over its own, and its batch divided anew."""
    trl = {**recipe.trl, **layout.trl}
    trl["gradient_accumulation_steps"] = plan_counts.accumulation(recipe.trl, layout)
    if layout.longest and "max_length" in trl:
        trl["max_length"] = min(layout.longest, trl["max_length"])
    if layout.rollout_gpus:
        trl["vllm_server_host"] = plan_launch.rollout_host(hardware, layout)
    judge = recipe.judge
    if judge and judge.model and not own_judge:
        judge = replaced(judge, engine=plan_launch.judge_url(hardware, layout))
    lora = {**(recipe.lora or {}), **layout.lora} if layout.lora else recipe.lora
    return replaced(recipe, trl=trl, lora=lora, judge=judge)


def _config(recipe: Recipe, config: str, world: int) -> Any:
    """TRL's configuration, for one process with the rows of all: TRL's checks of batches look
    at their product alone."""
    defaults: Mapping[str, Any] = {}
    if config == "GRPOConfig":
        from dragoman.training.policy import GRPO
        from dragoman.training.reward import GSPO

        defaults = GSPO if recipe.stage == "reward" else GRPO
    rows = plan_counts.micro_batch(recipe.trl) * world
    # Nothing is computed, so no GPU is looked for.
    alone = {**recipe.trl, "per_device_train_batch_size": rows, "use_cpu": True}
    return trainers.make_config(
        trainers.load_trl(), config, replaced(recipe, trl=alone), Path("plan"), defaults
    )


def _told(recipe: Recipe, config: Any) -> dict[str, Any]:
    """What the recipe says, and whatever else is not TRL's default."""
    # Named, for TRL's own default goes by a name that transformers has given up.
    named = {"activation_checkpointing": True, "use_cpu": True, "report_to": "none"}
    plain = type(config)(output_dir="plan", **named).to_dict()
    ours = ("output_dir", "logging_dir", "run_name", "use_cpu")
    told = {
        key: value
        for key, value in config.to_dict().items()
        if key not in ours and (key in recipe.trl or value != plain[key])
    }
    return {**told, "per_device_train_batch_size": plan_counts.micro_batch(recipe.trl)}


def _cards(case: _Case, rank: int | None) -> tuple[Card, ...]:
    """The trainer's GPU at its fullest moments, and the servers' GPUs."""
    shape, hardware, layout, config = case.shape, case.hardware, case.layout, case.config
    trl, free = case.recipe.trl, case.hardware.memory_gib
    learning = plan_memory.training_parts(
        shape, layout, trl, rank, case.lengths,
        checkpointing=config.activation_checkpointing,
        words=case.kind != "RewardConfig",
    )  # fmt: skip
    # Adapters are switched off where the reference is asked.
    if case.kind == "DPOConfig" and rank is None and not config.precompute_ref_log_probs:
        learning += plan_memory.reference_parts(shape, layout, trl)
    shared: tuple[Part, ...] = ()
    if layout.judge_share:
        shared = plan_memory.engine_parts(shape, hardware, 1, layout.judge_share, "judge's ")
    writing: tuple[Part, ...] = ()
    if case.samples and not layout.rollout_gpus:
        engine = plan_memory.writing_parts(shape, hardware, config, case.lengths)
        writing = plan_memory.resting_parts(shape, layout, trl, rank) + engine
        if config.use_vllm and not config.vllm_enable_sleep_mode:
            learning += engine
    cards = [Card("trainer, learning", layout.trainers, learning + shared, free)]
    if writing:
        cards.append(Card("trainer, writing", layout.trainers, writing + shared, free))
    for role, gpus in (
        ("rollout server", layout.rollout_gpus),
        ("judge server", layout.judge_gpus),
    ):
        if gpus:
            share = plan_launch.SERVER_SHARE
            cards.append(plan_memory.engine_card(role, shape, hardware, gpus, share))
    return tuple(cards)
