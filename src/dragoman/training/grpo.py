"""TRL's GRPO trainer, with rollouts of our own where the model is all here.

What differs from TRL's:

- prompts become tokens as they do in `engines/`, raw ones too;
- rollouts are drawn by `rollouts.py`, so that they do not depend on the number of processes
  or on a stop in between; a group is passed on as soon as it is complete;
- the rollouts of an update are whole groups in the order of the data, not shuffled, and each
  micro-batch is only as wide as it needs to be;
- on a CPU a group's prompt is read once for all of its replies (`shared_prompts.py`).

With vLLM, DeepSpeed or FSDP, and with sampling other than by temperature, TRL draws.
"""

from __future__ import annotations

import logging
from typing import Any

import torch
from torch import Tensor

from dragoman.engines.chat import ChatTokenizer
from dragoman.errors import UserError
from dragoman.training.rollouts import Writing, random_numbers, write
from dragoman.training.shared_prompts import can_share, reply_logprobs
from dragoman.training.trainers import load_trl
from dragoman.types import Prompt

_GRPOTrainer: Any = load_trl().GRPOTrainer

Batch = dict[str, Any]


class GrpoTrainer(_GRPOTrainer):
    """A dataset's rows have a `prompt`: one user message, or a text to go on from."""

    def __init__(self, *, chat: ChatTokenizer, **options: Any):
        self._chat = chat
        self._inputs: list[Batch] = []
        self._parts: list[Batch] = []
        above: Any = super()
        above.__init__(**options)
        self._refuse_split_groups()
        # A failed judgement is counted and kept with the samples; TRL would print the row.
        logging.getLogger("trl.trainer.grpo_trainer").addFilter(_tells_no_failed_judgement)

    def group_finished(self, row: Batch, replies: list[list[int]]) -> None:
        """All replies to a row's prompt are written, while those to others may still grow."""

    def split(self, batch: Batch) -> list[Batch]:
        """A set of rollouts as micro-batches."""
        steps = self.args.steps_per_generation
        return [_trimmed(part) for part in _split(batch, steps)]

    def _get_train_sampler(self, dataset: Any = None) -> Any:
        above: Any = super()
        sampler: Any = above._get_train_sampler(dataset)

        def set_epoch(epoch: int) -> None:
            sampler.generator.manual_seed(self.args.seed + epoch)

        if self.shuffle_dataset:
            # TRL's order depends on the epochs before it, which a resumed run has not seen.
            sampler.set_epoch = set_epoch
        return sampler

    def _refuse_split_groups(self) -> None:
        local = self.args.per_device_train_batch_size * self.args.steps_per_generation
        if local % self.num_generations:
            raise UserError(
                f"a process has {local} rollouts at once (per_device_train_batch_size × "
                f"steps_per_generation), which is no multiple of num_generations "
                f"{self.num_generations}: groups would be split between processes"
            )

    def _tokenize_prompts(self, prompts: list[Any]) -> tuple[list[list[int]], None, Batch]:
        return [self._chat.encode(_prompt(prompt)) for prompt in prompts], None, {}

    def _generate_and_score_completions(self, inputs: list[Batch]) -> Batch:
        self._inputs = inputs
        above: Any = super()
        return above._generate_and_score_completions(inputs)

    def _prepare_inputs(self, generation_batch: Any) -> Batch:
        above: Any = super()
        if not self.model.training:
            return above._prepare_inputs(generation_batch)
        steps: int = self.args.steps_per_generation
        step: int = self._step
        if step % (steps * self.num_iterations) == 0 or not self._parts:
            self._parts = self.split(self._generate_and_score_completions(generation_batch))
        return self._parts[step % steps]

    def _generate_single_turn(
        self, prompt_ids: list[list[int]], *rest: Any, **named: Any
    ) -> tuple[list[list[int]], Any]:
        above: Any = super()
        if not (self.model.training and self._draws_itself()):
            return above._generate_single_turn(prompt_ids, *rest, **named)
        samples: int = self.num_generations
        limit, count = self.max_completion_length, len(prompt_ids)
        first = self.accelerator.process_index * count
        turn = self.state.global_step * self.args.gradient_accumulation_steps
        turn += self._step % self.args.gradient_accumulation_steps
        everyone = self.accelerator.num_processes * count
        numbers = random_numbers(self.args.seed, turn, everyone, limit)[first : first + count]
        network = self.accelerator.unwrap_model(self.model)
        writing = Writing(tuple(self.eos_token_ids), limit, self.temperature, samples)

        def finished(prompt: int, replies: list[list[int]]) -> None:
            self.group_finished(self._inputs[prompt * samples], replies)

        network.eval()
        try:
            return write(network, prompt_ids[::samples], writing, numbers, finished), None
        finally:
            network.train()

    def _draws_itself(self) -> bool:
        elsewhere = self.use_vllm or self.use_transformers_continuous_batching
        in_pieces = self.is_deepspeed_enabled or self.is_fsdp_enabled
        args = self.args
        plain = args.top_p == 1 and not args.top_k and not args.min_p
        plain = plain and args.repetition_penalty == 1 and not args.generation_kwargs
        return plain and not elsewhere and not in_pieces

    def _get_per_token_logps_and_entropies(
        self,
        model: Any,
        input_ids: Tensor,
        attention_mask: Tensor,
        logits_to_keep: int,
        batch_size: int | None = None,
        **named: Any,
    ) -> tuple[Tensor, Tensor | None, Tensor | None]:
        above: Any = super()
        network = self.accelerator.unwrap_model(model)
        shares = self.accelerator.device.type == "cpu" and can_share(network.config)
        # TRL gives entropies a gradient where they are part of the loss.
        if not shares or self._entropy_bonus_enabled or self.aux_loss_enabled:
            return above._get_per_token_logps_and_entropies(
                model, input_ids, attention_mask, logits_to_keep, batch_size, **named
            )
        start = input_ids.shape[1] - logits_to_keep
        rows = batch_size or len(input_ids)
        parts: list[tuple[Tensor, Tensor]] = []
        for at in range(0, len(input_ids), rows):
            ids, mask = input_ids[at : at + rows], attention_mask[at : at + rows]
            columns = ids[:, :start], mask[:, :start], ids[:, start:], mask[:, start:]
            parts.append(reply_logprobs(model, *columns, temperature=self.temperature))
        logprobs, entropies = (torch.cat(both) for both in zip(*parts, strict=True))
        return logprobs, entropies, None


def _tells_no_failed_judgement(record: logging.LogRecord) -> bool:
    return "All reward functions returned None" not in record.getMessage()


def _prompt(prompt: Any) -> Prompt:
    if isinstance(prompt, str):
        return Prompt(prompt, chat=False)
    (message,) = prompt
    return Prompt(message["content"])


def _split(batch: Batch, parts: int) -> list[Batch]:
    """Equal runs of rows; what has no rows goes to every part."""
    rows = len(batch["prompt_ids"]) // parts

    def part(value: Any, number: int) -> Any:
        if isinstance(value, Tensor) and value.dim():
            return value[number * rows : (number + 1) * rows]
        return value

    return [{key: part(value, n) for key, value in batch.items()} for n in range(parts)]


def _trimmed(batch: Batch) -> Batch:
    """Without columns that are padding in every row."""
    prompt = int(batch["prompt_mask"].sum(1).max())
    width = batch["completion_mask"].shape[1]
    reply = max(1, int(batch["completion_mask"].sum(1).max()))

    def trim(key: str, value: Any) -> Any:
        if key.startswith("prompt_"):
            return value[:, -prompt:]
        is_wide = isinstance(value, Tensor) and value.dim() == 2 and value.shape[1] == width
        return value[:, :reply] if is_wide else value

    return {key: trim(key, value) for key, value in batch.items()}
