"""Reinforcement learning of a judge with verifiable rewards (RLVR), on TRL's GRPOTrainer.

A prompt shows a group with gold scores; a reply earns what its scores are worth beside them
(`rewards/ranking.py`). A reply that cannot be read, or was cut off, earns nothing. The
defaults are GSPO's: one ratio a sequence, narrow clips, no KL, advantages not scaled.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dragoman.data.augment import augment
from dragoman.data.rows import GoldGroup
from dragoman.engines.model_folder import open_model_folder
from dragoman.errors import UnreadableReply, UserError
from dragoman.formats import Format, make_format
from dragoman.formats.letters import letters
from dragoman.ranking import agreement
from dragoman.rewards import compat
from dragoman.rewards.ranking import RankingReward, ranking_reward, score_reward
from dragoman.training import trainers
from dragoman.training.data import load_gold_groups
from dragoman.training.recipe import Recipe

if TYPE_CHECKING:
    from dragoman.training.trainers import OnProgress

GSPO: Mapping[str, Any] = {
    "importance_sampling_level": "sequence",
    "epsilon": 3e-4,
    "epsilon_high": 4e-4,
    "beta": 0.0,
    "scale_rewards": False,
    "loss_type": "grpo",
    "num_generations": 8,
    "temperature": 1.0,
    "num_train_epochs": 1,
}

# Replies of each step that are kept for reading.
SAMPLES = 2

Earn = Callable[[str, GoldGroup], RankingReward]


@dataclass(frozen=True, kw_only=True)
class RewardSettings:
    """[reward]: what kind of judge is trained, and on how many forms of each group."""

    form: str = "gqm"
    """A format's name; `pairwise`, which is gqm on every pair; or `bradley-terry`."""
    compat: bool = False
    """The published reward on the reply's text, with its leniencies; for gqm."""
    shuffles: int = 0
    """Other orders of each group, shown as well."""
    subgroups: int = 0
    """Smaller groups out of each group, shown as well."""


def train(
    recipe: Recipe, output: Path, *, resume: bool = False, on_progress: OnProgress | None = None
) -> None:
    """Train the recipe's judge; the result is `output/model`."""
    settings = recipe.settings(RewardSettings)
    if settings.form == "bradley-terry":
        from dragoman.training import bradley_terry

        return bradley_terry.train(recipe, output, resume=resume, on_progress=on_progress)
    format = judge_format(settings)
    earn = earning(format, compat_reward=settings.compat)
    golds = list(_shown(recipe, settings, format))
    work = trainers.begin(recipe, output, "GRPOConfig", resume=resume, **GSPO)
    trainers.check_saving(work)
    watchers = trainers.watchers(work, on_progress)
    if held_out := recipe.validation:
        from dragoman.training.validation import judging
        from dragoman.training.watching import Validation

        groups = list(_told(load_gold_groups(held_out), settings.form))
        validate = judging(groups, format.name, work.config.max_completion_length)
        watchers.append(Validation(held_out.every, work.folder, validate))
    tokenizer = trainers.open_tokenizer(work)
    ends = {tokenizer.eos_token_id, *open_model_folder(str(work.folder), ()).ends}
    from dragoman.training.grpo import GrpoTrainer

    with trainers.building(recipe):
        trainer = GrpoTrainer(
            chat=work.chat,
            model=trainers.open_model(work),
            args=work.config,
            reward_funcs=_reward_function(golds, earn, frozenset(ends), watchers[0].write_samples),
            train_dataset=trainers.make_dataset(
                [
                    {
                        "prompt": [{"role": "user", "content": format.write(gold.group).text}],
                        "row": row,
                    }
                    for row, gold in enumerate(golds)
                ]
            ),
            processing_class=tokenizer,
            peft_config=trainers.lora_config(recipe),
        )
    trainers.finish(work, trainer, watchers)
    return None


def judge_format(settings: RewardSettings) -> Format[Any, Any]:
    """The format that the judge writes, read strictly."""
    format = make_format("gqm" if settings.form == "pairwise" else settings.form)
    if format.takes == "segment":
        raise UserError(f"[reward]: form {settings.form!r} is for translators, not for judges")
    if settings.compat and format.name != "gqm":
        raise UserError("[reward]: compat is the published reward of gqm, and of nothing else")
    return format


def earning(format: Format[Any, Any], *, compat_reward: bool = False) -> Earn:
    """What a reply in this format earns, beside the gold scores of what it was shown."""

    def group(reply: str, gold: GoldGroup) -> RankingReward:
        verdict = format.read(reply, gold.group)
        if verdict.scores is not None:
            return ranking_reward(verdict.scores, gold.scores)
        places = [-place for place in verdict.ranking.places]
        return RankingReward(True, agreement(places, gold.scores) or 0.0)

    def alone(reply: str, gold: GoldGroup) -> RankingReward:
        return RankingReward(
            True, margin=score_reward(format.read(reply, gold.group).value, gold.scores[0])
        )

    def published(reply: str, gold: GoldGroup) -> RankingReward:
        names = letters(len(gold.scores))
        scores = {name: int(score) for name, score in zip(names, gold.scores, strict=True)}
        earned = compat.ranking_score_reward(reply, scores)
        return RankingReward(
            bool(earned["valid_answer"]), earned["ranking_reward"], earned["score_reward"]
        )

    read = published if compat_reward else alone if format.takes == "candidate" else group

    def earn(reply: str, gold: GoldGroup) -> RankingReward:
        try:
            return read(reply, gold)
        except UnreadableReply:
            return RankingReward(valid=False)

    return earn


def _shown(
    recipe: Recipe, settings: RewardSettings, format: Format[Any, Any]
) -> Iterator[GoldGroup]:
    """What each prompt shows: groups in several forms, pairs, or candidates alone."""
    golds: Iterator[GoldGroup] = _told(load_gold_groups(recipe.data), settings.form)
    if format.takes == "candidate":
        for gold in golds:
            for index in range(len(gold.scores)):
                yield gold.pick((index,))
        return
    yield from augment(golds, settings.shuffles, settings.subgroups, recipe.seed)


def _told(golds: Sequence[GoldGroup], form: str) -> Iterator[GoldGroup]:
    """The groups, or for a pairwise judge all their pairs."""
    for gold in golds:
        if form == "pairwise":
            yield from map(gold.pick, combinations(range(len(gold.scores)), 2))
        else:
            yield gold


def _reward_function(
    golds: Sequence[GoldGroup],
    earn: Earn,
    ends: frozenset[int],
    write_samples: Callable[[int, list[dict[str, Any]]], None],
) -> Callable[..., list[float]]:
    """TRL's form of the reward, which also tells what it found."""

    def reward(
        completions: list[Any],
        completion_ids: list[list[int]],
        row: list[int],
        trainer_state: Any,
        log_metric: Callable[[str, float], None],
        **_: Any,
    ) -> list[float]:
        replies: list[str] = [completion[0]["content"] for completion in completions]
        earned = [
            earn(reply, golds[number]) if tokens[-1] in ends else RankingReward(valid=False)
            for reply, tokens, number in zip(replies, completion_ids, row, strict=True)
        ]
        for name in ("valid", "ranking", "margin"):
            log_metric(name, sum(getattr(one, name) for one in earned) / len(earned))
        if trainer_state.is_world_process_zero:
            kept = [
                {"group": golds[number].group.segment.id, "reply": reply, "reward": one.total}
                for number, reply, one in zip(row, replies, earned, strict=True)
            ]
            write_samples(trainer_state.global_step + 1, kept[:SAMPLES])
        return [one.total for one in earned]

    return reward
