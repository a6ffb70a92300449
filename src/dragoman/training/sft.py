"""Supervised training: the response of each lesson, by TRL's SFTTrainer.

A judge's cold start and a translator's are this stage with other rows. The loss is on the
response and the token that ends it. Prompts become tokens as they do in `engines/`.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dragoman.data.rows import Lesson
from dragoman.errors import UserError
from dragoman.training import trainers
from dragoman.training.data import holds_groups, load_gold_groups, load_lessons
from dragoman.training.recipe import Recipe
from dragoman.training.trainers import Work
from dragoman.types import Prompt

if TYPE_CHECKING:
    from dragoman.training.trainers import OnProgress

logger = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class SftSettings:
    """[sft]: how held-out groups are judged, where validation has groups."""

    format: str = "gqm"
    max_tokens: int = 512
    """The longest judgement."""


def train(
    recipe: Recipe, output: Path, *, resume: bool = False, on_progress: OnProgress | None = None
) -> None:
    """Train the recipe's model on its lessons; the result is `output/model`."""
    settings = recipe.settings(SftSettings)
    lessons = load_lessons(recipe.data)
    held_out = recipe.validation
    judged = held_out is not None and holds_groups(held_out)
    looks = (
        {}
        if held_out is None or judged
        else {"eval_strategy": "steps", "eval_steps": held_out.every}
    )
    work = trainers.begin(recipe, output, "SFTConfig", resume=resume, **looks)
    tokenizer = trainers.open_tokenizer(work)
    watchers = trainers.watchers(work, on_progress)
    evaluated = None
    if held_out and judged:
        from dragoman.training.validation import judging
        from dragoman.training.watching import Validation

        validate = judging(load_gold_groups(held_out), settings.format, settings.max_tokens)
        watchers.append(Validation(held_out.every, work.folder, validate))
    elif held_out:
        evaluated = trainers.make_dataset(_in_tokens(work, load_lessons(held_out), tokenizer))
    with trainers.building(recipe):
        trainer = work.trl.SFTTrainer(
            model=trainers.open_model(work),
            args=work.config,
            train_dataset=trainers.make_dataset(_in_tokens(work, lessons, tokenizer)),
            eval_dataset=evaluated,
            processing_class=tokenizer,
            peft_config=trainers.lora_config(recipe),
        )
    trainers.finish(work, trainer, watchers)


def _in_tokens(work: Work, lessons: Sequence[Lesson], tokenizer: Any) -> list[dict[str, list[int]]]:
    """Lessons as tokens. One that is too long is left out: cut off, it would teach to stop
    in the middle."""
    chat, longest = work.chat, work.config.max_length
    rows: list[dict[str, list[int]]] = []
    for lesson in lessons:
        prompt = chat.encode(Prompt(lesson.prompt))
        response = [*chat.encode_reply(lesson.response), tokenizer.eos_token_id]
        if longest is None or len(prompt) + len(response) <= longest:
            rows.append(
                {
                    "input_ids": prompt + response,
                    "labels": [-100] * len(prompt) + response,
                }
            )
    if not rows:
        raise UserError(f"every lesson is longer than {longest} tokens (max_length in [trl])")
    if len(rows) < len(lessons):
        left = len(lessons) - len(rows)
        logger.warning("%d of %d lessons are longer than %d tokens", left, len(lessons), longest)
    return rows
