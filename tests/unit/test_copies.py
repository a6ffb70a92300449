"""Models in processes of their own: answers come back, and no death goes unsaid."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator
from functools import partial
from importlib import import_module
from pathlib import Path

import pytest
from tests.desks import ObedientDesk, broken, lacking, single

from dragoman.engines.copies import Copy, open_copies
from dragoman.errors import EngineError, EngineRefused, PromptRefused, UserError
from dragoman.types import Prompt, Sampling, Usage


@pytest.fixture
async def copy() -> AsyncIterator[Copy]:
    [copy] = open_copies("obedient", ObedientDesk, 1)
    yield copy
    await copy.close()


async def ask(copy: Copy, text: str) -> str:
    return (await copy.complete(Prompt(text), Sampling())).replies[0].text


def process_of(copy: Copy) -> int:
    return copy._process.pid  # pyright: ignore[reportPrivateUsage]


async def test_each_copy_answers_in_its_own_process():
    copies = open_copies("obedient", ObedientDesk, 2)
    answers = [await copy.complete(Prompt("süß"), Sampling()) for copy in copies]
    assert [answer.replies[0].text for answer in answers] == ["süß 🙂"] * 2
    assert answers[0].usage == Usage(1, 2)
    assert [int(answer.replies[1].text) for answer in answers] == list(map(process_of, copies))
    assert len({*map(process_of, copies), os.getpid()}) == 3
    for copy in copies:
        await copy.close()
        with pytest.raises(ProcessLookupError):
            os.kill(process_of(copy), 0)


async def test_what_is_answered_first_comes_first(copy: Copy):
    slow = asyncio.create_task(ask(copy, "wait"))
    assert await ask(copy, "quick") == "quick 🙂"
    assert not slow.done()
    assert copy.under_way == 1
    slow.cancel()


async def test_a_caller_that_goes_away_is_not_worked_for(copy: Copy):
    waiting = [asyncio.create_task(ask(copy, "wait")) for _ in range(3)]
    assert await ask(copy, "dropped") == "0"
    for task in waiting[:2]:
        task.cancel()
    await asyncio.sleep(0)
    while await ask(copy, "dropped") != "2":
        await asyncio.sleep(0.01)
    assert copy.under_way == 1
    waiting[2].cancel()


async def test_one_that_is_refused_fails_alone(copy: Copy):
    with pytest.raises(PromptRefused, match="I will not"):
        await ask(copy, "refuse")
    assert await ask(copy, "later") == "later 🙂"


async def test_what_it_prints_is_no_answer(copy: Copy):
    assert await ask(copy, "print") == "printed"


@pytest.mark.parametrize(
    ("end", "words"),
    [("break", "it broke"), ("die", "ended with 3"), ("kill", "killed by signal 9")],
)
async def test_its_end_fails_every_waiter(copy: Copy, end: str, words: str):
    waiting = asyncio.create_task(ask(copy, "wait"))
    assert await ask(copy, "first") == "first 🙂"
    if end == "kill":
        os.kill(process_of(copy), signal.SIGKILL)
    else:
        with pytest.raises(EngineError, match=words):
            await ask(copy, end)
    with pytest.raises(EngineError, match=words):
        await waiting
    with pytest.raises(EngineRefused, match=words):
        await ask(copy, "later")


async def test_an_interrupt_leaves_it_to_us(copy: Copy):
    assert await ask(copy, "first") == "first 🙂"
    os.kill(process_of(copy), signal.SIGINT)
    assert await ask(copy, "later") == "later 🙂"


async def test_close_fails_what_waits():
    [copy] = open_copies("obedient", ObedientDesk, 1)
    waiting = asyncio.create_task(ask(copy, "wait"))
    await ask(copy, "first")
    await asyncio.gather(copy.close(), copy.close())
    with pytest.raises(EngineError, match="was closed"):
        await waiting
    # That its process has ended since is not what a caller has to know.
    with pytest.raises(EngineRefused, match="was closed"):
        await ask(copy, "later")


def test_a_model_that_does_not_open_says_why():
    with pytest.raises(UserError, match="pip install 'dragoman"):
        open_copies("lacking", lacking, 2)
    with pytest.raises(EngineRefused, match="copy of broken broke down: its process was ended"):
        open_copies("broken", broken, 2)


def test_where_one_does_not_open_none_goes_on(tmp_path: Path):
    place = tmp_path / "process"
    with pytest.raises(UserError, match="pip install 'dragoman"):
        open_copies("single", partial(single, str(place)), 2)
    with pytest.raises(ProcessLookupError):
        os.kill(int(place.read_text()), 0)


async def test_it_finds_the_modules_that_we_find(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    file = tmp_path / "desk_from_elsewhere.py"
    file.write_text("def make():\n    from tests.desks import ObedientDesk as D\n    return D()\n")
    monkeypatch.syspath_prepend(tmp_path)
    [copy] = open_copies("elsewhere", import_module("desk_from_elsewhere").make, 1)
    assert await ask(copy, "here") == "here 🙂"
    await copy.close()


async def test_it_ends_with_the_process_that_began_it(tmp_path: Path):
    script = (
        "from tests.desks import ObedientDesk\n"
        "from dragoman.engines.copies import open_copies\n"
        "import os\n"
        "print(open_copies('x', ObedientDesk, 1)[0]._process.pid, flush=True)\n"
        "os._exit(1)\n"
    )
    begun = await asyncio.create_subprocess_exec(
        sys.executable, "-c", script, stdout=asyncio.subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )  # fmt: skip
    said, _ = await begun.communicate()
    for _ in range(500):
        if not Path(f"/proc/{int(said)}").exists() or _is_zombie(int(said)):
            return
        await asyncio.sleep(0.01)
    pytest.fail("it goes on")


def _is_zombie(process: int) -> bool:
    return ") Z " in Path(f"/proc/{process}/stat").read_text()
