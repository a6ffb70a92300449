"""A judge as a policy's reward function, without a model."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest
from tests.policy_parts import Fails, LikesE, Plain

from dragoman.errors import UserError
from dragoman.rewards.group import GroupReward
from dragoman.scripts import wrong_script
from dragoman.training.judge_reward import Judged, JudgeReward
from dragoman.types import Group, Judgement, Segment

END = 7
SEGMENTS = [Segment(f"{i}", f"word {i}", "en", "de") for i in range(3)]


class Counting(LikesE):
    def __init__(self) -> None:
        self.asked: list[Group] = []

    async def judge(self, group: Group, draw: int = 0) -> Judgement:
        self.asked.append(group)
        await asyncio.sleep(0.01)
        return await super().judge(group, draw)


def make_reward(judge: Any, **options: Any) -> JudgeReward:
    return JudgeReward(judge, Plain(), SEGMENTS, group_size=3, ends=[END], **options)


async def earn(
    reward: JudgeReward, replies: list[str], rows: list[int], ends: list[int] | None = None
) -> tuple[list[float | None], dict[str, float]]:
    metrics: dict[str, float] = {}
    earned = await reward(
        completions=[[{"role": "assistant", "content": reply}] for reply in replies],
        completion_ids=[[1, 2, end] for end in ends or [END] * len(replies)],
        row=rows,
        trainer_state=SimpleNamespace(global_step=4),
        log_metric=metrics.__setitem__,
        log_extra=None,
        prompts=None,
    )
    return earned, metrics


async def test_a_group_is_asked_about_once_with_its_different_texts():
    judge = Counting()
    replies = ["ee", "ab", "ee", "ex", "ae", "bb"]
    earned, _ = await earn(make_reward(judge), replies, [0, 0, 0, 2, 2, 2])
    assert [[c.text for c in group.candidates] for group in judge.asked] == [
        ["ee", "ab"],
        ["ex", "ae", "bb"],
    ]
    assert [group.segment.id for group in judge.asked] == ["0", "2"]
    assert earned == pytest.approx([0.1, 0, 0.1, 0.05, 0.05, 0])


async def test_scores_of_another_scale_are_named_instead_of_failing_every_group():
    class Hundred(LikesE):
        async def judge(self, group: Group, draw: int = 0) -> Judgement:
            judgement = await super().judge(group, draw)
            assert judgement.verdict
            scores = tuple(50 + score for score in judgement.verdict.scores or ())
            return replace(judgement, verdict=replace(judgement.verdict, scores=scores))

    replies = ["ee", "ab", "c", "ex", "ae", "bb"]
    with pytest.raises(UserError, match="such as 60, are not on the reward's scale"):
        await earn(make_reward(Hundred()), replies, [0, 0, 0, 1, 1, 1])
    wide = make_reward(Hundred(), settings=GroupReward(highest=100))
    assert None not in (await earn(wide, replies, [0, 0, 0, 1, 1, 1]))[0]


async def test_groups_are_judged_at_the_same_time():
    class Meeting(LikesE):
        def __init__(self) -> None:
            self.everybody = asyncio.Barrier(2)

        async def judge(self, group: Group, draw: int = 0) -> Judgement:
            await asyncio.wait_for(self.everybody.wait(), 1)
            return await super().judge(group, draw)

    await earn(make_reward(Meeting()), ["ee", "ab", "c", "ex", "ae", "bb"], [0, 0, 0, 1, 1, 1])


async def test_the_same_texts_are_asked_about_once_in_any_order():
    judge = Counting()
    reward = make_reward(judge)
    first, _ = await earn(reward, ["ee", "ab", "cc"], [0, 0, 0])
    again, _ = await earn(reward, ["cc", "ee", "ab"], [0, 0, 0])
    assert len(judge.asked) == 1
    assert (first, again) == (pytest.approx([0.1, 0, 0]), pytest.approx([0, 0.1, 0]))
    await earn(reward, ["ee", "ab", "cc"], [1, 1, 1])
    assert len(judge.asked) == 2


async def test_a_group_that_was_begun_is_not_asked_about_again():
    judge = Counting()
    reward = make_reward(judge)
    replies = ["ee", "ab", "cc"]
    reward.begin(0, replies, [[1, END]] * 3, asyncio.get_running_loop())
    for _ in range(3):
        await asyncio.sleep(0)
    assert len(judge.asked) == 1, "it begins before anybody waits for it"
    await earn(reward, replies, [0, 0, 0])
    assert len(judge.asked) == 1


async def test_a_failed_judge_gives_no_reward_and_is_asked_again_later():
    Fails.calls = 0
    reward = make_reward(Fails())
    for _ in range(2):
        earned, metrics = await earn(reward, ["ee", "ab", "cc"], [0, 0, 0])
        assert earned == [None, None, None]
        assert metrics["judge_failure"] == 1
    assert Fails.calls == 2


async def test_what_cannot_be_read_or_was_cut_off_earns_less_than_the_worst():
    earned, metrics = await earn(
        make_reward(LikesE()), ["ab", "Q", "ee", "be", "ee", "bb"], [0, 0, 0, 1, 1, 1],
        ends=[END, END, END, END, 1, END],
    )  # fmt: skip
    assert earned == pytest.approx([0, -0.04, 0.1, 0.05, -0.04, 0])
    assert metrics["unreadable"] == pytest.approx(2 / 6)
    assert metrics["truncated"] == pytest.approx(1 / 6)


async def test_scores_off_the_scale_are_a_failure():
    reward = make_reward(LikesE(), settings=GroupReward(highest=5))
    earned, _ = await earn(reward, ["ee", "ab", "c", "ex", "ae", "bb"], [0, 0, 0, 1, 1, 1])
    assert earned[:3] == [None] * 3
    assert earned[3:] == pytest.approx([0.05, 0.05, 0])


async def test_compat_pays_as_published():
    reward = make_reward(Fails(), compat=True)
    earned, _ = await earn(reward, ["ee", "ab", "Q"], [0, 0, 0])
    assert earned == pytest.approx([-0.0004, -0.0004, -0.04])


async def test_a_split_group_is_refused():
    reward = make_reward(LikesE())
    with pytest.raises(UserError, match="2 rollouts of '0' are together, and a group has 3"):
        await earn(reward, ["a", "b", "c"], [0, 0, 1])


async def test_samples_and_statistics_tell_of_the_step():
    kept: list[tuple[int, list[Judged]]] = []
    reward = make_reward(
        LikesE(),
        wrong_language=wrong_script,
        on_judged=lambda step, groups: kept.append((step, list(groups))),
    )
    _, metrics = await earn(reward, ["ee", "ee", "词语词"], [0, 0, 0])
    ((step, (judged,)),) = kept
    assert step == 5
    assert judged.scores == {"ee": 10, "词语词": 0}
    assert judged.rewards == pytest.approx((0.1, 0.1, 0))
    assert metrics["duplicate"] == pytest.approx(1 / 3)
    assert metrics["wrong_language"] == pytest.approx(1 / 3)
    assert metrics["judging_seconds"] >= 0


@pytest.mark.parametrize(
    ("text", "target", "wrong"),
    [
        ("Guten Tag", "de", False),
        ("你好，世界", "de", True),
        ("你好，世界", "zh", False),
        ("Hello world", "Chinese", True),
        ("Python 是一种 language", "zh", True),
        ("用 Go 写的程序很快", "zh-CN", False),
        ("12:30", "zh", False),
    ],
)
def test_scripts(text: str, target: str, wrong: bool):
    assert wrong_script(text, Segment("", "", "en", target)) is wrong
