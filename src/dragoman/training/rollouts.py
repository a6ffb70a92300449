"""Rollouts: samples of the model in training, drawn in this process.

Each prompt is read once, whatever the number of its samples. A sample depends on the
weights, its prompt and its own random numbers alone, not on what else is in the batch, so
that a run of two processes, or one that was killed and resumed, writes what one run writes.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, cast

import torch
from torch import Tensor

from dragoman.engines.transformers import GrowingBatch
from dragoman.signature import digest

# Rows that have ended stay in the batch until they are this share of it: to take them out
# copies the cache of all others.
IDLE = 0.3


@dataclass(frozen=True)
class Writing:
    """How replies are drawn. Temperature 0 is greedy."""

    ends: tuple[int, ...]
    """Tokens that end a reply."""
    limit: int
    """Tokens that a reply may have."""
    temperature: float = 1.0
    samples: int = 1
    """Replies to each prompt."""
    rows: int = 256
    """Replies under way at once."""


def random_numbers(seed: int, turn: int, rows: int, columns: int) -> Tensor:
    """Numbers between 0 and 1, a row a reply and a column a token: those of one turn of
    generating, the same in every process."""
    generator = torch.Generator().manual_seed(int(digest([seed, turn])[:15], 16))
    return torch.rand(rows, columns, generator=generator, dtype=torch.float64)


@torch.inference_mode()
def write(
    network: Any,
    prompts: Sequence[Sequence[int]],
    writing: Writing,
    numbers: Tensor | None = None,
    finished: Callable[[int, list[list[int]]], None] | None = None,
) -> list[list[int]]:
    """Replies to prompts, as tokens with their ending one; those to one prompt stand together.

    `numbers` has a row for each reply; a greedy one needs none. `finished` is told each
    prompt's number and replies as soon as all of them are complete, while others grow.
    """
    replies: list[list[int]] = []
    at_once = max(1, writing.rows // writing.samples)
    for start in range(0, len(prompts), at_once):
        part = prompts[start : start + at_once]
        first = start * writing.samples
        own = None if numbers is None else numbers[first : first + len(part) * writing.samples]

        def tell(number: int, done: list[list[int]], start: int = start) -> None:
            if finished is not None:
                finished(start + number, done)

        replies += _write_together(network, part, writing, own, tell)
    return replies


def _write_together(
    network: Any,
    prompts: Sequence[Sequence[int]],
    writing: Writing,
    numbers: Tensor | None,
    finished: Callable[[int, list[list[int]]], None],
) -> list[list[int]]:
    samples, limit = writing.samples, writing.limit
    batch = GrowingBatch(network, prompts)
    batch.keep([row for row in range(len(prompts)) for _ in range(samples)])
    device = batch.logits.device
    ends = torch.tensor(writing.ends, device=device)
    if numbers is not None:
        numbers = numbers.to(device)
    # `rows` are the replies that the rows of the batch belong to.
    rows = torch.arange(len(prompts) * samples, device=device)
    written = torch.zeros(len(rows), limit, dtype=torch.long, device=device)
    lengths = torch.full((len(rows),), limit, device=device)
    growing = torch.ones(len(rows), dtype=torch.bool, device=device)
    told = torch.zeros(len(prompts), dtype=torch.bool, device=device)

    def replies_to(prompt: int) -> list[list[int]]:
        own = range(prompt * samples, (prompt + 1) * samples)
        return [_numbers(written[row, : lengths[row]]) for row in own]

    for place in range(limit):
        points = None if numbers is None else numbers[rows, place]
        tokens = choose(batch.logits, writing.temperature, points)
        written[rows, place] = tokens
        ended = torch.isin(tokens, ends) & growing[rows]
        lengths[rows[ended]] = place + 1
        growing[rows[ended]] = False
        if place + 1 == limit:
            growing[:] = False
        if ended.any() or place + 1 == limit:
            complete = ~growing.view(-1, samples).any(1) & ~told
            told |= complete
            for prompt in _numbers(complete.nonzero().flatten()):
                finished(prompt, replies_to(prompt))
        if not growing.any():
            break
        going = growing[rows]
        if going.float().mean() < 1 - IDLE:
            kept = going.nonzero().flatten()
            batch.keep(_numbers(kept))
            rows, tokens = rows[kept], tokens[kept]
        batch.grow(_numbers(tokens))
    return [reply for prompt in range(len(prompts)) for reply in replies_to(prompt)]


def choose(logits: Tensor, temperature: float, points: Tensor | None) -> Tensor:
    """The next token of each row: the likeliest, or the one at its random number when the
    tokens lie side by side, each as wide as it is likely."""
    if temperature <= 0 or points is None:
        return logits.argmax(-1)
    heaped = torch.softmax(logits.float() / temperature, -1).double().cumsum(-1)
    places = torch.searchsorted(heaped, (points * heaped[:, -1]).unsqueeze(1), right=True)
    return places.squeeze(1).clamp(max=logits.shape[-1] - 1)


def _numbers(tensor: Tensor) -> list[int]:
    return cast(Any, tensor).tolist()
