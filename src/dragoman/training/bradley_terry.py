"""A judge without words: a model with one number for a head, on TRL's RewardTrainer.

Every pair of a group with unequal gold scores says which translation is better; the loss is
Bradley and Terry's. `--judge reward-head:FOLDER` ranks by the result.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import combinations
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dragoman.data.rows import GoldGroup
from dragoman.errors import UserError
from dragoman.judges.reward_head import write_scored
from dragoman.training import trainers
from dragoman.training.data import load_gold_groups
from dragoman.training.recipe import Recipe

if TYPE_CHECKING:
    from dragoman.engines.chat import ChatTokenizer
    from dragoman.training.trainers import OnProgress


def train(
    recipe: Recipe, output: Path, *, resume: bool = False, on_progress: OnProgress | None = None
) -> None:
    """Train the recipe's reward head; the result is `output/model`."""
    golds = load_gold_groups(recipe.data)
    held_out = recipe.validation
    looks = {"eval_strategy": "steps", "eval_steps": held_out.every} if held_out else {}
    work = trainers.begin(recipe, output, "RewardConfig", resume=resume, **looks)
    tokenizer = trainers.open_tokenizer(work)
    ends = {"eos_token_id": tokenizer.eos_token_id, "pad_token_id": tokenizer.pad_token_id}

    def pairs(golds: Sequence[GoldGroup]) -> Any:
        rows = list(_pairs(golds, work.chat, tokenizer.eos_token_id))
        if not rows:
            raise UserError("no pair of candidates has unequal gold scores")
        return trainers.make_dataset(rows)

    with trainers.building(recipe):
        trainer = work.trl.RewardTrainer(
            model=trainers.open_model(
                work, "AutoModelForSequenceClassification", num_labels=1, **ends
            ),
            args=work.config,
            train_dataset=pairs(golds),
            eval_dataset=pairs(load_gold_groups(held_out)) if held_out else None,
            processing_class=tokenizer,
            peft_config=trainers.lora_config(recipe, "SEQ_CLS"),
        )
    trainers.finish(work, trainer, trainers.watchers(work, on_progress))


def _pairs(
    golds: Sequence[GoldGroup], chat: ChatTokenizer, end: int
) -> Iterator[dict[str, list[int]]]:
    for gold in golds:
        texts = [
            write_scored(chat, gold.group.segment, candidate.text, end)
            for candidate in gold.group.candidates
        ]
        for i, j in combinations(range(len(texts)), 2):
            if gold.scores[i] != gold.scores[j]:
                better, worse = (i, j) if gold.scores[i] > gold.scores[j] else (j, i)
                yield {"chosen_ids": texts[better], "rejected_ids": texts[worse]}
