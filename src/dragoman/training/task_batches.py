"""Batches of the phrasebook's text tasks, written by another process while this one learns."""

from __future__ import annotations

import multiprocessing
import os
import queue
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

ROUND_LENGTH = 16
PATIENCE = 5.0
"""How long one of the two processes waits before it looks whether the other is there."""


@dataclass(frozen=True, slots=True)
class Batch:
    """Rows of tokens, padded at the end, and where each reply begins and ends."""

    ids: Any
    starts: Any
    ends: Any
    tokens: int


def batches_of_tasks(
    tokenizer_file: Path, *, batch_tokens: int, seed: int, begun: bool, skip: int
) -> Iterator[Batch]:
    """The batches of a seed, without end, but for the first `skip`."""
    context = multiprocessing.get_context("spawn")
    ready: Any = context.Queue(maxsize=40)
    arguments = (str(tokenizer_file), batch_tokens, seed, begun, ready, os.getpid())
    writer = context.Process(target=_write_batches, args=arguments, daemon=True)
    writer.start()
    seen = 0
    while True:
        try:
            rows, pad = ready.get(timeout=PATIENCE)
        except queue.Empty:
            if writer.is_alive():
                continue
            raise RuntimeError("the process that writes the tasks has stopped") from None
        seen += 1
        if seen > skip:
            yield _pad(rows, pad)


def _pad(rows: list[tuple[list[int], int]], pad: int) -> Batch:
    longest = _rounded(max(len(ids) for ids, _ in rows))
    return Batch(
        torch.tensor([ids + [pad] * (longest - len(ids)) for ids, _ in rows]),
        torch.tensor([start for _, start in rows]),
        torch.tensor([len(ids) for ids, _ in rows]),
        sum(len(ids) for ids, _ in rows),
    )


def _rounded(length: int) -> int:
    """One more than a multiple: the last token is only ever a target."""
    return length + (1 - length) % ROUND_LENGTH


def _write_batches(
    tokenizer_file: str, batch_tokens: int, seed: int, begun: bool, ready: Any, learner: int
) -> None:
    """Batches of rows of about one length, so that little is padding and shapes are few."""
    import gc

    from tokenizers import Tokenizer

    from dragoman.phrasebook.tasks import base_tasks

    gc.disable()  # the caches are many small tuples, and walking them costs more than it frees
    os.nice(1)
    tokenizer: Any = Tokenizer.from_file(tokenizer_file)
    pad = tokenizer.token_to_id("<|endoftext|>")
    tasks = base_tasks(seed, begun=begun)
    waiting: dict[int, list[tuple[list[int], int]]] = {}
    for task in tasks:
        head = f"<|im_start|>user\n{task.prompt}<|im_end|>\n<|im_start|>assistant\n"
        start = tokenizer.encode(head).ids
        ids = start + tokenizer.encode(task.reply + "<|im_end|>").ids
        length = _rounded(len(ids))
        rows = waiting.setdefault(length, [])
        rows.append((ids, len(start)))
        full = len(rows) >= batch_tokens // length
        if full and not _hand_over((waiting.pop(length), pad), ready, learner):
            return


def _hand_over(item: Any, ready: Any, learner: int) -> bool:
    """Put it down once there is room; False when the one that learns is gone, killed perhaps."""
    while os.getppid() == learner:
        with suppress(queue.Full):
            ready.put(item, timeout=PATIENCE)
            return True
    ready.cancel_join_thread()
    return False
