"""Rewards for OpenRLHF by a Python file, which it is given by path:

    # judge.py
    from dragoman.adapters.openrlhf import judge_executor
    AgentExecutor = judge_executor("http://127.0.0.1:8765", group_size=4)

    --train.agent_func_path judge.py

The address is that of `dragoman serve`; `group_size` is `--rollout.n_samples_per_prompt`. Labels
are those of the [remote URL](serving.rewards), but what that way is never told, this one knows:
how many tokens a reply has, and whether it was cut off.

`reward_func = judge_reward(...)` in such a file is for `--reward.remote_url judge.py`: that way
length costs nothing, and each rollout that waits for its siblings keeps a thread.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cached_property
from importlib import import_module
from typing import Any
from uuid import uuid4

from dragoman.adapters.meeting import Replies, client, label_fields, reward_of
from dragoman.adapters.versions import check_version
from dragoman.errors import UserError
from dragoman.formats import Reading
from dragoman.rewards.group import GroupReward
from dragoman.serving.client import AsyncClient
from dragoman.serving.cohort import Seats
from dragoman.signature import digest

OLDEST, NEWEST = (0, 11), (0, 11)

# Rollouts of one engine that may wait for siblings at once, each in a thread.
MOST_WAITING = 4096

# OpenRLHF's word for what one rollout earned.
Earned = dict[str, Any]


def judge_executor(server: str, *, group_size: int, **options: Any) -> type[Any]:
    """OpenRLHF's single-turn executor, with the judge's rewards. `options` are those of
    `judge_reward`."""
    door = _Door(server, group_size, **options)
    base: Any = import_module("openrlhf.utils.agent").SingleTurnAgentExecutor

    class AgentExecutor(base):
        async def execute(self, prompt: str, label: Any, *args: Any, **named: Any) -> Earned:
            above: Any = super()
            output: Earned = await above.execute(prompt, label, *args, **named)
            begin, end = output["action_ranges"][0]
            tokenizer = named.get("hf_tokenizer") or args[2]
            reply = tokenizer.decode(
                output["observation_tokens"][begin:end], skip_special_tokens=True
            )
            earned = await door.earned(prompt, label, reply, end - begin, output["truncated"])
            return {**output, "reward": earned["rewards"], **earned}

    return AgentExecutor


def judge_reward(server: str, *, group_size: int, **options: Any) -> Callable[..., Earned]:
    """OpenRLHF's `reward_func`. It is not told how many tokens a reply has, so length costs
    nothing. `options`: `format`, `reading`, `deadline` and `token_env`."""
    door = _Door(server, group_size, **options)
    with suppress(RuntimeError):
        # OpenRLHF loads the file on the loop whose threads will call. That has few of them, and
        # once all wait for siblings none is left for those.
        asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(MOST_WAITING))
    loop = asyncio.new_event_loop()
    threading.Thread(target=loop.run_forever, name="dragoman rewards", daemon=True).start()

    def reward_func(
        queries: Sequence[str], prompts: Sequence[str], labels: Sequence[Any], **_: Any
    ) -> Earned:
        (query,), (prompt,), (label,) = queries, prompts, labels
        reply = query.removeprefix(prompt)
        earned = asyncio.run_coroutine_threadsafe(door.earned(prompt, label, reply), loop)
        return earned.result()

    return reward_func


@dataclass
class _Door:
    """Where this process's rollouts go in. All samples of a prompt are drawn in one process, so
    its seats are counted here."""

    server: str
    group_size: int
    format: str = "codeblock-think"
    reading: Reading = "strict"
    deadline: float = 300.0
    token_env: str | None = None
    _run: str = field(default_factory=lambda: uuid4().hex)
    _seats: Seats = field(default_factory=Seats)

    def __post_init__(self) -> None:
        check_version("openrlhf", OLDEST, NEWEST)
        if self.group_size < 2:
            raise UserError(f"a group has at least 2 rollouts, not {self.group_size}")
        self._replies = Replies.of(self.format, self.reading)

    async def earned(
        self, prompt: str, label: object, reply: str, tokens: int = 0, cut_off: bool = False
    ) -> Earned:
        """Null would end OpenRLHF's run: a group without rewards has equal ones, which move
        nothing, scores of 0, by which it may be filtered, and says `unjudged`."""
        fields = label_fields(label)
        uid = digest([prompt, dict(fields)])
        attempt, slot = self._seats.next(uid, self.group_size)
        rollout = self._replies.rollout(
            fields,
            reply,
            uid=uid,
            slot=slot,
            size=self.group_size,
            tokens=tokens,
            run=self._run,
            attempt=attempt,
            cut_off=cut_off,
        )
        answer = await reward_of(self._client, rollout, self.deadline)
        settings = GroupReward()
        return {
            "rewards": [settings.neutral if answer.reward is None else answer.reward],
            "scores": [(answer.score or 0.0) / settings.highest],
            "extra_logs": {"unjudged": [int(answer.reward is None)]},
        }

    @cached_property
    def _client(self) -> AsyncClient:
        # Nobody says which rollout is the last, so no connection is kept.
        return client(self.server, self.token_env, keep_alive=False)
