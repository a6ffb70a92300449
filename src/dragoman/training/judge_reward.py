"""A judge as the reward of a policy: each group of rollouts is asked about once.

TRL calls a reward function with all rollouts of a process, those to one prompt together.
Groups are judged at the same time, and judging a group begins as soon as its last rollout is
written, while others still grow: the reward function then finds the question under way.
"""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from dragoman.asking import Asker, Patience
from dragoman.engines import Engine, make_engine
from dragoman.errors import UnreadableReply, UserError
from dragoman.formats import Format
from dragoman.judges import Judge, make_judge
from dragoman.rewards.group import (
    GroupReward,
    Rollout,
    compat_group_reward,
    distinct,
    group_reward,
)
from dragoman.rewards.step_statistics import Outcome, step_statistics
from dragoman.training.data import PHRASEBOOK, model_folder
from dragoman.training.recipe import JudgeTable
from dragoman.types import Candidate, Group, Judgement, Sampling, Segment

# Groups whose judgements are remembered.
REMEMBERED = 10_000


@dataclass(frozen=True, slots=True)
class Judged:
    """A group of rollouts, what was said of it, and what it earned.

    `scores` are the judge's, by text; None where it failed. It is empty where there was
    nothing to ask.
    """

    segment: Segment
    replies: tuple[str, ...]
    token_ids: tuple[tuple[int, ...], ...]
    rollouts: tuple[Rollout, ...]
    truncated: tuple[bool, ...]
    judgements: tuple[Judgement, ...]
    scores: Mapping[str, float | None]
    rewards: tuple[float | None, ...]


class JudgeReward:
    """The reward function. Rows of the data set name their segment by `row`.

    `wrong_language(text, segment)` says whether a text is in another language than asked for;
    without it nobody looks.
    """

    def __init__(
        self,
        judge: Judge,
        format: Format[Segment, str],
        segments: Sequence[Segment],
        *,
        group_size: int,
        ends: Collection[int],
        settings: GroupReward = GroupReward(),
        compat: bool = False,
        concurrency: int = 16,
        wrong_language: Callable[[str, Segment], bool] | None = None,
        on_judged: Callable[[int, Sequence[Judged]], None] | None = None,
    ):
        self.__name__ = "judge"
        self.judge, self.format, self.segments = judge, format, segments
        self.settings, self.compat = settings, compat
        self.last: list[Judged] = []
        self._group_size, self._ends = group_size, frozenset(ends)
        self._known: OrderedDict[Any, asyncio.Task[Judgement]] = OrderedDict()
        self._door = asyncio.Semaphore(concurrency)
        self._wrong_language, self._on_judged = wrong_language, on_judged

    def begin(
        self,
        row: int,
        replies: Sequence[str],
        tokens: Sequence[Sequence[int]],
        loop: asyncio.AbstractEventLoop,
    ) -> None:
        """Begin to judge a group, from another thread than the loop's."""
        segment = self.segments[row]

        def start() -> None:
            for question in self.questions(segment, self._texts(segment, replies, tokens)):
                self._task(question)

        loop.call_soon_threadsafe(start)

    async def __call__(
        self,
        *,
        completions: Sequence[Any],
        completion_ids: Sequence[Sequence[int]],
        row: Sequence[int],
        trainer_state: Any,
        log_metric: Callable[[str, float], None],
        **_: Any,
    ) -> list[float | None]:
        begun = time.monotonic()
        replies = [_text(completion) for completion in completions]
        groups = [
            self._group(row[i], replies[i : i + n], completion_ids[i : i + n])
            for i, n in self._runs(row)
        ]
        self.last = await asyncio.gather(*groups)
        waited = time.monotonic() - begun
        self._refuse_another_scale()
        for name, value in self._statistics().items():
            log_metric(name, value)
        log_metric("judging_seconds", waited)
        if self._on_judged:
            # The step is counted once it is done.
            self._on_judged(trainer_state.global_step + 1, self.last)
        return [reward for judged in self.last for reward in judged.rewards]

    def read(self, reply: str, segment: Segment) -> str | None:
        """The translation in a reply, if there is one."""
        return read_or_none(self.format, reply, segment)

    def questions(self, segment: Segment, texts: Sequence[str | None]) -> list[Group]:
        """What the judge is asked about a group: its different texts, if there are two."""
        different, _ = distinct(texts)
        return [group_of(segment, different)] if len(different) > 1 else []

    def rewards(
        self,
        segment: Segment,
        replies: Sequence[str],
        rollouts: Sequence[Rollout],
        scores: Mapping[str, float | None],
    ) -> Sequence[float | None]:
        """What each rollout earns, given the scores of texts."""
        texts, _ = distinct([rollout.text for rollout in rollouts])
        known = [score for text in texts if (score := scores.get(text)) is not None]
        complete = known if len(known) == len(texts) else None
        pay = compat_group_reward if self.compat else group_reward
        return pay(rollouts, complete, self.settings)

    async def _group(
        self, row: int, replies: Sequence[str], tokens: Sequence[Sequence[int]]
    ) -> Judged:
        segment = self.segments[row]
        texts = self._texts(segment, replies, tokens)
        rollouts = [Rollout(t, len(ids)) for t, ids in zip(texts, tokens, strict=True)]
        asked = [self._task(question) for question in self.questions(segment, texts)]
        judgements = await asyncio.gather(*asked)
        scores: dict[str, float | None] = {}
        for judgement in judgements:
            scores |= scores_by_text(judgement)
        rewards = self.rewards(segment, replies, rollouts, scores)
        return Judged(
            segment,
            tuple(replies),
            tuple(map(tuple, tokens)),
            tuple(rollouts),
            tuple(map(self._truncated, tokens)),
            tuple(judgements),
            scores,
            tuple(rewards),
        )

    def _texts(
        self, segment: Segment, replies: Sequence[str], tokens: Sequence[Sequence[int]]
    ) -> list[str | None]:
        """A reply that was cut off is not read: it may be the beginning of another text."""
        return [
            None if self._truncated(ids) and not self.compat else self.read(reply, segment)
            for reply, ids in zip(replies, tokens, strict=True)
        ]

    def _truncated(self, tokens: Sequence[int]) -> bool:
        return not tokens or tokens[-1] not in self._ends

    def _task(self, group: Group) -> asyncio.Task[Judgement]:
        """The judging of a group of texts, begun now unless it is under way or remembered.
        A failure is not remembered."""
        key = group.segment, frozenset(candidate.text for candidate in group.candidates)
        task = self._known.get(key)
        if task is None or _failed(task):
            task = self._known[key] = asyncio.create_task(self._ask(group))
            if len(self._known) > REMEMBERED:
                self._known.popitem(last=False)
        return task

    async def _ask(self, group: Group) -> Judgement:
        async with self._door:
            return await self.judge.judge(group)

    def _refuse_another_scale(self) -> None:
        """Every judgement has scores and nobody a reward: nothing would ever be learnt."""
        scored = [one for one in self.last if one.scores and None not in one.scores.values()]
        if scored and all(reward is None for one in scored for reward in one.rewards):
            score = next(iter(scored[0].scores.values()))
            raise UserError(
                f"the judge's scores, such as {score:g}, are not on the reward's scale: say its "
                "lowest and highest score in the recipe's table of the reward"
            )

    def _runs(self, rows: Sequence[int]) -> list[tuple[int, int]]:
        """Where each group begins, and its size; a row may follow itself."""
        n = self._group_size
        for number, same in groupby(rows):
            if (count := len(list(same))) % n:
                raise UserError(
                    f"{count} rollouts of {self.segments[number].id!r} are together, and a group "
                    f"has {n}: the group was split between processes"
                )
        return [(start, n) for start in range(0, len(rows), n)]

    def _statistics(self) -> Mapping[str, float]:
        looks = self._wrong_language

        def wrong(text: str | None, segment: Segment) -> bool:
            return looks is not None and text is not None and looks(text, segment)

        outcomes = [
            [
                Outcome(rollout, reward, cut, wrong(rollout.text, judged.segment))
                for rollout, reward, cut in zip(
                    judged.rollouts, judged.rewards, judged.truncated, strict=True
                )
            ]
            for judged in self.last
        ]
        statistics = step_statistics(outcomes)
        if looks is None:
            statistics.pop("wrong_language", None)
        return statistics


def open_judge(table: JudgeTable) -> tuple[Judge, Engine | None]:
    """The judge that a recipe names, and its engine to close."""
    engine = _open_engine(table) if table.engine else None
    asker = None
    if engine:
        sampling = Sampling(table.temperature, table.top_p, table.max_tokens, seed=table.seed)
        asker = Asker(engine, sampling, Patience(table.retries), guided=table.guided)
    judge = make_judge(
        table.judge,
        asker,
        format=table.format,
        reading=table.reading,
        permute=table.permute,
        votes=table.votes,
        slots=table.slots,
    )
    return judge, engine


def _open_engine(table: JudgeTable) -> Engine:
    spec, options = table.engine or "", dict(table.engine_options)
    if spec.startswith(("http://", "https://")):
        options = {"concurrency": table.concurrency, **options, "api_key_env": table.api_key_env}
    kind, _, place = spec.partition(":")
    if place.startswith(PHRASEBOOK):
        spec = f"{kind}:{model_folder(place)}"
    return make_engine(spec, table.model, **options)


def read_or_none(format: Format[Segment, str], reply: str, segment: Segment) -> str | None:
    try:
        return format.read(reply, segment)
    except UnreadableReply:
        return None


def scores_by_text(judgement: Judgement) -> dict[str, float | None]:
    """The scores of a judgement; None for each text where there are none."""
    texts = [candidate.text for candidate in judgement.group.candidates]
    scores = judgement.verdict.scores if judgement.verdict else None
    return dict(zip(texts, scores or [None] * len(texts), strict=True))


def group_of(segment: Segment, texts: Sequence[str]) -> Group:
    return Group(segment, tuple(Candidate(text) for text in texts))


def _failed(task: asyncio.Task[Judgement]) -> bool:
    return task.done() and (bool(task.exception()) or task.result().verdict is None)


def _text(completion: Any) -> str:
    """TRL's completion: a text, or one message."""
    return completion if isinstance(completion, str) else completion[0]["content"] or ""
