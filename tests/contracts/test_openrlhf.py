"""OpenRLHF's own code asks for rewards and makes experiences of them. Needs its environment:
`pip install --no-deps openrlhf` beside torch, ray and aiohttp."""

from __future__ import annotations

import asyncio
import json
import sys
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest
from tests.policy_parts import LikesEOrFails
from tests.servers.serving import serving

from dragoman.adapters.openrlhf import judge_reward
from dragoman.adapters.versions import check_version
from dragoman.errors import UserError
from dragoman.serving.app import make_app
from dragoman.serving.service import Defaults, Service

agent = pytest.importorskip("openrlhf.utils.agent", reason="OpenRLHF is not installed")
HAS_VLLM = find_spec("vllm") is not None
BLOCK = "It is easy.\n\n```\n{}\n```"
pytestmark = pytest.mark.filterwarnings("ignore")


class Letters:
    """A tokenizer: a letter is a token."""

    def __call__(self, text: str, **_: Any) -> Any:
        import torch

        return {"input_ids": torch.tensor([[ord(letter) for letter in text]])}

    def decode(self, tokens: list[int], **_: Any) -> str:
        return "".join(map(chr, tokens))


class Says:
    """An engine that knows its reply."""

    def __init__(self, reply: str, finish: str):
        self.reply, self.finish = reply, finish

    async def generate(self, *_: Any, **__: Any) -> Any:
        tokens = [ord(letter) for letter in self.reply]
        reply = SimpleNamespace(token_ids=tokens, finish_reason=self.finish, logprobs=None)
        return SimpleNamespace(outputs=[reply])


class StandIn(ModuleType):
    """A module in which every name stands for nothing."""

    __path__: list[str] = []  # noqa: RUF012
    __version__ = "0.22.0"

    def __getattr__(self, name: str) -> None:
        if name.startswith("__"):
            raise AttributeError(name)


def stand_in_for_vllm(monkeypatch: pytest.MonkeyPatch) -> None:
    """OpenRLHF's files import names of vLLM, which does not run here; nothing of it is called."""
    for name in () if HAS_VLLM else ("vllm", "vllm.inputs", "vllm.utils"):
        monkeypatch.setitem(sys.modules, name, StandIn(name))


def executor(way: str, address: str, folder: Path, more: str = "") -> Any:
    """OpenRLHF's executor, told of the judge in one of three ways: by the server's address, or by
    a file in which a function or an executor is made."""
    if way == "url":
        return agent.SingleTurnAgentExecutor([f"{address}/get_reward"])
    name, maker = {
        "function": ("reward_func", "judge_reward"),
        "executor": ("AgentExecutor", "judge_executor"),
    }[way]
    file = folder / "judge.py"
    file.write_text(
        f"from dragoman.adapters.openrlhf import {maker}\n"
        f"{name} = {maker}({address!r}, group_size=3{more})\n"
    )
    if way == "function":
        return agent.SingleTurnAgentExecutor([str(file)])
    from openrlhf.trainer.ray.vllm_engine import _load_agent_executor

    return _load_agent_executor(str(file))


async def roll(executor: Any, source: str, reply: str, finish: str = "stop") -> dict[str, Any]:
    label = json.dumps({"source": source, "src_lang": "en", "tgt_lang": "de"})
    sampling = SimpleNamespace(max_tokens=5000, logprobs=None)
    said = f"Translate {source}", label, sampling, 6000, Letters(), Says(reply, finish)
    return await executor.execute(*said)


@pytest.mark.parametrize("way", ["url", "function", "executor"])
async def test_rewards_reach_experiences(
    way: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    check_version("openrlhf", (0, 11), (0, 11))
    stand_in_for_vllm(monkeypatch)
    from openrlhf.trainer.ppo_utils.samples_generator import SamplesGenerator

    replies = {
        "easy": [BLOCK.format("ee"), BLOCK.format("ab"), "not a translation"],
        "hopeless": [BLOCK.format(text) for text in ("a", "b", "c")],
    }
    with serving(make_app(Service(LikesEOrFails(), defaults=Defaults(group_size=3)))) as address:
        made = executor(way, address, tmp_path)
        responses = await asyncio.gather(
            *(roll(made, source, reply) for source, three in replies.items() for reply in three)
        )
    experiences = [
        SamplesGenerator._process_response_into_experience(None, response, max_len=6000)
        for response in responses
    ]
    rewards = [one.rewards.flatten().tolist() for one in experiences]
    assert rewards[:3] == [[pytest.approx(one)] for one in (0.1, 0, -0.04)]
    assert rewards[3:] == [[0.0]] * 3, "equal, so that the group moves nothing"
    assert [one.info["unjudged"].item() for one in experiences] == [0, 0, 0, 1, 1, 1]
    # Its filter drops groups whose mean score is not above 0.
    assert [one.scores[0].item() for one in experiences[3:]] == [0.0] * 3


async def test_an_executor_knows_lengths_and_what_was_cut_off(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stand_in_for_vllm(monkeypatch)
    long = BLOCK.format("ee") + " " * 4096
    with serving(make_app(Service(LikesEOrFails()))) as address:
        made = executor("executor", address, tmp_path)
        said = await asyncio.gather(
            roll(made, "easy", long),
            roll(made, "easy", BLOCK.format("ab")),
            roll(made, "easy", BLOCK.format("ee"), "length"),
        )
    assert [one["reward"] for one in said] == [[pytest.approx(one)] for one in (0.06, 0, -0.04)]


async def test_more_may_wait_than_threads_are_usual(tmp_path: Path) -> None:
    """The first rollout of every prompt comes before any second one."""
    with serving(make_app(Service(LikesEOrFails()))) as address:
        made = executor("function", address, tmp_path, ", deadline=20")
        said = await asyncio.gather(
            *(
                roll(made, f"word {number}", BLOCK.format(text))
                for text in ("ee", "ab", "be")
                for number in range(40)
            )
        )
    assert [one["extra_logs"]["unjudged"] for one in said] == [[0]] * 120


def test_a_group_of_one_is_none() -> None:
    with pytest.raises(UserError, match="at least 2"):
        judge_reward("http://127.0.0.1:9", group_size=1)
