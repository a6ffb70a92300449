"""The thread between coroutines and a desk: nobody waits in vain."""

from __future__ import annotations

import asyncio
import threading

import pytest

from dragoman.engines.batching import Batcher, Job
from dragoman.engines.local import LocalEngine
from dragoman.errors import EngineError, EngineRefused
from dragoman.types import Completion, Prompt, Reply, Sampling


class EchoDesk:
    """Answers one job a step with its own text; some texts break it."""

    def __init__(self) -> None:
        self.taken: list[int] = []
        self.jobs: list[Job] = []
        self.may_go_on = threading.Event()
        self.may_go_on.set()
        self.closed = False

    def take(self, jobs: list[Job]) -> None:
        self.taken.append(len(jobs))
        if any(job.prompt.text == "breaks take" for job in jobs):
            raise RuntimeError("take broke")
        self.jobs += jobs

    def step(self) -> bool:
        self.may_go_on.wait(5)
        job = self.jobs.pop(0)
        if job.prompt.text == "breaks step":
            raise RuntimeError("step broke")
        job.answer(Completion((Reply(job.prompt.text),)))
        return bool(self.jobs)

    def close(self) -> None:
        self.closed = True


def ask(batcher: Batcher, text: str) -> asyncio.Task[Completion]:
    return asyncio.create_task(batcher.complete(Prompt(text), Sampling()))


async def test_siblings_arrive_together():
    desk = EchoDesk()
    batcher = Batcher("echo", desk)
    answers = await asyncio.gather(*(ask(batcher, str(i)) for i in range(50)))
    assert [answer.replies[0].text for answer in answers] == [str(i) for i in range(50)]
    assert desk.taken[0] == 50
    await batcher.close()
    assert desk.closed


@pytest.mark.parametrize("where", ["take", "step"])
async def test_a_breakdown_fails_every_waiter(where: str):
    batcher = Batcher("echo", EchoDesk())
    tasks = [ask(batcher, text) for text in (f"breaks {where}", "a", "b")]
    for result in await asyncio.gather(*tasks, return_exceptions=True):
        assert isinstance(result, EngineError)
        assert f"{where} broke" in str(result)
    with pytest.raises(EngineRefused, match=f"{where} broke"):
        await batcher.complete(Prompt("later"), Sampling())
    await batcher.close()


async def test_a_cancelled_caller_leaves_the_others_alone():
    desk = EchoDesk()
    batcher = Batcher("echo", desk)
    desk.may_go_on.clear()
    tasks = [ask(batcher, str(i)) for i in range(3)]
    await asyncio.sleep(0.02)
    tasks[0].cancel()
    tasks[1].cancel()
    await asyncio.sleep(0)
    desk.may_go_on.set()
    assert (await tasks[2]).replies[0].text == "2"
    assert (await ask(batcher, "later")).replies[0].text == "later"
    await batcher.close()


async def test_close_fails_what_waits_and_ends_the_thread():
    desk = EchoDesk()
    batcher = Batcher("echo", desk)
    desk.may_go_on.clear()
    tasks = [ask(batcher, str(i)) for i in range(3)]
    await asyncio.sleep(0.02)
    threading.Timer(0.05, desk.may_go_on.set).start()
    await asyncio.gather(batcher.close(), batcher.close())
    for result in await asyncio.gather(*tasks, return_exceptions=True):
        assert isinstance(result, EngineError)
    assert not [thread for thread in threading.enumerate() if thread.name == "dragoman echo"]
    with pytest.raises(EngineRefused, match="closed"):
        await batcher.complete(Prompt("later"), Sampling())


def test_several_event_loops_may_ask():
    batcher = Batcher("echo", EchoDesk())
    for text in "ab":
        answer = asyncio.run(batcher.complete(Prompt(text), Sampling()))
        assert answer.replies[0].text == text
    asyncio.run(batcher.close())


async def test_jobs_go_to_the_least_busy_of_several_desks():
    desks = [EchoDesk(), EchoDesk()]
    desks[0].may_go_on.clear()
    engine = LocalEngine("echo", *(Batcher("echo", desk) for desk in desks))
    held = asyncio.create_task(engine.complete(Prompt("held"), Sampling()))
    await asyncio.sleep(0.01)
    for text in "abc":  # one after the other: the first desk is never the less busy one
        answer = await asyncio.wait_for(engine.complete(Prompt(text), Sampling()), 5)
        assert answer.replies[0].text == text
    assert (sum(desks[0].taken), sum(desks[1].taken)) == (1, 3)
    desks[0].may_go_on.set()
    assert (await held).replies[0].text == "held"
    await engine.close()
    assert all(desk.closed for desk in desks)
