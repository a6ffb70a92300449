"""Self-reward (SSR): one model translates, and with the weights of the moment also judges.

Each of its translations is judged alone, without a reference; the reward follows
`rewards/self_reward.py`, to which any metric may be added (SSR-X). Judging has no gradient.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dragoman.asking import Asker, Patience
from dragoman.errors import UserError
from dragoman.formats import Format, make_format
from dragoman.judges import make_judge
from dragoman.metrics import Metric, make_metric
from dragoman.rewards.group import Rollout, distinct
from dragoman.rewards.self_reward import SelfReward, self_reward
from dragoman.scripts import wrong_script
from dragoman.training import trainers
from dragoman.training.judge_reward import Judged, JudgeReward, group_of, read_or_none
from dragoman.training.live_engine import LiveEngine
from dragoman.training.policy import Watching, begin, finish, keep_samples, looking
from dragoman.training.recipe import Recipe
from dragoman.types import Group, Sampling, Segment

if TYPE_CHECKING:
    from dragoman.training.trainers import OnProgress


@dataclass(frozen=True, kw_only=True)
class SelfRewardSettings:
    """[self-reward]: how the model is asked to translate and to judge, and what it earns."""

    format: str = "ssr"
    format_options: Mapping[str, Any] = field(default_factory=dict[str, Any])
    judge_format: str = "gemba-sqm"
    """A format about one candidate, or `module:Name` for a template of your own."""
    judge_options: Mapping[str, Any] = field(default_factory=lambda: {"reference": False})
    """Of the judge's format: it is to judge without a reference."""
    judge_tokens: int = 512
    """The longest judgement."""
    judge_rows: int = 64
    """Judgements written at once."""
    reward: SelfReward = SelfReward()
    metric: str | None = None
    """SSR-X: a metric that is added, with `metric_weight` in [self-reward.reward]."""
    sft_weight: float = 0.0
    samples: int = 4
    watch: Watching = Watching()


class SelfJudgeReward(JudgeReward):
    """Asks about each text alone. `loose` finds a translation in an ill-formed reply."""

    def __init__(
        self,
        *args: Any,
        network: Any,
        loose: Format[Segment, str],
        earning: SelfReward,
        metric: Metric | None,
        **options: Any,
    ):
        super().__init__(*args, **options)
        self._network, self._loose = network, loose
        self._earning, self._metric = earning, metric

    async def __call__(self, **batch: Any) -> list[float | None]:
        was_training = self._network.training
        self._network.eval()
        try:
            return await super().__call__(**batch)
        finally:
            self._network.train(was_training)

    def read(self, reply: str, segment: Segment) -> str | None:
        return super().read(reply, segment) or read_or_none(self._loose, reply, segment)

    def questions(self, segment: Segment, texts: Sequence[str | None]) -> list[Group]:
        return [group_of(segment, [text]) for text in distinct(texts)[0]]

    def rewards(
        self,
        segment: Segment,
        replies: Sequence[str],
        rollouts: Sequence[Rollout],
        scores: Mapping[str, float | None],
    ) -> list[float | None]:
        texts, _ = distinct([rollout.text for rollout in rollouts])
        measured = self._measured(segment, texts)
        return [
            self_reward(
                scores.get(rollout.text or ""),
                found=rollout.text is not None,
                formed=super(SelfJudgeReward, self).read(reply, segment) is not None,
                metric=measured.get(rollout.text or ""),
                settings=self._earning,
            )
            for reply, rollout in zip(replies, rollouts, strict=True)
        ]

    def _measured(self, segment: Segment, texts: Sequence[str]) -> Mapping[str, float]:
        blind = self._metric and self._metric.needs_reference and segment.reference is None
        if self._metric is None or blind or not texts:
            return {}
        return dict(zip(texts, self._metric.scores(group_of(segment, texts)), strict=True))


def train(
    recipe: Recipe, output: Path, *, resume: bool = False, on_progress: OnProgress | None = None
) -> None:
    """Train the recipe's model on its own judgements; the result is `output/model`."""
    settings = recipe.settings(SelfRewardSettings)
    if recipe.judge is not None:
        raise UserError(f"{recipe.name}: the model judges itself; leave out [judge]")
    if bool(settings.metric) != bool(settings.reward.metric_weight):
        raise UserError(f"{recipe.name}: metric and reward.metric_weight go together")
    run = begin(recipe, output, settings.format, "strict", resume=resume, **settings.format_options)
    network = trainers.open_model(run.work)
    engine = LiveEngine(network, run.work.folder, settings.judge_rows)
    asker = Asker(engine, Sampling(max_tokens=settings.judge_tokens), Patience(0))
    judge_format = make_format(settings.judge_format, **settings.judge_options)
    watchers = trainers.watchers(run.work, on_progress)
    on_judged: Callable[[int, Sequence[Judged]], None] = keep_samples(
        watchers[0].write_samples, settings.samples
    )
    reward = SelfJudgeReward(
        make_judge("pointwise", asker, format=judge_format),
        run.format,
        run.segments,
        network=network,
        loose=make_format(settings.format, "lenient", **settings.format_options),
        earning=settings.reward,
        metric=make_metric(settings.metric) if settings.metric else None,
        group_size=run.work.config.num_generations,
        ends=run.ends,
        # The engine itself collects what is waiting into batches.
        concurrency=len(run.segments) * run.work.config.num_generations,
        wrong_language=wrong_script,
        on_judged=on_judged,
    )
    finish(
        run,
        reward,
        [*watchers, *looking(run, reward, settings.watch)],
        engines=[engine],
        network=network,
        sft_weight=settings.sft_weight,
        early=False,
    )
