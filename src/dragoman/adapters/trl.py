"""A reward function for TRL's own `GRPOTrainer`.

    from dragoman.adapters.trl import judge_reward

    GRPOTrainer(model, judge_reward("http://127.0.0.1:8765", group_size=4), config, dataset)

Rows of the data set have `source`, `src_lang`, `tgt_lang` and, where there is one, `reference`
beside TRL's `prompt`. TRL hands each process the rows that it drew, and a group may be half in
one process and half in another: with the address of `dragoman serve` they meet there. With a
judge instead of an address, groups must be whole.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Awaitable, Callable, Collection, Sequence
from importlib import import_module
from itertools import count
from typing import Any, TypeAlias
from uuid import uuid4

from dragoman.adapters.meeting import FIELDS, Replies, answers_of, meeting_at
from dragoman.adapters.versions import check_version
from dragoman.errors import UserError
from dragoman.formats import Reading
from dragoman.judges import Judge
from dragoman.rewards.group import GroupReward

OLDEST, NEWEST = (1, 16), (1, 16)

Rewards: TypeAlias = list[float | None]


def judge_reward(
    judge: Judge | str,
    *,
    group_size: int,
    format: str = "codeblock-think",
    reading: Reading = "strict",
    ends: Collection[int] = (),
    run: str | None = None,
    deadline: float = 300.0,
    token_env: str | None = None,
    settings: GroupReward = GroupReward(),
    concurrency: int = 16,
) -> Callable[..., Awaitable[Rewards]]:
    """The reward function; `group_size` is the trainer's `num_generations`.

    `judge` is a judge, or the address of `dragoman serve`, which then decides about rewards:
    `settings` and `concurrency` are for a judge. `ends` are the tokens that end a reply: given
    them, a reply that was cut off is not read. `run` keeps this start apart from others at the
    server; without it all processes of a start agree on a random name, so each of them calls
    this once, after it has its `GRPOConfig`. Rollouts without a reward get None, TRL's word
    for it, and the metric `unjudged` counts them.
    """
    check_version("trl", OLDEST, NEWEST)
    if group_size < 2:
        raise UserError(f"a group has at least 2 rollouts, not {group_size}")
    replies, turns = Replies.of(format, reading), _Turns()
    open_meeting = meeting_at(judge, settings, concurrency, token_env)
    name = run or (_agreed(uuid4().hex) if isinstance(judge, str) else uuid4().hex)

    async def dragoman(
        *,
        completions: Sequence[Any],
        completion_ids: Sequence[Sequence[int]],
        trainer_state: Any,
        log_metric: Callable[[str, float], None],
        **columns: Any,
    ) -> Rewards:
        turn = turns.next(trainer_state.global_step)
        first = _place() * len(completions)
        rows = [_row(columns, number) for number in range(len(completions))]
        _check_groups(rows, first, group_size, whole=not isinstance(judge, str))
        rollouts = [
            replies.rollout(
                row,
                _text(completion),
                uid=f"{turn}.{number // group_size}",
                slot=number % group_size,
                size=group_size,
                tokens=len(ids),
                run=name,
                cut_off=bool(ends) and (not ids or ids[-1] not in ends),
            )
            for number, row, completion, ids in zip(count(first), rows, completions, completion_ids)
        ]
        async with open_meeting() as meeting:
            answers = await answers_of(meeting, rollouts, deadline)
        log_metric("unjudged", sum(a.reward is None for a in answers) / len(answers))
        return [answer.reward for answer in answers]

    return dragoman


class _Turns:
    """Names for the calls of a run, the same in all processes: they are called in step."""

    def __init__(self) -> None:
        self._calls = Counter[int]()

    def next(self, step: int) -> str:
        self._calls[step] += 1
        return f"{step}.{self._calls[step]}"


def _row(columns: dict[str, Any], number: int) -> dict[str, Any]:
    row = {key: columns[key][number] for key in FIELDS if key in columns}
    if missing := [key for key in FIELDS[:3] if row.get(key) is None]:
        raise UserError(f"the data set has no column {missing[0]}, which rewards are made from")
    return row


def _check_groups(rows: Sequence[dict[str, Any]], first: int, size: int, *, whole: bool) -> None:
    """That the rows of a group are all of one segment and, where they must be `whole`, all here."""
    if whole and (first % size or len(rows) % size):
        raise UserError(
            f"this process has {len(rows)} rollouts and a group {size}: groups are split between "
            "processes; start `dragoman serve` and give its address instead of a judge"
        )
    for number, row in enumerate(rows[1:], first + 1):
        if number % size and row != rows[number - first - 1]:
            raise UserError(
                f"two prompts are in one group of {size}: group_size is the trainer's "
                "num_generations, and num_generations_eval must be the same"
            )


def _text(completion: Any) -> str:
    """TRL's completion: a text, or messages, of which the last counts."""
    return completion if isinstance(completion, str) else completion[-1]["content"] or ""


def _place() -> int:
    """The number of this process among those that train together."""
    accelerate: Any = import_module("accelerate")
    return accelerate.PartialState().process_index


def _agreed(name: str) -> str:
    """The first process's name, in all of them."""
    utils: Any = import_module("accelerate.utils")
    names = [name]
    utils.broadcast_object_list(names)
    return names[0]
