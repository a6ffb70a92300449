"""A plan in words, for a terminal."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from dragoman.training.plan_counts import Counts

if TYPE_CHECKING:
    from dragoman.training.plan import Plan
    from dragoman.training.plan_memory import Card


def lines(plan: Plan) -> Iterator[str]:
    """The whole plan, line by line."""
    recipe, hardware = plan.recipe, plan.hardware
    yield f"{recipe.name} on {hardware.name}: {recipe.stage}, {hardware.gpu}"
    share = plan.trained / plan.parameters
    yield f"model {recipe.model}: {plan.parameters:,} parameters"
    yield f"trained: {plan.trained:,} ({share:.2%})"
    yield from _section("dragoman", _own(plan))
    yield from _section(f"trl.{plan.config}", plan.trl)
    yield from ("", "batches")
    yield from _counts(plan.counts)
    for card in plan.cards:
        yield ""
        yield from _card(card)
    yield ""
    yield from _verdict(plan)
    yield ""
    told = ", ".join(f"{name} {hours:.1f}" for name, hours in plan.hours.parts.items())
    yield f"hours {plan.hours.total:.1f} ({told}), if"
    yield from (f"  {assumption}" for assumption in plan.hours.assumptions)
    yield ""
    yield "commands, servers first; put in your machines' names"
    for command in plan.commands:
        yield f"  # {command.what}, on {command.where}"
        yield f"  {command.text}"


def _own(plan: Plan) -> Mapping[str, Any]:
    recipe = plan.recipe
    own: dict[str, Any] = {"data": recipe.data.rows, **recipe.own}
    if recipe.judge:
        own["judge"] = asdict(recipe.judge)
    if recipe.lora:
        own["lora"] = recipe.lora
    return own


def _section(title: str, values: Mapping[str, Any]) -> Iterator[str]:
    yield from ("", title)
    for key in sorted(values):
        yield f"  {key} = {json.dumps(values[key], default=str)}"


def _counts(counts: Counts) -> Iterator[str]:
    yield f"  {counts.rows:,} rows, {counts.epochs:g} epochs, {counts.updates:,} optimizer steps"
    if counts.replies > 1:
        each = f"prompts × {counts.replies} replies"
        yield f"  a set of rollouts: {counts.prompts_together:,} {each}"
        yield f"  an optimizer step: {counts.prompts_an_update:g} {each}"
    yield (
        f"  an optimizer step: {counts.rows_an_update:,} rows = {counts.micro_batch} a process × "
        f"{counts.world} processes × {counts.accumulation} accumulated; "
        f"{counts.tokens_an_update:,} tokens"
    )
    sampled = f"{counts.trained_rows:,} rollouts, " if counts.replies > 1 else ""
    yield f"  in all: {sampled}{counts.tokens:,} tokens"


def _card(card: Card) -> Iterator[str]:
    yield f"memory, {card.role} ({card.count} GPUs), GiB"
    for part in card.parts:
        yield f"  {part.gib:8.2f}  {part.name}: {part.formula}"
    yield f"  {card.used_gib:8.2f}  of {card.memory_gib:g}"


def _verdict(plan: Plan) -> Iterator[str]:
    if not plan.missing:
        least = min(plan.cards, key=lambda card: card.left_gib)
        yield f"fits: {least.left_gib:.1f} GiB left on {least.role}"
    whole = plan.without_lora
    if whole and whole.left_gib < 0:
        yield f"without LoRA, with all weights trained, it would lack {-whole.left_gib:.1f} GiB"
    for card in plan.missing:
        yield f"DOES NOT FIT: {card.role} lacks {-card.left_gib:.1f} GiB of memory"
