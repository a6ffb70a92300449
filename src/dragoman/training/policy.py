"""Reinforcement learning of a translator with a judge as its reward, on TRL's GRPO trainer.

Each prompt gets several translations, the judge is asked once about the different ones, and
rewards follow `rewards/group.py`. To TRL's loss comes the published term that also learns
good rollouts as they stand, weighted by their advantage. The defaults are GSPO's as
published: narrow clips, no KL, advantages not scaled, each rollout counting alike.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from dragoman.engines import Engine
from dragoman.engines.model_folder import open_model_folder
from dragoman.errors import UserError
from dragoman.formats import Format, Reading, make_format
from dragoman.plugins import find
from dragoman.rewards.group import GroupReward
from dragoman.scripts import wrong_script
from dragoman.training import trainers
from dragoman.training.data import load_segments
from dragoman.training.judge_reward import Judged, JudgeReward, open_judge
from dragoman.training.recipe import Recipe
from dragoman.types import Segment

if TYPE_CHECKING:
    from dragoman.training.trainers import OnProgress, Work

GRPO: Mapping[str, Any] = {
    "importance_sampling_level": "sequence",
    "loss_type": "grpo",
    "scale_rewards": False,
    "beta": 0.0,
    "num_generations": 4,
    "temperature": 1.0,
    "num_train_epochs": 1,
    "lr_scheduler_type": "constant",
    "logging_steps": 1,
}
# These clip the ratio of whole sequences; token ratios wander further.
SEQUENCE_CLIPS: Mapping[str, Any] = {"epsilon": 3e-4, "epsilon_high": 4e-4}


@dataclass(frozen=True, kw_only=True)
class Watching:
    """[policy.watch]: what is measured where there is a [validation]."""

    metric: str = "chrf"
    """A metric of the held-out translations, where they have references."""
    quality: str | None = None
    """module:function of a segment and a text, 0 to 1 or any other scale."""
    gold: str | None = None
    """A judge to compare the rewarding one with, on the policy's own rollouts."""
    stop_below: float | None = None
    """Stop when both agree on a smaller share of pairs: the policy has left what the rewarding
    judge knows."""


@dataclass(frozen=True, kw_only=True)
class PolicySettings:
    """[policy]: how translations are asked for and read, and what they earn."""

    format: str = "codeblock-think"
    reading: Reading = "strict"
    reward: GroupReward = GroupReward()
    sft_weight: float = 0.1
    """Of the term that learns rollouts better than their siblings as they stand."""
    compat: bool = False
    """The published arithmetic with its defects, for comparing with published runs."""
    samples: int = 4
    """Groups of each step that are kept for reading."""
    watch: Watching = Watching()


def train(
    recipe: Recipe, output: Path, *, resume: bool = False, on_progress: OnProgress | None = None
) -> None:
    """Train the recipe's translator; the result is `output/model`."""
    settings = recipe.settings(PolicySettings)
    if recipe.judge is None:
        raise UserError(f"{recipe.name}: a policy wants a [judge] that rewards it")
    judge, engine = open_judge(recipe.judge)
    run = begin(recipe, output, settings.format, settings.reading, resume=resume)
    watchers = trainers.watchers(run.work, on_progress)
    reward = JudgeReward(
        judge,
        run.format,
        run.segments,
        group_size=run.work.config.num_generations,
        ends=run.ends,
        settings=settings.reward,
        compat=settings.compat,
        concurrency=recipe.judge.concurrency,
        wrong_language=wrong_script,
        on_judged=keep_samples(watchers[0].write_samples, settings.samples),
    )
    finish(
        run,
        reward,
        [*watchers, *looking(run, reward, settings.watch)],
        engines=[engine] if engine else [],
        sft_weight=settings.sft_weight,
        compat=settings.compat,
    )


@dataclass(frozen=True)
class Run:
    """A run that was begun: what it translates, and in which words it is asked to."""

    work: Work
    format: Format[Segment, str]
    segments: Sequence[Segment]
    ends: frozenset[int]
    tokenizer: Any


def begin(
    recipe: Recipe, output: Path, format: str, reading: Reading, *, resume: bool, **options: Any
) -> Run:
    """Read the rows and begin the run's folder."""
    made = make_format(format, reading, **options)
    if made.takes != "segment":
        raise UserError(f"{recipe.name}: {format} is about a {made.takes}, not for translators")
    segments = load_segments(recipe.data)
    sequences = recipe.trl.get("importance_sampling_level", "sequence") == "sequence"
    defaults = {**GRPO, **(SEQUENCE_CLIPS if sequences else {}), **_for_this_device()}
    work = trainers.begin(recipe, output, "GRPOConfig", resume=resume, **defaults)
    trainers.check_saving(work)
    tokenizer = trainers.open_tokenizer(work)
    ends = {tokenizer.eos_token_id, *open_model_folder(str(work.folder), ()).ends}
    return Run(work, made, segments, frozenset(ends), tokenizer)


def finish(
    run: Run,
    reward: JudgeReward,
    watchers: Sequence[Any],
    *,
    engines: Sequence[Engine] = (),
    network: Any = None,
    **options: Any,
) -> None:
    """Train to the end with this reward."""
    from dragoman.training.policy_trainer import PolicyTrainer

    work = run.work
    trainer = PolicyTrainer(
        chat=work.chat,
        reward=reward,
        model=network or trainers.open_model(work),
        args=work.config,
        train_dataset=trainers.make_dataset(
            [{"prompt": _prompt(run, one), "row": row} for row, one in enumerate(run.segments)]
        ),
        processing_class=run.tokenizer,
        peft_config=trainers.lora_config(work.recipe),
        **options,
    )
    try:
        trainers.finish(work, trainer, watchers)
    finally:
        for engine in engines:
            trainer.wait_for(engine.close())


def looking(run: Run, reward: JudgeReward, watch: Watching) -> list[Any]:
    """Callbacks that try the translator on held-out segments, and its judge on its rollouts."""
    held_out = run.work.recipe.validation
    if held_out is None:
        if watch.stop_below is not None:
            raise UserError("stop_below wants a [validation], which says how often to look")
        return []
    from dragoman.training.policy_validation import JudgeGuard, translating
    from dragoman.training.watching import Validation

    quality = find("quality", watch.quality, {}) if watch.quality else None
    validate = translating(
        load_segments(held_out),
        run.format,
        run.work.config.max_completion_length,
        watch.metric,
        cast("Callable[[Segment, str], float] | None", quality),
    )
    callbacks: list[Any] = [Validation(held_out.every, run.work.folder, validate)]
    if watch.gold:
        callbacks.append(JudgeGuard(held_out.every, reward, watch.gold, watch.stop_below))
    elif watch.stop_below is not None:
        raise UserError("stop_below wants a gold judge to compare with")
    return callbacks


def keep_samples(
    write: Callable[[int, list[dict[str, Any]]], None], most: int
) -> Callable[[int, Sequence[Judged]], None]:
    """Writes some groups of each step to the samples, in the first process."""
    from dragoman.training.run_folder import is_first

    def keep(step: int, groups: Sequence[Judged]) -> None:
        if is_first():
            write(step, [_sample(judged) for judged in groups[:most]])

    return keep


def _sample(judged: Judged) -> dict[str, Any]:
    failures = [one.failure for one in judged.judgements if one.failure]
    return {
        "segment": judged.segment.id,
        "source": judged.segment.source,
        "texts": [rollout.text for rollout in judged.rollouts],
        "replies": list(judged.replies),
        "token_ids": [list(ids) for ids in judged.token_ids],
        "rewards": list(judged.rewards),
        "scores": [judged.scores.get(rollout.text or "") for rollout in judged.rollouts],
        "verdict": "\n\n".join(reply for one in judged.judgements for reply in one.replies[-1:]),
        "failure": failures[0].reason if failures else None,
    }


def _prompt(run: Run, segment: Segment) -> Any:
    prompt = run.format.write(segment)
    return [{"role": "user", "content": prompt.text}] if prompt.chat else prompt.text


def _for_this_device() -> Mapping[str, Any]:
    """On a CPU memory is not what is scarce: nothing is computed twice."""
    from torch import cuda

    return {} if cuda.is_available() else {"activation_checkpointing": False}
