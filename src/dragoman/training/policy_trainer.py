"""The trainer of policies: GRPO with a judge's reward and the advantage-weighted SFT term."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

import torch
from torch import Tensor

from dragoman.errors import UserError
from dragoman.training.grpo import Batch, GrpoTrainer
from dragoman.training.judge_reward import JudgeReward
from dragoman.training.losses import compat_weighted_sft, weighted_sft

Result = TypeVar("Result")


class PolicyTrainer(GrpoTrainer):
    """`early` begins to judge a group while others are still written; a model that judges
    itself gains nothing by that."""

    def __init__(
        self,
        *,
        reward: JudgeReward,
        sft_weight: float = 0.0,
        compat: bool = False,
        early: bool = True,
        **options: Any,
    ):
        super().__init__(reward_funcs=[reward], **options)
        self._reward, self._early = reward, early
        self._sft_weight, self._compat = sft_weight, compat
        self._logprobs: Tensor | None = None
        if self.args.steps_per_generation % self.args.gradient_accumulation_steps:
            raise UserError(
                f"steps_per_generation {self.args.steps_per_generation} is no multiple of "
                f"gradient_accumulation_steps {self.args.gradient_accumulation_steps}: "
                "the rollouts of an update are made together"
            )

    def wait_for(self, work: Coroutine[Any, Any, Result]) -> Result:
        """Run a coroutine where the judge works."""
        return asyncio.run_coroutine_threadsafe(work, self.async_loop).result()

    def group_finished(self, row: Batch, replies: list[list[int]]) -> None:
        if self._early:
            texts = self.processing_class.batch_decode(replies, skip_special_tokens=True)
            self._reward.begin(row["row"], texts, replies, self.async_loop)

    def split(self, batch: Batch) -> list[Batch]:
        parts, window = super().split(batch), self.args.gradient_accumulation_steps
        for start in range(0, len(parts), window):
            together = parts[start : start + window]
            mine = torch.stack([(part["advantages"] > 0).sum() for part in together]).sum()
            everyones = self.accelerator.reduce(mine, reduction="sum")
            for part in together:
                part["positives"] = everyones
        return parts

    def _get_per_token_logps_and_entropies(self, *args: Any, **named: Any) -> Any:
        above: Any = super()
        found = above._get_per_token_logps_and_entropies(*args, **named)
        self._logprobs = found[0]
        return found

    def _compute_loss(self, model: Any, inputs: Batch) -> Tensor:
        above: Any = super()
        loss: Tensor = above._compute_loss(model, inputs)
        logprobs, self._logprobs = self._logprobs, None
        if not self._sft_weight or not self.model.training or logprobs is None:
            return loss
        mask, advantages = inputs["completion_mask"], inputs["advantages"]
        if self._compat:
            term = compat_weighted_sft(logprobs, mask, advantages)
            term = term / self.current_gradient_accumulation_steps
        else:
            # Gradients of micro-batches are added, those of processes averaged.
            term = weighted_sft(logprobs, mask, advantages, int(inputs["positives"]))
            term = term * self.accelerator.num_processes
        # Logged numbers are means over micro-batches, and this is a part of a sum.
        whole = term.item() * self.current_gradient_accumulation_steps
        self._metrics["train"]["sft_loss"].append(whole)
        return loss + self._sft_weight * term
