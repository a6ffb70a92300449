"""The scripted engine: replies from rules instead of a model, for tests and dry runs.

A rule file is JSONL; the first rule that fits a prompt answers it:

    {"contains": "Hallo", "reply": "A: 8, B: 3"}
    {"contains": ["German", "Chinese"], "replies": ["7", "9"], "delay": 0.2}
    {"contains": "too long", "error": "prompt-refused"}
    {"verdict": "hash"}

`contains` is a text, or several that must all be there; without it a rule fits every prompt.
`reply` is the answer; of `replies` a hash of prompt and seed chooses one; `verdict` makes an
answer up for any group prompt (see `made_up.py`); `error` is `down`, `refused` or
`prompt-refused`. `delay` waits that many seconds first, `truncated` marks the reply as cut
off, and `log` names a file that gets one line for each call the rule answered.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NoReturn, cast

from dragoman.engines.made_up import draw, made_up_reply
from dragoman.engines.replies import cut_at_stop
from dragoman.errors import (
    BadRecord,
    EngineDown,
    EngineRefused,
    PromptRefused,
    UserError,
)
from dragoman.row_files import read_rows
from dragoman.signature import digest
from dragoman.types import Completion, Prompt, Reply, Sampling, Usage

Answering = Callable[[Prompt, Sampling], str | list[str]]

ERRORS = {"down": EngineDown, "refused": EngineRefused, "prompt-refused": PromptRefused}


@dataclass(frozen=True, slots=True)
class Rule:
    """Which prompts it fits, and what is said to them."""

    answer: Answering
    contains: tuple[str, ...] = ()
    delay: float = 0.0
    truncated: bool = False
    log: str | None = None

    def fits(self, text: str) -> bool:
        return all(part in text for part in self.contains)


class ScriptedEngine:
    """Answers by rules: from a JSONL file, or given in Python as mappings or `Rule`s."""

    def __init__(
        self,
        place: str | None = None,
        *,
        model: str | None = None,
        rules: Sequence[Rule | Mapping[str, Any]] | None = None,
    ):
        if (place is None) == (rules is None):
            raise UserError("the scripted engine wants a rule file or rules, and not both")
        self._place = place or "rules"
        lines = list(read_rows(place) if place is not None else enumerate(rules or (), start=1))
        if not lines:
            raise UserError(f"{self._place}: there is no rule in it")
        self._rules = [_checked_rule(self._place, number, line) for number, line in lines]
        # Other rules are another model: cached replies must not outlive an edit.
        script = digest([dict(line) for _, line in lines if not isinstance(line, Rule)])
        self._identity = f"{model or 'scripted'}@{script[:8]}"

    @classmethod
    def answering(
        cls, function: Answering, *, model: str = "scripted", log: str | None = None
    ) -> ScriptedEngine:
        """An engine that says what a function says: one text for all replies, or one each.

        Give engines with different functions different model names where replies are kept.
        """
        return cls(rules=[Rule(function, log=log)], model=model)

    @property
    def identity(self) -> str:
        return self._identity

    async def complete(self, prompt: Prompt, sampling: Sampling) -> Completion:
        rule = self._rule_for(prompt.text)
        if rule.delay:
            await asyncio.sleep(rule.delay)
        try:
            texts = _as_many(rule.answer(prompt, sampling), sampling.n)
            replies = tuple(_reply(text, sampling, rule.truncated) for text in texts)
        finally:
            if rule.log:
                _append_line(rule.log, digest([prompt.text, sampling.seed, sampling.n]))
        reply_tokens = sum(_rough_tokens(reply.text) for reply in replies)
        return Completion(replies, Usage(1, _rough_tokens(prompt.text), reply_tokens))

    async def close(self) -> None:
        pass

    def _rule_for(self, text: str) -> Rule:
        for rule in self._rules:
            if rule.fits(text):
                return rule
        start = text if len(text) <= 60 else text[:60] + "…"
        raise PromptRefused(f"{self._place}: no rule fits the prompt {start!r}")


def _as_many(answer: str | list[str], n: int) -> list[str]:
    texts = [answer] * n if isinstance(answer, str) else answer
    if len(texts) != n:
        raise ValueError(f"{n} replies were asked for, the function gave {len(texts)}")
    return texts


def _reply(text: str, sampling: Sampling, truncated: bool) -> Reply:
    text = cut_at_stop(text, sampling.stop)
    if _rough_tokens(text) > sampling.max_tokens:
        return Reply(" ".join(text.split(" ")[: sampling.max_tokens]), "length")
    return Reply(text, "length" if truncated else "stop")


def _rough_tokens(text: str) -> int:
    """Words, as spaces part them: cheap, and good enough for bookkeeping."""
    return text.count(" ") + 1


def _append_line(path: str, line: str) -> None:
    # One write to a file opened for appending: lines of several processes never mix,
    # and a killed process leaves no half line.
    file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
    try:
        os.write(file, f"{line}\n".encode())
    finally:
        os.close(file)


def _checked_rule(place: str, number: int, line: Rule | Mapping[str, Any]) -> Rule:
    try:
        return line if isinstance(line, Rule) else _rule(line)
    except ValueError as error:
        raise BadRecord(place, number, str(error)) from None


_ANSWERS = ("reply", "replies", "verdict", "error")
_KEYS = {*_ANSWERS, "contains", "delay", "truncated", "log"}


def _rule(row: Mapping[str, Any]) -> Rule:
    for key in row:
        if key not in _KEYS:
            raise ValueError(f"a rule has no key {key!r}; there are {', '.join(sorted(_KEYS))}")
    given = [key for key in _ANSWERS if key in row]
    if len(given) != 1:
        raise ValueError(f"a rule has exactly one of {', '.join(_ANSWERS)}")
    return Rule(
        _answer(given[0], row[given[0]]),
        _texts("contains", row.get("contains", [])),
        _seconds(row.get("delay", 0)),
        _truth("truncated", row.get("truncated", False)),
        None if row.get("log") is None else _text("log", row["log"]),
    )


def _answer(kind: str, value: object) -> Answering:
    if kind == "reply":
        return _saying((_text("reply", value),))
    if kind == "replies":
        return _saying(_texts("replies", value))
    if kind == "verdict":
        if value != "hash":
            raise ValueError("'verdict' can only be \"hash\"")
        return made_up_reply
    if not isinstance(value, str) or value not in ERRORS:
        raise ValueError(f"'error' is one of {', '.join(ERRORS)}, not {value!r}")
    return _raising(value)


def _saying(replies: tuple[str, ...]) -> Answering:
    if not replies:
        raise ValueError("'replies' is empty")
    if len(replies) == 1:
        return lambda prompt, sampling: replies[0]

    def choose(prompt: Prompt, sampling: Sampling) -> list[str]:
        first = draw(prompt.text, sampling.seed)
        return [replies[(first + i) % len(replies)] for i in range(sampling.n)]

    return choose


def _raising(kind: str) -> Answering:
    def fail(prompt: Prompt, sampling: Sampling) -> NoReturn:
        raise ERRORS[kind](f"the script says: {kind}")

    return fail


def _text(key: str, value: object) -> str:
    if not isinstance(value, str):
        raise ValueError(f"{key!r} must be text")
    return value


def _texts(key: str, value: object) -> tuple[str, ...]:
    if isinstance(value, str):
        return (value,)
    if not isinstance(value, list | tuple):
        raise ValueError(f"{key!r} must be text or a list of texts")
    return tuple(_text(key, item) for item in cast(list[object], value))


def _seconds(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < 1e9:
        raise ValueError("'delay' must be a number of seconds")
    return float(value)


def _truth(key: str, value: object) -> bool:
    if not isinstance(value, bool):
        raise ValueError(f"{key!r} must be true or false")
    return value
