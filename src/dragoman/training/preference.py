"""Preference training: pairs of a better and a worse reply, on TRL's DPOTrainer.

Its loss is `loss_type` in [trl]: `sigmoid` is DPO's, `sppo_hard` that of TRANS-ZERO's published
code; `losses.py` says both as formulas. The reference is the model that the run starts from.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dragoman.data.rows import Pair
from dragoman.errors import UserError
from dragoman.formats import Format, Reading, make_format
from dragoman.plugins import find
from dragoman.training import trainers
from dragoman.training.data import holds_pairs, load_pairs, load_segments
from dragoman.training.recipe import Recipe, ValidationTable
from dragoman.training.trainers import Work
from dragoman.types import Prompt, Segment

if TYPE_CHECKING:
    from dragoman.training.trainers import OnProgress
    from dragoman.training.watching import Validate

logger = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class PreferenceSettings:
    """[preference]: how held-out segments are translated, where validation has segments."""

    format: str = "codeblock-think"
    reading: Reading = "strict"
    max_tokens: int = 512
    """The longest translation."""
    metric: str = "chrf"
    """A metric of the held-out translations, where they have references."""
    quality: str | None = None
    """module:function of a segment and a text, on any scale."""


def train(
    recipe: Recipe, output: Path, *, resume: bool = False, on_progress: OnProgress | None = None
) -> None:
    """Train the recipe's translator on its pairs; the result is `output/model`."""
    settings = recipe.settings(PreferenceSettings)
    pairs, held_out = load_pairs(recipe.data), recipe.validation
    compared = held_out is not None and holds_pairs(held_out)
    looks = (
        {"eval_strategy": "steps", "eval_steps": held_out.every} if held_out and compared else {}
    )
    validate = translated(held_out, settings) if held_out and not compared else None
    work = trainers.begin(recipe, output, "DPOConfig", resume=resume, **looks)
    tokenizer = trainers.open_tokenizer(work)
    watchers = trainers.watchers(work, on_progress)
    if held_out and validate:
        from dragoman.training.watching import Validation

        watchers.append(Validation(held_out.every, work.folder, validate))

    def tokens(pairs: Sequence[Pair]) -> Any:
        return trainers.make_dataset(in_tokens(work, pairs, tokenizer.eos_token_id))

    with trainers.building(recipe):
        trainer = _trainer(work.trl, recipe)(
            model=trainers.open_model(work),
            args=work.config,
            train_dataset=tokens(pairs),
            eval_dataset=tokens(load_pairs(held_out)) if held_out and compared else None,
            processing_class=tokenizer,
            peft_config=trainers.lora_config(recipe),
        )
    trainers.finish(work, trainer, watchers)


def translated(held_out: ValidationTable, settings: PreferenceSettings) -> Validate:
    """A validation that translates held-out segments."""
    from dragoman.training.policy_validation import translating

    quality: Any = find("quality", settings.quality, {}) if settings.quality else None
    return translating(
        load_segments(held_out),
        translation_format(settings.format, settings.reading),
        settings.max_tokens,
        settings.metric,
        quality,
    )


def translation_format(name: str, reading: Reading) -> Format[Segment, str]:
    """A format for translators; one about groups or candidates is refused."""
    format = make_format(name, reading)
    if format.takes != "segment":
        raise UserError(f"{name} is about a {format.takes}, not for translators")
    return format


def in_tokens(work: Work, pairs: Sequence[Pair], end: int) -> list[dict[str, list[int]]]:
    """Pairs as tokens. One that is too long is left out: cut off, it would teach to stop in
    the middle."""
    chat, longest = work.chat, work.config.max_length
    rows: list[dict[str, list[int]]] = []
    for pair in pairs:
        prompt = chat.encode(Prompt(pair.prompt, pair.chat))
        replies = [[*chat.encode_reply(text), end] for text in (pair.chosen, pair.rejected)]
        if longest is None or len(prompt) + max(map(len, replies)) <= longest:
            chosen, rejected = replies
            rows.append({"prompt_ids": prompt, "chosen_ids": chosen, "rejected_ids": rejected})
    if not rows:
        raise UserError(f"every pair is longer than {longest} tokens (max_length in [trl])")
    if len(rows) < len(pairs):
        left = len(pairs) - len(rows)
        logger.warning("%d of %d pairs are longer than %d tokens", left, len(pairs), longest)
    return rows


def _trainer(trl: Any, recipe: Recipe) -> Any:
    """TRL's trainer of pairs that are tokens already: those that engines would read."""
    base: Any = trl.DPOTrainer

    class PairTrainer(base):
        def _prepare_dataset(self, dataset: Any, *_: Any) -> Any:
            return dataset

        def compute_loss(self, *args: Any, **options: Any) -> Any:
            """TRL finds out in its first step that it knows no such loss."""
            try:
                return base.compute_loss(self, *args, **options)
            except ValueError as error:
                if "loss type" not in str(error):
                    raise
                raise UserError(f"{recipe.name}: [trl]: {error}") from error

    return PairTrainer
