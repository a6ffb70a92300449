"""A rubric for verifiers' environments, with a reward for whole groups:

    from dragoman.adapters.verifiers import judge_rubric

    vf.SingleTurnEnv(dataset=rows, rubric=judge_rubric("http://127.0.0.1:8765"))

A row's `info` is `{source, src_lang, tgt_lang, reference?}`. verifiers scores all rollouts of a
prompt in one call, so a judge may stand in place of the address of `dragoman serve`. Since 0.4 it
knows no rewards of groups, and is refused.
"""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module
from typing import Any
from uuid import uuid4

from dragoman.adapters.meeting import Replies, answers_of, label_fields, meeting_at
from dragoman.adapters.versions import check_version
from dragoman.formats import Reading
from dragoman.judges import Judge
from dragoman.rewards.group import GroupReward
from dragoman.serving.client import RolloutRequest

OLDEST, NEWEST = (0, 2), (0, 3)


def judge_rubric(
    judge: Judge | str,
    *,
    format: str = "codeblock-think",
    reading: Reading = "strict",
    deadline: float = 300.0,
    token_env: str | None = None,
    settings: GroupReward = GroupReward(),
    concurrency: int = 16,
) -> Any:
    """The rubric. `judge` is a judge, or the address of `dragoman serve`, which then decides
    about rewards: `settings` and `concurrency` are for a judge.

    verifiers has no word for a rollout without a reward. All siblings then have the neutral one,
    which moves nothing, and the metric `unjudged`, without weight, is 1 for them; so it is when
    the server cannot be asked, which verifiers itself only logs.
    """
    check_version("verifiers", OLDEST, NEWEST)
    verifiers: Any = import_module("verifiers")
    rubric, replies = verifiers.Rubric(), Replies.of(format, reading)
    open_meeting = meeting_at(judge, settings, concurrency, token_env)

    # verifiers calls by the names of parameters, and takes a plural for a group's.
    async def dragoman(states: Sequence[Any]) -> list[float]:
        uid = uuid4().hex
        rollouts = [
            _rollout(
                replies,
                state,
                rubric.parser.parse_answer(state["completion"]),
                uid,
                slot,
                len(states),
            )
            for slot, state in enumerate(states)
        ]
        async with open_meeting() as meeting:
            answers = await answers_of(meeting, rollouts, deadline)
        for state, answer in zip(states, answers, strict=True):
            state["judged"] = answer.reward is not None
        return [settings.neutral if one.reward is None else one.reward for one in answers]

    def unjudged(states: Sequence[Any]) -> list[float]:
        return [float(not state.get("judged")) for state in states]

    rubric.add_reward_func(dragoman)
    rubric.add_metric(unjudged)
    return rubric


def _rollout(
    replies: Replies, state: Any, reply: str | None, uid: str, slot: int, size: int
) -> RolloutRequest:
    steps: Sequence[Any] = state.get("trajectory") or ()
    tokens: Any = (steps[-1]["tokens"] if steps else None) or {}
    return replies.rollout(
        label_fields(state.get("info")),
        reply or "",
        uid=uid,
        slot=slot,
        size=size,
        # Servers of models tell no tokens; then length costs nothing.
        tokens=len(tokens.get("completion_ids", ())),
        run="verifiers",
        cut_off=bool(state.get("is_truncated")),
    )
