"""How good a translator in training is on held-out segments, and whether its judge still
knows what it judges.

A policy learns what its judge likes. Where it leads the judge to texts that the judge ranks
badly, it gets worse while its reward rises: agreement with a gold judge on the policy's own
rollouts shows that first.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine, Sequence
from typing import Any

import torch
from transformers import Trainer, TrainerCallback

from dragoman.asking import Asker, Patience
from dragoman.engines import Engine
from dragoman.formats import Format
from dragoman.judges import Judge, make_judge
from dragoman.metrics import make_metric
from dragoman.ranking import agreement
from dragoman.training.judge_reward import Judged, JudgeReward, scores_by_text
from dragoman.types import Candidate, Group, Sampling, Segment

logger = logging.getLogger(__name__)

_Callback: Any = TrainerCallback


def translating(
    segments: Sequence[Segment],
    format: Format[Segment, str],
    max_tokens: int,
    metric: str,
    quality: Callable[[Segment, str], float] | None,
) -> Callable[[Engine], Coroutine[None, None, dict[str, float]]]:
    """A validation that translates these segments greedily, asking once each."""

    async def validate(engine: Engine) -> dict[str, float]:
        asker = Asker(engine, Sampling(max_tokens=max_tokens), Patience(0))
        asked = await asyncio.gather(*(asker.ask(format, segment) for segment in segments))
        return measure(segments, [one.answer for one in asked], metric, quality)

    return validate


def measure(
    segments: Sequence[Segment],
    texts: Sequence[str | None],
    metric: str,
    quality: Callable[[Segment, str], float] | None,
) -> dict[str, float]:
    """The share of segments left `unreadable`; of the others the mean metric, the share that
    is `exact`, both where there are references, and the mean `quality`."""
    made = make_metric(metric)
    measured: list[float] = []
    exact: list[float] = []
    qualities: list[float] = []
    for segment, text in zip(segments, texts, strict=True):
        if text is None:
            continue
        if segment.reference is not None:
            exact.append(text == segment.reference)
        if segment.reference is not None or not made.needs_reference:
            measured += made.scores(Group(segment, (Candidate(text),)))
        if quality is not None:
            qualities.append(quality(segment, text))
    numbers = {"unreadable": texts.count(None) / len(texts)}
    for name, values in ((made.name, measured), ("exact", exact), ("quality", qualities)):
        if values:
            numbers[name] = sum(values) / len(values)
    return numbers


async def judge_agreement(groups: Sequence[Judged], gold: Judge) -> list[float]:
    """For each group that both judge, the share of pairs on which they agree."""
    both: list[float] = []
    for judged in groups:
        texts = [text for text, score in judged.scores.items() if score is not None]
        if len(texts) < 2:
            continue
        group = Group(judged.segment, tuple(map(Candidate, texts)))
        gold_scores = scores_by_text(await gold.judge(group))
        said, true = [judged.scores[text] for text in texts], [gold_scores[text] for text in texts]
        if None not in true:
            agreed = agreement(said, true)  # pyright: ignore[reportArgumentType]
            both += [] if agreed is None else [agreed]
    return both


class JudgeGuard(_Callback):
    """Every so many steps compares the rewarding judge with a gold judge on the rollouts of
    the step, in each process on its own, and stops all when they agree too little."""

    def __init__(self, every: int, reward: JudgeReward, gold: str, stop_below: float | None):
        self._every, self._reward = every, reward
        self._gold, self._stop_below = make_judge(gold), stop_below
        self.trainer: Any = None

    def on_step_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        if state.global_step % self._every and state.global_step < state.max_steps:
            return
        both = asyncio.run(judge_agreement(self._reward.last, self._gold))
        accelerator = self.trainer.accelerator
        sums = torch.tensor([sum(both), float(len(both))], device=accelerator.device)
        total, count = accelerator.reduce(sums, reduction="sum").tolist()
        if not count:
            return
        log: Any = Trainer.log
        due = control.should_log
        log(self.trainer, {"validation/judge_agreement": total / count})
        # The step itself is still to be logged.
        control.should_log = due
        if self._stop_below is not None and total / count < self._stop_below:
            logger.warning(
                "stopped at step %d: the judge agrees with the gold judge on %.3f of pairs, less "
                "than %.3f",
                state.global_step,
                total / count,
                self._stop_below,
            )
            control.should_training_stop = True
