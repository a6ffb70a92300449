"""slime's own code asks for the rewards of a group. Needs its environment: a checkout, installed
with `pip install --no-deps`, beside torch, aiohttp and what its graders of mathematics import."""

from __future__ import annotations

import json
from argparse import Namespace
from collections.abc import Iterator
from typing import Any

import pytest
from tests.policy_parts import LikesEOrFails
from tests.servers.serving import free_port, serving

from dragoman.errors import UserError
from dragoman.serving.app import make_app
from dragoman.serving.service import Service

rm_hub: Any = pytest.importorskip("slime.rollout.rm_hub", reason="slime is not installed")
pytestmark = pytest.mark.filterwarnings("ignore")


@pytest.fixture
def address() -> Iterator[str]:
    with serving(make_app(Service(LikesEOrFails()))) as where:
        yield where


def arguments(server: str | None, **more: Any) -> Namespace:
    """Of slime's command line, and of the YAML that it adds to it."""
    return Namespace(
        custom_rm_path="dragoman.adapters.slime.judge_reward",
        rm_url=server,
        group_rm=True,
        dragoman_format="tests.policy_parts:Plain",
        **more,
    )


def samples(source: str, *texts: str, tokens: int = 9, **more: Any) -> list[Any]:
    label = {"source": source, "src_lang": "en", "tgt_lang": "de"}
    return [
        rm_hub.Sample(
            group_index=7,
            index=number,
            prompt=f"Translate {source}",
            response=text,
            response_length=tokens,
            label=json.dumps(label),
            status=rm_hub.Sample.Status.COMPLETED,
            **more,
        )
        for number, text in enumerate(texts)
    ]


async def test_a_group_is_rewarded(address: str) -> None:
    group = samples("easy", "ee", "ab", "Q")
    rewards = await rm_hub.batched_async_rm(arguments(address), group)
    assert rewards == pytest.approx([0.1, 0, -0.04])
    assert [one.metadata for one in group] == [{"unjudged": False}] * 3
    # The same group of the next epoch is another group.
    again = samples("easy", "ab", "ee", "ee")
    assert await rm_hub.batched_async_rm(arguments(address), again) == pytest.approx([0, 0.1, 0.1])


async def test_a_judge_that_fails_moves_nothing(address: str) -> None:
    group = samples("hopeless", "a", "b", "c")
    assert await rm_hub.batched_async_rm(arguments(address), group) == [0, 0, 0]
    assert [one.metadata for one in group] == [{"unjudged": True}] * 3


async def test_length_costs_and_what_is_cut_off_is_not_read(address: str) -> None:
    long = samples("easy", "ee", "ab", tokens=4096)
    assert await rm_hub.batched_async_rm(arguments(address), long) == pytest.approx([0.06, -0.04])
    cut = samples("easy", "ee", "ab", "be")
    cut[0].status = rm_hub.Sample.Status.TRUNCATED
    rewards = await rm_hub.batched_async_rm(arguments(address), cut)
    assert rewards == pytest.approx([-0.04, 0, 0.05])


async def test_what_cannot_work_is_named() -> None:
    nowhere = f"http://127.0.0.1:{free_port()}"
    group = samples("easy", "ee", "ab")
    with pytest.raises(UserError, match="--rm-url http"):
        await rm_hub.batched_async_rm(arguments(None), group)
    with pytest.raises(UserError, match="unknown key 'dragoman_formt'"):
        await rm_hub.batched_async_rm(arguments(nowhere, dragoman_formt="x"), group)
    with pytest.raises(UserError, match="--group-rm"):
        await rm_hub.async_rm(arguments(nowhere), group[0])
    with pytest.raises(UserError, match="several samples"):
        await rm_hub.batched_async_rm(arguments(nowhere), [group])
    group[1].label = "Guten Morgen"
    with pytest.raises(UserError, match="a label is"):
        await rm_hub.batched_async_rm(arguments(nowhere), group)
