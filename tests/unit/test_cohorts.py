"""Cohorts without HTTP: who waits for whom, and what everybody is told."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dragoman.errors import UserError
from dragoman.rewards.group import GroupReward, Rollout, group_reward
from dragoman.rewards.length import Overlong
from dragoman.serving.cohort import Answer, Arrival, CohortKey, Conflict, Full, Leaving, Store
from dragoman.serving.cohort_store import CohortStore
from dragoman.serving.cohorts import Cohorts, CohortSettings
from dragoman.types import Failure, Group, Judgement, Ranking, Segment, Verdict

SEGMENT = Segment("u", "Guten Morgen", "de", "en")
KEY = CohortKey("run", "u", 0)


class Judge:
    """Gives each text the number it ends with, and remembers what it was asked."""

    def __init__(self, delay: float = 0.0, failing: bool = False):
        self.delay, self.failing = delay, failing
        self.asked: list[tuple[str, ...]] = []

    async def __call__(self, group: Group) -> Judgement:
        texts = tuple(candidate.text for candidate in group.candidates)
        self.asked.append(texts)
        await asyncio.sleep(self.delay)
        if self.failing:
            return Judgement(group, None, Failure("bad-scores"))
        scores = tuple(float(text.split()[-1]) for text in texts)
        ranking = Ranking((tuple(range(len(texts))),))
        return Judgement(group, Verdict(ranking, scores), None)


def arrival(slot: int, text: str | None, tokens: int = 10, size: int = 3) -> Arrival:
    return Arrival(slot, size, SEGMENT, Rollout(text, tokens))


async def meet(cohorts: Cohorts, arrivals: Sequence[Arrival], patience: float = 5) -> list[Answer]:
    return await asyncio.gather(*(cohorts.reward(KEY, one, patience) for one in arrivals))


async def test_rewards_by_hand() -> None:
    judge = Judge()
    settings = CohortSettings(reward=GroupReward(overlong=Overlong(free=10, ramp=10, worst=0.04)))
    cohorts = Cohorts(judge, settings)
    arrivals = [
        arrival(3, None, size=5),
        arrival(1, "a 8", 15, size=5),
        arrival(0, "a 8", 10, size=5),
        arrival(4, "c 2", 99, size=5),
        arrival(2, "b 4", 10, size=5),
    ]
    answers = await meet(cohorts, arrivals)
    # .02 - .04 is the worst readable one; an unreadable one is at -.04, which is below it.
    assert [answer.reward for answer in answers] == pytest.approx([-0.04, 0.06, 0.08, -0.02, 0.04])
    assert [answer.score for answer in answers] == [None, 8, 8, 2, 4]
    assert judge.asked == [("a 8", "b 4", "c 2")]


async def test_whoever_asks_again_gets_the_same_answer_and_no_judge_is_asked() -> None:
    judge = Judge()
    cohorts = Cohorts(judge)
    arrivals = [arrival(0, "a 1"), arrival(1, "b 2"), arrival(2, "c 3")]
    first = await meet(cohorts, [*arrivals, arrivals[1]])
    assert first[1] == first[3]
    assert await meet(cohorts, arrivals[::-1]) == first[2::-1]
    assert len(judge.asked) == 1


async def test_attempts_and_runs_do_not_mix() -> None:
    judge = Judge()
    cohorts = Cohorts(judge)
    keys = [KEY, CohortKey("run", "u", 1), CohortKey("other", "u", 0)]
    await asyncio.gather(
        *(
            cohorts.reward(key, arrival(slot, f"{number} {slot}", size=2), 5)
            for slot in range(2)
            for number, key in enumerate(keys)
        )
    )
    assert sorted(judge.asked) == [(f"{n} 0", f"{n} 1") for n in range(3)]


@pytest.mark.usefixtures("clock")
async def test_a_lost_sibling_is_not_waited_for_beyond_the_deadline() -> None:
    cohorts = Cohorts(Judge())
    answers = await meet(cohorts, [arrival(0, "a 1"), arrival(2, "c 3")], patience=60)
    assert [answer.reward for answer in answers] == [0.01, 0.03]
    assert await cohorts.reward(KEY, arrival(1, "b 2"), 5) == Answer(None, reason="late")


async def test_an_incomplete_cohort_may_be_dropped() -> None:
    judge = Judge()
    cohorts = Cohorts(judge, CohortSettings(partial="drop"))
    answers = await meet(cohorts, [arrival(0, "a 1"), arrival(2, "c 3")], patience=0.05)
    assert answers == [Answer(None, reason="incomplete")] * 2
    assert await cohorts.reward(KEY, arrival(1, "b 2"), 5) == answers[0]
    assert judge.asked == []


async def test_one_alone_has_nobody_to_be_compared_with() -> None:
    cohorts = Cohorts(Judge())
    answers = await meet(cohorts, [arrival(0, "a 1"), arrival(2, "a 1")], patience=0.05)
    assert answers == [Answer(None, reason="incomplete")] * 2


async def test_identical_texts_are_neutral_and_cost_nothing() -> None:
    judge = Judge()
    answers = await meet(Cohorts(judge), [arrival(slot, "a 1", 4000) for slot in range(3)])
    assert [answer.reward for answer in answers] == [0.0] * 3
    assert judge.asked == []


async def test_a_failed_judge_rewards_nobody() -> None:
    cohorts = Cohorts(Judge(failing=True))
    answers = await meet(cohorts, [arrival(0, "a 1"), arrival(1, None), arrival(2, "c 3")])
    assert answers == [Answer(None, reason="judge: bad-scores")] * 3


async def test_a_judge_that_breaks_leaves_nobody_waiting() -> None:
    answers = await meet(Cohorts(Judge()), [arrival(i, text) for i, text in enumerate("abc")])
    assert answers == [Answer(None, reason="judge: ValueError")] * 3


async def test_scores_off_the_scale_are_no_rewards() -> None:
    answers = await meet(Cohorts(Judge()), [arrival(i, f"a {i * 9}") for i in range(3)])
    assert answers == [Answer(None, reason="judge: scores off the scale")] * 3


async def test_compat_pays_as_published() -> None:
    cohorts = Cohorts(Judge(failing=True), CohortSettings(compat=True))
    answers = await meet(cohorts, [arrival(0, "a 1"), arrival(1, None), arrival(2, "c 3")])
    assert [answer.reward for answer in answers] == pytest.approx([-0.0004, -0.04, -0.0004])


@pytest.mark.usefixtures("clock")
async def test_a_slow_judge_cannot_hold_anybody_beyond_the_deadline() -> None:
    loop = asyncio.get_running_loop()
    cohorts = Cohorts(Judge(delay=30))
    begun = loop.time()
    answers = await meet(cohorts, [arrival(i, f"a {i}") for i in range(3)], patience=10)
    assert answers == [Answer(None, reason="deadline")] * 3
    assert loop.time() - begun == pytest.approx(10, abs=0.1)
    assert await cohorts.reward(KEY, arrival(0, "a 0"), 5) == answers[0]


async def test_contradictions_are_refused() -> None:
    cohorts = Cohorts(Judge())
    waiting = asyncio.create_task(cohorts.reward(KEY, arrival(0, "a 1"), 0.2))
    await asyncio.sleep(0)
    other = Segment("u", "Gute Nacht", "de", "en")
    for wrong in (
        arrival(0, "other 1"),
        arrival(0, "a 1", tokens=11),
        arrival(1, "b 1", size=4),
        Arrival(1, 3, other, Rollout("b 1", 1)),
    ):
        with pytest.raises(Conflict):
            await cohorts.reward(KEY, wrong, 5)
    with pytest.raises(Conflict, match="slot 3 of 3"):
        arrival(3, "a 1")
    assert (await waiting).reason == "incomplete"


async def test_cancelling_answers_everybody_also_those_to_come() -> None:
    cohorts = Cohorts(Judge())
    waiting = asyncio.create_task(cohorts.reward(KEY, arrival(0, "a 1"), 5))
    await asyncio.sleep(0)
    cohorts.cancel(KEY)
    cancelled = Answer(None, reason="cancelled")
    assert await waiting == cancelled
    assert await cohorts.reward(KEY, arrival(1, "b 1"), 5) == cancelled
    overtaken = CohortKey("run", "u", 7)
    cohorts.cancel(overtaken)
    assert await cohorts.reward(overtaken, arrival(1, "b 1"), 5) == cancelled


@pytest.mark.usefixtures("clock")
async def test_a_caller_that_hangs_up_leaves_its_rollout_behind() -> None:
    judge = Judge()
    cohorts = Cohorts(judge)
    gone = asyncio.create_task(cohorts.reward(KEY, arrival(0, "a 1"), 20))
    await asyncio.sleep(0)
    gone.cancel()
    await asyncio.sleep(30)
    assert judge.asked == []
    answers = await meet(cohorts, [arrival(1, "b 2"), arrival(2, "c 3")])
    assert judge.asked == [("a 1", "b 2", "c 3")]
    assert [answer.reward for answer in answers] == [0.02, 0.03]
    assert cohorts.waiting == 0


async def test_no_more_wait_than_may() -> None:
    cohorts = Cohorts(Judge(), CohortSettings(most_waiting=1))
    waiting = asyncio.create_task(cohorts.reward(KEY, arrival(0, "a 1"), 0.05))
    await asyncio.sleep(0)
    with pytest.raises(Full):
        await cohorts.reward(KEY, arrival(1, "b 1"), 5)
    await waiting


async def test_a_server_that_stops_sends_the_waiting_away_and_finishes_what_is_judged() -> None:
    cohorts = Cohorts(Judge(delay=0.05))
    judged = asyncio.create_task(meet(cohorts, [arrival(i, f"a {i}") for i in range(3)]))
    other = CohortKey("run", "v", 0)
    waiting = asyncio.create_task(cohorts.reward(other, arrival(0, "a 1"), 5))
    await asyncio.sleep(0.01)
    cohorts.leave()
    with pytest.raises(Leaving):
        await waiting
    with pytest.raises(Leaving):
        await cohorts.reward(other, arrival(0, "a 1"), 5)
    assert [answer.reward for answer in await judged] == [0, 0.01, 0.02]


async def test_cohorts_outlive_the_server(tmp_path: Path) -> None:
    judge, path = Judge(), tmp_path / "cohorts.sqlite"
    store = CohortStore(path)
    before = Cohorts(judge, store=store)
    arrivals = [arrival(0, "ä 1"), arrival(1, None), arrival(2, "c 3")]
    settled = CohortKey("run", "settled", 0)
    answers = await asyncio.gather(*(before.reward(settled, one, 5) for one in arrivals))
    waiting = [asyncio.create_task(before.reward(KEY, one, 5)) for one in arrivals[:2]]
    await asyncio.sleep(0)
    with pytest.raises(UserError, match="another server is using it"):
        CohortStore(path)
    for task in waiting:
        task.cancel()
    store.close()

    store = CohortStore(path)
    after = Cohorts(judge, store=store)
    again = await asyncio.gather(*(after.reward(settled, one, 5) for one in arrivals))
    assert again == answers
    with pytest.raises(Conflict):
        await after.reward(settled, arrival(0, "other 1"), 5)
    assert await after.reward(KEY, arrivals[2], 5) == answers[2]
    assert judge.asked == [("ä 1", "c 3")] * 2
    store.close()


async def test_what_nobody_awaits_is_forgotten_first() -> None:
    judge = Judge()
    cohorts = Cohorts(judge, CohortSettings(remembered=2))
    waiting = asyncio.create_task(cohorts.reward(KEY, arrival(0, "a 1", size=2), 5))
    await asyncio.sleep(0)
    for number in range(5):
        cohorts.cancel(CohortKey("run", str(number), 0))
    assert (await cohorts.reward(KEY, arrival(1, "b 2", size=2), 5)).reward == 0.02
    assert (await waiting).reward == 0.01


texts = st.none() | st.sampled_from(["a 1", "b 2", "c 3", "d 4"])
groups = st.lists(st.builds(Rollout, texts, st.integers(0, 5000)), min_size=1, max_size=6)


@settings(max_examples=60, deadline=None)
@given(
    data=st.data(),
    cohorts_of=st.lists(groups, min_size=1, max_size=4),
    kept=st.booleans(),
)
def test_any_order_with_copies_and_hang_ups_rewards_as_the_whole_group(
    data: st.DataObject, cohorts_of: list[list[Rollout]], kept: bool
) -> None:
    everyone = [(c, slot) for c, group in enumerate(cohorts_of) for slot in range(len(group))]
    order = data.draw(st.permutations(everyone + data.draw(st.lists(st.sampled_from(everyone)))))
    gone = data.draw(st.sets(st.sampled_from(range(len(order)))))

    async def run(store: Store | None) -> None:
        cohorts = Cohorts(Judge(), store=store)

        def ask(c: int, slot: int) -> asyncio.Task[Answer]:
            one = Arrival(slot, len(cohorts_of[c]), SEGMENT, cohorts_of[c][slot])
            return asyncio.create_task(cohorts.reward(CohortKey("", str(c), 0), one, 5))

        for place, (c, slot) in enumerate(order):
            task = ask(c, slot)
            await asyncio.sleep(0)
            if place in gone:
                task.cancel()
            else:
                asked.append(((c, slot), task))
        for c, slot in everyone:
            asked.append(((c, slot), ask(c, slot)))
        await asyncio.gather(*(task for _, task in asked))

    asked: list[tuple[tuple[int, int], asyncio.Task[Answer]]] = []
    store = CohortStore(":memory:") if kept else None
    asyncio.run(run(store))
    if store:
        store.close()
    for (c, slot), task in asked:
        group = cohorts_of[c]
        different = list(dict.fromkeys(r.text for r in group if r.text is not None))
        scores = [float(text[-1]) for text in different]
        assert task.result().reward == group_reward(group, scores)[slot]
