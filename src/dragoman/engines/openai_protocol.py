"""What is said to an OpenAI-compatible server, and what its answers mean. No network here.

Servers agree on the outline of the protocol and on little else, so nothing is believed that
can be checked: choices are counted, stop strings are cut again, a reply that used up all its
tokens is cut off, whatever the server calls it, and tokens that a server does not count, or
counts in a way that cannot be true, are estimated.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, cast

from dragoman.engines.control_tokens import defuse
from dragoman.engines.replies import cut_at_stop
from dragoman.engines.retrying import GARBAGE, ServerFault
from dragoman.engines.server_texts import NO_SECRETS, Censor
from dragoman.errors import EngineRefused, PromptRefused
from dragoman.types import Finish, Prompt, Reply, Sampling, Usage

Json = Mapping[str, Any]

# What a server may be asked to do without: the engine does it itself (`n`, `stop`), or the
# answer is still an answer.
GRAMMARS = ("structured_outputs", "guided_grammar")
OPTIONAL = ("n", "stop", "seed", *GRAMMARS)

FINISHED = ("stop", "eos", "end_turn", "eos_token", "stop_sequence", None)
CUT_OFF = ("length", "max_tokens", "model_length")
# No answer has as many tokens; sums of counts below it fit everywhere.
TOO_MANY_TOKENS = 2**40


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


def read_replies(
    content: bytes, prompt: Prompt, sampling: Sampling, censor: Censor = NO_SECRETS
) -> tuple[list[Reply], Usage]:
    """The choices of an answer, at least one; `ServerFault` for anything that is no answer.

    Where the server counts no tokens, three characters are taken for one, so that what a run
    may cost is bounded all the same.
    """
    try:
        data = json.loads(content)
        choices = cast(list[Json], data["choices"])
    except (ValueError, TypeError, KeyError, RecursionError):
        detail = f"no answer in '{censor.excerpt(content)}'"
        raise ServerFault("no-answer", detail) from None
    try:
        counted = _count(data, "completion_tokens")
        used_up = counted >= sampling.max_tokens * len(choices)
        replies = [_reply(choice, sampling, used_up, censor) for choice in choices]
        asked = _count(data, "prompt_tokens") or _estimate(prompt.text)
    except (TypeError, KeyError, AttributeError):
        raise ServerFault(GARBAGE, f"no reply in '{censor.excerpt(content)}'") from None
    if not replies:
        raise ServerFault(GARBAGE, "an answer without choices")
    said = counted or sum(_estimate(reply.text) for reply in replies)
    return replies, Usage(prompt_tokens=asked, reply_tokens=said)


def _reply(choice: Json, sampling: Sampling, used_up: bool, censor: Censor) -> Reply:
    finish = _finish(choice.get("finish_reason"), used_up, censor)
    text = censor.hide(_text(choice, finish, censor))
    kept = cut_at_stop(text, sampling.stop)
    return Reply(kept, "stop" if len(kept) < len(text) else finish)


def _finish(reason: object, used_up: bool, censor: Censor) -> Finish:
    """How a reply ended; what ended in no known way is no reply, whatever there is of it."""
    if reason == "content_filter":
        raise PromptRefused("the server's content filter withheld the reply")
    if reason in CUT_OFF:
        return "length"
    if reason not in FINISHED:
        raise ServerFault("unfinished", f"the reply ended with '{censor.show(reason, 100)}'")
    return "length" if used_up else "stop"


def _text(choice: Json, finish: Finish, censor: Censor) -> str:
    """The text of a choice: what was thought before it (`reasoning_content`) is not part of it."""
    message: Json = choice["message"] if "message" in choice else {"content": choice["text"]}
    content = message["content"]
    text = _joined(cast(list[Json], content)) if isinstance(content, list) else content
    if isinstance(text, str):
        return text
    if text is not None:
        raise TypeError("the content is no text")
    if message.get("refusal"):
        raise PromptRefused(f"the model refuses: {censor.show(message['refusal'], 200)}")
    if finish == "length":
        return ""
    raise PromptRefused("the model answered with no text at all")


def _joined(parts: list[Json]) -> str | None:
    """The text of a content in parts; parts of other types are thoughts."""
    texts = [part["text"] for part in parts if part["type"] == "text"]
    return "".join(texts) if texts else None


def _count(answer: Json, name: str) -> int:
    """How many tokens the server counted; 0 for what cannot be true."""
    usage = answer.get("usage")
    count = cast(Json, usage).get(name) if isinstance(usage, dict) else None
    return count if type(count) is int and 0 <= count < TOO_MANY_TOKENS else 0


def _estimate(text: str) -> int:
    return -(-len(text) // 3)


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


def read_complaint(content: bytes, censor: Censor = NO_SECRETS) -> Complaint:
    """The complaint in an error answer, in OpenAI's form, FastAPI's, or any other."""
    try:
        data = json.loads(content)
        error = data.get("error") or data.get("detail") or data.get("message") or data
        found = _complaint(error)
    except (ValueError, AttributeError, RecursionError):
        return Complaint(censor.excerpt(content))
    return replace(found, message=censor.show(found.message))


def _complaint(error: object) -> Complaint:
    if isinstance(error, list):
        return _validation_complaint(cast(list[object], error))
    if not isinstance(error, dict):
        return Complaint(str(error))
    parts = cast(Json, error)
    fields = frozenset({str(parts["param"])} if parts.get("param") else ())
    code = str(parts.get("code") or parts.get("type") or "")
    return Complaint(str(parts.get("message") or parts), code, fields)


def _validation_complaint(errors: list[object]) -> Complaint:
    rows = [cast(Json, error) for error in errors if isinstance(error, dict)]
    places = [_parts(row.get("loc")) for row in rows]
    messages = [f"{'.'.join(p)}: {row.get('msg')}" for p, row in zip(places, rows, strict=True)]
    fields = frozenset(part for place in places for part in place)
    return Complaint("; ".join(messages), "", fields)


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
