"""OpenRLHF's own code asks for rewards and makes experiences of them. Needs its environment:
`pip install --no-deps openrlhf` beside torch, ray and aiohttp."""

from __future__ import annotations

import asyncio
import json
import sys
from importlib.util import find_spec
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest
from tests.policy_parts import LikesE
from tests.servers.serving import serving

from dragoman.adapters.versions import check_version
from dragoman.serving.app import make_app
from dragoman.serving.service import Defaults, Service
from dragoman.types import Failure, Group, Judgement

agent = pytest.importorskip("openrlhf.utils.agent", reason="OpenRLHF is not installed")
HAS_VLLM = find_spec("vllm") is not None
pytestmark = pytest.mark.filterwarnings("ignore")


class LikesEOrFails(LikesE):
    async def judge(self, group: Group, draw: int = 0) -> Judgement:
        if group.segment.source == "hopeless":
            return Judgement(group, None, Failure("no-scores"))
        return await super().judge(group, draw)


class Letters:
    """A tokenizer: a letter is a token."""

    def __call__(self, text: str, **_: Any) -> Any:
        import torch

        return {"input_ids": torch.tensor([[ord(letter) for letter in text]])}

    def decode(self, tokens: list[int], **_: Any) -> str:
        return "".join(map(chr, tokens))


class Says:
    """An engine that knows its reply."""

    def __init__(self, reply: str):
        self.reply = reply

    async def generate(self, *_: Any, **__: Any) -> Any:
        tokens = [ord(letter) for letter in self.reply]
        reply = SimpleNamespace(token_ids=tokens, finish_reason="stop", logprobs=None)
        return SimpleNamespace(outputs=[reply])


class StandIn(ModuleType):
    """A module in which every name stands for nothing."""

    __path__: list[str] = []  # noqa: RUF012
    __version__ = "0.22.0"

    def __getattr__(self, name: str) -> None:
        if name.startswith("__"):
            raise AttributeError(name)


def experience(response: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> Any:
    """What OpenRLHF's driver makes of a rollout. Its files import names of vLLM, which does not
    run here; nothing of it is called."""
    for name in () if HAS_VLLM else ("vllm", "vllm.inputs", "vllm.utils"):
        monkeypatch.setitem(sys.modules, name, StandIn(name))
    from openrlhf.trainer.ppo_utils.samples_generator import SamplesGenerator

    return SamplesGenerator._process_response_into_experience(None, response, max_len=512)


async def test_rewards_reach_experiences(monkeypatch: pytest.MonkeyPatch) -> None:
    check_version("openrlhf", (0, 11), (0, 11))
    block = "It is easy.\n\n```\n{}\n```"
    replies = {
        "easy": [block.format("ee"), block.format("ab"), "not a translation"],
        "hopeless": [block.format(text) for text in ("a", "b", "c")],
    }
    app = make_app(Service(LikesEOrFails(), defaults=Defaults(group_size=3)))

    async def roll(source: str, reply: str) -> dict[str, Any]:
        label = json.dumps({"source": source, "src_lang": "en", "tgt_lang": "de"})
        sampling = SimpleNamespace(max_tokens=200, logprobs=None)
        said = f"Translate {source}", label, sampling, 512, Letters(), Says(reply)
        return await executor.execute(*said)

    with serving(app) as address:
        executor = agent.SingleTurnAgentExecutor([f"{address}/get_reward"])
        responses = await asyncio.gather(
            *(roll(source, reply) for source, three in replies.items() for reply in three)
        )
    made = [experience(response, monkeypatch) for response in responses]
    rewards = [one.rewards.flatten().tolist() for one in made]
    by_reply = dict(
        zip([reply for three in replies.values() for reply in three], rewards, strict=True)
    )
    assert by_reply[block.format("ee")] == pytest.approx([0.1])
    assert by_reply[block.format("ab")] == pytest.approx([0.0])
    assert by_reply["not a translation"] == pytest.approx([-0.04])
    assert rewards[3:] == [[0.0]] * 3, "equal, so that the group moves nothing"
    assert [one.info["unjudged"].item() for one in made] == [0, 0, 0, 1, 1, 1]
    # Its filter drops groups whose mean score is not above 0.
    assert [one.scores[0].item() for one in made[3:]] == [0.0] * 3
