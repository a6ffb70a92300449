"""What is said to an OpenAI-compatible server, and what its answers mean. No network here.

Servers agree on the outline of the protocol and on little else, so nothing is believed that
can be checked: choices are counted, stop strings are cut again, and a reply that used up all
its tokens is cut off, whatever the server calls it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, cast

from dragoman.engines.control_tokens import defuse
from dragoman.engines.replies import cut_at_stop
from dragoman.engines.retrying import ServerFault
from dragoman.errors import EngineRefused, PromptRefused
from dragoman.types import Finish, Prompt, Reply, Sampling, Usage

Json = Mapping[str, Any]

# What a server may be asked to do without: the engine does it itself (`n`, `stop`), or the
# answer is still an answer.
GRAMMARS = ("structured_outputs", "guided_grammar")
OPTIONAL = ("n", "stop", "seed", *GRAMMARS)


class ParameterRefused(Exception):
    """The server takes no such parameter; the request may be made again without it."""

    def __init__(self, parameter: str):
        self.parameter = parameter
        super().__init__(parameter)


@dataclass(slots=True)
class Dialect:
    """What a server was found not to understand. It grows while an engine runs."""

    refused: set[str] = field(default_factory=set[str])
    length_key: str = "max_tokens"

    def learn(self, parameter: str) -> bool:
        """Remember to go without it; whether that is news."""
        if parameter == "max_tokens":
            news, self.length_key = self.length_key == parameter, "max_completion_tokens"
        else:
            news = parameter not in self.refused
            self.refused.add(parameter)
        return news


def write_request(
    prompt: Prompt, sampling: Sampling, model: str, dialect: Dialect
) -> tuple[str, dict[str, Any]]:
    """The path and the body that ask for `sampling.n` replies to a prompt."""
    body: dict[str, Any] = {"model": model}
    if prompt.chat:
        path, length_key = "/chat/completions", dialect.length_key
        body["messages"] = [{"role": "user", "content": defuse(prompt.text)}]
    else:
        path, length_key = "/completions", "max_tokens"
        body["prompt"] = prompt.text
    body[length_key] = sampling.max_tokens
    body["temperature"] = sampling.temperature
    if sampling.top_p != 1:
        body["top_p"] = sampling.top_p
    body["seed"] = sampling.seed
    if sampling.n > 1:
        body["n"] = sampling.n
    if sampling.stop:
        body["stop"] = list(sampling.stop)
    if prompt.grammar:
        if dialect.refused.issuperset(GRAMMARS):
            raise EngineRefused("the server decodes under no grammar; leave out --guided")
        # The newer and the older name of one thing; a server overlooks the one it does not know.
        body["structured_outputs"] = {"grammar": prompt.grammar}
        body["guided_grammar"] = prompt.grammar
    return path, {key: value for key, value in body.items() if key not in dialect.refused}


def read_replies(content: bytes, sampling: Sampling) -> tuple[list[Reply], Usage]:
    """The choices of an answer, at least one; `ServerFault` for anything that is no answer."""
    try:
        data = json.loads(content)
        choices = cast(list[Json], data["choices"])
        spent = _usage(data.get("usage"))
        replies = [_reply(choice, sampling, spent, len(choices)) for choice in choices]
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        raise ServerFault("garbage", f"no answer in {excerpt(content)!r}") from None
    if not replies:
        raise ServerFault("garbage", "an answer without choices")
    return replies, spent


def _reply(choice: Json, sampling: Sampling, spent: Usage, choices: int) -> Reply:
    reason = choice.get("finish_reason")
    if reason == "content_filter":
        raise PromptRefused("the server's content filter withheld the reply")
    used_up = spent.reply_tokens >= sampling.max_tokens * choices
    finish: Finish = "length" if reason == "length" or used_up else "stop"
    text = _text(choice, finish)
    kept = cut_at_stop(text, sampling.stop)
    return Reply(kept, "stop" if len(kept) < len(text) else finish)


def _text(choice: Json, finish: Finish) -> str:
    """The text of a choice: what was thought before it (`reasoning_content`) is not part of it."""
    message: Json = choice["message"] if "message" in choice else {"content": choice["text"]}
    text = message["content"]
    if isinstance(text, str):
        return text
    if text is not None:
        raise TypeError("the content is no text")
    if message.get("refusal"):
        raise PromptRefused(f"the model refuses: {str(message['refusal'])[:200]}")
    if finish == "length":
        return ""
    raise PromptRefused("the model answered with no text at all")


def _usage(data: object) -> Usage:
    counts: Json = cast(Json, data) if isinstance(data, dict) else {}
    prompt, reply = counts.get("prompt_tokens"), counts.get("completion_tokens")
    return Usage(
        prompt_tokens=prompt if isinstance(prompt, int) else 0,
        reply_tokens=reply if isinstance(reply, int) else 0,
    )


@dataclass(frozen=True, slots=True)
class Complaint:
    """What an error answer says: words for a person, a code, and the fields it points at."""

    message: str
    code: str = ""
    fields: frozenset[str] = frozenset()

    def names(self, parameter: str) -> bool:
        """Whether it is about this parameter: points at it, or names it as one names code."""
        if parameter in self.fields:
            return True
        named = rf"""[`'"]{parameter}[`'"]|\b{parameter}\s*[=:]|\b{parameter} (is|must|cannot)\b"""
        kinds = rf"\b(parameter|argument|field|keyword)s?:? {parameter}\b"
        return bool(re.search(f"{named}|{kinds}", self.message))

    def says(self, pattern: str) -> bool:
        return bool(re.search(pattern, f"{self.code} {self.message}", re.IGNORECASE))


def read_complaint(content: bytes) -> Complaint:
    """The complaint in an error answer, in OpenAI's form, FastAPI's, or any other."""
    try:
        data = json.loads(content)
        error = data.get("error") or data.get("detail") or data.get("message") or data
    except (ValueError, AttributeError, RecursionError):
        return Complaint(excerpt(content))
    if isinstance(error, list):
        return _validation_complaint(cast(list[object], error))
    if not isinstance(error, dict):
        return Complaint(str(error)[:500])
    parts = cast(Json, error)
    message = str(parts.get("message") or parts)[:500]
    fields = frozenset({str(parts["param"])} if parts.get("param") else ())
    return Complaint(message, str(parts.get("code") or parts.get("type") or ""), fields)


def _validation_complaint(errors: list[object]) -> Complaint:
    rows = [cast(Json, error) for error in errors if isinstance(error, dict)]
    places = [_parts(row.get("loc")) for row in rows]
    messages = [f"{'.'.join(p)}: {row.get('msg')}" for p, row in zip(places, rows, strict=True)]
    fields = frozenset(part for place in places for part in place)
    return Complaint("; ".join(messages)[:500], "", fields)


def _parts(place: object) -> list[str]:
    return [str(part) for part in cast(list[object], place)] if isinstance(place, list) else []


CONTEXT = r"context.?(length|window|size)|maximum.{0,20}length|too long|too many.{0,10}tokens"
UNKNOWN_MODEL = r"model.?not.?found|model\b.{0,200}\b(not exist|not found|unknown|not available)"
NO_QUOTA = r"insufficient.?(quota|funds|balance)|quota exceeded|billing"


def refusal(
    place: str, status: int, complaint: Complaint, body: Json, retry_after: float | None
) -> Exception:
    """What an answer that is not a 200 means for the request that it answers."""
    words = f"HTTP {status}: {complaint.message}"
    if status in (400, 404, 422) and complaint.says(UNKNOWN_MODEL):
        return EngineRefused(f"{place}: no model {body['model']!r}; check --model ({words})")
    if status == 402 or (status == 429 and complaint.says(NO_QUOTA)):
        return EngineRefused(f"{place}: the account's quota is used up ({words})")
    if status in (404, 405):
        return EngineRefused(f"{place}: nothing there; does the address end in /v1? ({words})")
    if 300 <= status < 400:
        return EngineRefused(f"{place}: asks to go elsewhere; give the final address ({words})")
    if status in (429, 503):
        return ServerFault(str(status), words, busy=True, retry_after=retry_after)
    if status in (408, 409, 425) or status >= 500 or status < 300:
        return ServerFault(str(status), words, retry_after=retry_after)
    if status in (400, 422) and not complaint.says(CONTEXT):
        return _parameter_refusal(complaint, body) or PromptRefused(words)
    return PromptRefused(words)


def _parameter_refusal(complaint: Complaint, body: Json) -> Exception | None:
    if "messages" in body and "max_tokens" in body and complaint.says("max_completion_tokens"):
        return ParameterRefused("max_tokens")
    for key in OPTIONAL:
        if key in body and complaint.names(key):
            return ParameterRefused(key)
    for key in ("temperature", "top_p", "max_tokens", "max_completion_tokens"):
        if key in body and complaint.names(key):
            return EngineRefused(f"the server takes no {key} {body[key]:g}: {complaint.message}")
    return None


def excerpt(content: bytes) -> str:
    """The beginning of an answer that is not what it should be, for a message."""
    text = content[:300].decode("utf-8", "replace")
    return text[:100] + "…" if len(text) > 100 else text
