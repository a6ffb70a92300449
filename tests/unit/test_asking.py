from __future__ import annotations

from dataclasses import dataclass, field

import pytest

from dragoman.asking import Asker, Patience, cache_key
from dragoman.engines.scripted import ScriptedEngine
from dragoman.errors import EngineRefused, UnreadableReply, UserError
from dragoman.formats import Reading, Takes
from dragoman.types import Completion, Prompt, Sampling, Usage


@dataclass
class Number:
    """A format small enough to see through: any prompt, a whole number back."""

    name: str = "number"
    version: str = "1"
    takes: Takes = "segment"
    reading: Reading = "strict"

    @property
    def fields(self) -> dict[str, object]:
        return {"format": f"{self.name}.{self.version}", "reading": self.reading}

    def write(self, item: str) -> Prompt:
        return Prompt(item)

    def read(self, reply: str, item: str) -> int:
        if not reply.isdecimal():
            raise UnreadableReply("no-number", reply)
        return int(reply)


@dataclass
class Shelf:
    """A cache that can be looked into."""

    kept: dict[str, Completion] = field(default_factory=dict)

    def find_reply(self, key: str) -> Completion | None:
        return self.kept.get(key)

    def keep_reply(self, key: str, completion: Completion) -> None:
        self.kept[key] = completion


def saying(*replies: str, asked: list[Sampling] | None = None) -> ScriptedEngine:
    """An engine that gives these replies in turn, and notes how it was asked."""
    turns = iter(replies)

    def answer(prompt: Prompt, sampling: Sampling) -> str:
        if asked is not None:
            asked.append(sampling)
        return next(turns)

    return ScriptedEngine.answering(answer)


async def test_a_readable_reply_is_asked_for_once() -> None:
    asked = await Asker(saying("7")).ask(Number(), "?")
    assert (asked.answer, asked.failure, asked.replies) == (7, None, ("7",))
    assert asked.usage.calls == 1


async def test_an_unreadable_reply_is_asked_for_again_hotter_and_with_another_seed() -> None:
    seen: list[Sampling] = []
    asked = await Asker(saying("x", "y", "7", asked=seen)).ask(Number(), "?")
    assert asked.answer == 7
    assert asked.replies == ("x", "y", "7")
    assert [s.temperature for s in seen] == [0.0, 0.7, 1.0]
    assert len({s.seed for s in seen}) == 3


async def test_patience_ends_with_the_last_reason() -> None:
    asked = await Asker(saying("x", "y"), patience=Patience(1)).ask(Number(), "?")
    assert asked.answer is None
    assert asked.failure is not None
    assert (asked.failure.reason, asked.failure.detail) == ("no-number", "y")
    assert asked.usage.calls == 2


async def test_a_reply_cut_off_is_never_read() -> None:
    engine = ScriptedEngine(rules=[{"reply": "1", "truncated": True}])
    asked = await Asker(engine, Sampling(max_tokens=5)).ask(Number(), "?")
    assert asked.failure is not None
    assert asked.failure.reason == "truncated"
    assert "5 tokens" in asked.failure.detail


@pytest.mark.parametrize(
    ("error", "reason"), [("down", "engine-down"), ("prompt-refused", "prompt-refused")]
)
async def test_an_engines_own_failure_is_not_asked_again(error: str, reason: str) -> None:
    asked = await Asker(ScriptedEngine(rules=[{"error": error}])).ask(Number(), "?")
    assert asked.failure is not None
    assert asked.failure.reason == reason
    assert asked.replies == ()


async def test_an_engine_that_refuses_everybody_stops_the_run() -> None:
    with pytest.raises(EngineRefused):
        await Asker(ScriptedEngine(rules=[{"error": "refused"}])).ask(Number(), "?")


async def test_a_finished_call_is_not_made_again() -> None:
    shelf = Shelf()
    first = await Asker(saying("x", "7"), cache=shelf).ask(Number(), "?")
    again = await Asker(saying(), cache=shelf).ask(Number(), "?")
    assert (again.answer, again.replies) == (first.answer, first.replies)
    assert again.usage == Usage()


async def test_draws_are_independent_calls() -> None:
    seen: list[Sampling] = []
    asker = Asker(saying("x", "1", "2", "3", asked=seen), cache=Shelf())
    assert [(await asker.ask(Number(), "?", draw)).answer for draw in (0, 1, 2)] == [1, 2, 3]
    assert len({s.seed for s in seen}) == 4


async def test_a_further_draw_of_a_greedy_judge_does_not_hear_the_same_again() -> None:
    seen: list[Sampling] = []
    engine = saying("x", "7", asked=seen)
    await Asker(engine, patience=Patience(1)).ask(Number(), "?", draw=1)
    assert [s.temperature for s in seen] == [0.7, 1.0]


async def test_a_grammar_guides_only_when_asked_for() -> None:
    grammars: list[str | None] = []

    def answer(prompt: Prompt, sampling: Sampling) -> str:
        grammars.append(prompt.grammar)
        return "7"

    class Guided(Number):
        def write(self, item: str) -> Prompt:
            return Prompt(item, grammar="root ::= [0-9]")

    engine = ScriptedEngine.answering(answer)
    await Asker(engine).ask(Guided(), "?")
    await Asker(engine, guided=True).ask(Guided(), "?")
    assert grammars == [None, "root ::= [0-9]"]
    with pytest.raises(UserError, match="number has no grammar; leave out --guided"):
        await Asker(engine, guided=True).ask(Number(), "?")


async def test_text_that_no_file_can_hold_is_mended_before_it_is_kept() -> None:
    asked = await Asker(saying("\ud800", "7")).ask(Number(), "?")
    assert asked.replies == ("\ufffd", "7")


@pytest.mark.parametrize(
    "other",
    [
        (Prompt("!"), Sampling(), Number()),
        (Prompt("?", chat=False), Sampling(), Number()),
        (Prompt("?", grammar="root ::= x"), Sampling(), Number()),
        (Prompt("?"), Sampling(temperature=1), Number()),
        (Prompt("?"), Sampling(seed=1), Number()),
        (Prompt("?"), Sampling(max_tokens=1), Number()),
        (Prompt("?"), Sampling(stop=("x",)), Number()),
        (Prompt("?"), Sampling(), Number(version="2")),
        (Prompt("?"), Sampling(), Number(reading="lenient")),
    ],
)
def test_whatever_changes_an_answer_changes_its_address(
    other: tuple[Prompt, Sampling, Number],
) -> None:
    engine = saying()
    assert cache_key(engine, *other) != cache_key(engine, Prompt("?"), Sampling(), Number())
    twin = cache_key(engine, Prompt("?"), Sampling(), Number())
    assert twin == cache_key(engine, Prompt("?"), Sampling(), Number())


def test_another_model_is_another_address() -> None:
    one = ScriptedEngine.answering(lambda p, s: "", model="one")
    two = ScriptedEngine.answering(lambda p, s: "", model="two")
    arguments = Prompt("?"), Sampling(), Number()
    assert cache_key(one, *arguments) != cache_key(two, *arguments)
