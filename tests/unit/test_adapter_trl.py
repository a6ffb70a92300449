"""The reward function for TRL, called as TRL calls it, by two processes' worth of rows."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Awaitable, Callable, Iterator
from contextvars import ContextVar
from typing import Any

import pytest
from tests.policy_parts import Fails, LikesE
from tests.servers.serving import serving

from dragoman.adapters import trl
from dragoman.adapters.versions import check_version
from dragoman.errors import UserError
from dragoman.serving.app import make_app
from dragoman.serving.client import ServerRefused
from dragoman.serving.service import Limits, Service

pytest.importorskip("trl", reason="the adapter asks which TRL is installed")

PLAIN = "tests.policy_parts:Plain"
TEXTS = ["e", "ab", "be", "Q", "ee", "x", "x", "xe", "z", "z", "ze", "zz"]
PAID = [0.1, 0.0, 0.05, -0.04, 0.1, 0.0, 0.0, 0.05, 0.0, 0.0, 0.05, 0.0]


class Told:
    """What a reward function logs and where its trainer stands."""

    def __init__(self, step: int = 3):
        self.global_step, self.metrics = step, dict[str, float]()


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    with serving(make_app(Service(LikesE(), limits=Limits(characters=1000)))) as where:
        yield where


@pytest.fixture
def place(monkeypatch: pytest.MonkeyPatch) -> ContextVar[int]:
    """The number of the process, for each task its own."""
    number = ContextVar("place", default=0)
    monkeypatch.setattr(trl, "_place", number.get)
    return number


def call(
    reward: Callable[..., Awaitable[trl.Rewards]],
    texts: list[str],
    first: int = 0,
    told: Told | None = None,
    **more: Any,
) -> Awaitable[trl.Rewards]:
    """As TRL does: keywords, columns of the data set, and only this process's rows."""
    told = told or Told()
    prompts = [f"word {(first + number) // 4}" for number in range(len(texts))]
    named: dict[str, Any] = {
        "prompts": prompts,
        "completions": [[{"role": "assistant", "content": text}] for text in texts],
        "completion_ids": [[5] * len(text) for text in texts],
        "trainer_state": told,
        "log_extra": lambda column, values: None,
        "log_metric": told.metrics.__setitem__,
        "source": prompts,
        "src_lang": ["en"] * len(texts),
        "tgt_lang": ["de"] * len(texts),
    }
    return reward(**{**named, **more})


async def test_halves_of_a_group_meet(address: str, place: ContextVar[int]) -> None:
    functions = [trl.judge_reward(address, group_size=4, format=PLAIN, run="r") for _ in range(2)]
    assert all(map(inspect.iscoroutinefunction, functions)), "TRL looks at that"

    async def process(number: int) -> list[trl.Rewards]:
        place.set(number)
        half = TEXTS[number * 6 : number * 6 + 6]
        # Twice at one step, as when the trainer also evaluates there.
        return [await call(functions[number], half, number * 6) for _ in range(2)]

    both = await asyncio.gather(process(0), process(1))
    assert both[0][0] + both[1][0] == pytest.approx(PAID)
    assert both[0][1] + both[1][1] == pytest.approx(PAID)


async def test_whole_groups_need_no_server(place: ContextVar[int]) -> None:
    reward = trl.judge_reward(LikesE(), group_size=4, format=PLAIN)
    assert await call(reward, TEXTS) == pytest.approx(PAID)
    assert await call(reward, TEXTS[4:8] + TEXTS[:4]) == pytest.approx(PAID[4:8] + PAID[:4])
    with pytest.raises(UserError, match="6 rollouts and a group 4: groups are split"):
        await call(reward, TEXTS[:6])


async def test_a_failed_judge_pays_nobody(place: ContextVar[int]) -> None:
    told = Told()
    reward = trl.judge_reward(Fails(), group_size=4, format=PLAIN)
    alike = ["a", "a", "a", "a"]
    assert await call(reward, [*TEXTS[:4], *alike], told=told) == [None] * 4 + [0.0] * 4
    assert told.metrics == {"unjudged": 0.5}


async def test_what_was_cut_off_is_not_read(place: ContextVar[int]) -> None:
    reward = trl.judge_reward(LikesE(), group_size=4, format=PLAIN, ends=[7])
    ids = [[5, 7], [5, 5], [5, 7], []]
    rewards = await call(reward, ["ab", "e", "e", "e"], completion_ids=ids)
    assert rewards == pytest.approx([0.0, -0.04, 0.1, -0.04])


async def test_an_endless_reply_is_its_own_fault(address: str, place: ContextVar[int]) -> None:
    reward = trl.judge_reward(address, group_size=4, format=PLAIN, run="endless")
    rewards = await call(reward, ["e", "ab", "e" * 1001, "be"])
    assert rewards == pytest.approx([0.1, 0.0, -0.04, 0.05])
    with pytest.raises(ServerRefused, match="1000 characters"):
        await call(reward, TEXTS[:4], source=["e" * 1001] * 4)


async def test_what_cannot_be_a_group_is_refused(place: ContextVar[int]) -> None:
    reward = trl.judge_reward(LikesE(), group_size=2, format=PLAIN)
    with pytest.raises(UserError, match="num_generations"):
        await call(reward, ["a", "b"], source=["word 1", "word 2"])
    with pytest.raises(UserError, match="no column tgt_lang"):
        await call(reward, ["a", "b"], tgt_lang=[None, None])
    with pytest.raises(UserError, match="klingonese"):
        await call(reward, ["a", "b"], tgt_lang=["klingonese"] * 2)
    with pytest.raises(UserError, match="at least 2"):
        trl.judge_reward(LikesE(), group_size=1)
    with pytest.raises(UserError, match="not for translators"):
        trl.judge_reward(LikesE(), group_size=2, format="gqm")
    with pytest.raises(UserError, match="NO_SUCH_TOKEN"):
        named = trl.judge_reward("http://127.0.0.1:9", group_size=2, token_env="NO_SUCH_TOKEN")
        await call(named, ["a", "b"])


def test_versions_are_named() -> None:
    check_version("trl", (1, 16), (1, 16))
    with pytest.raises(UserError, match=r"trl 1\.16\.\d is installed, and .* trl 1\.17 to 2\.0"):
        check_version("trl", (1, 17), (2, 0))
    with pytest.raises(UserError, match=r"adapter is for trl 0\.1 to 1\.15"):
        check_version("trl", (0, 1), (1, 15))
    with pytest.raises(UserError, match="no-such-trainer is not installed here"):
        check_version("no-such-trainer", (1, 0), (1, 0))
