"""Rows for other programs, and back: what comes back is the row that went out.

    trl             {prompt: messages, completion: messages}, or a prompt and our other columns
    llama-factory   {messages: [user, assistant]}
    verl            {data_source, prompt: messages, ability, reward_model, extra_info}

A lesson has its prompt in it already. Of a gold group the prompt is that of `gqm`, and verl's
ground truth its scores by letter, `{"A": 8, "B": 3}`; of a segment the prompt is that of
`codeblock-think`, and the ground truth its reference. What a program has no place for travels in
a column of its own (`extra_info.row` in verl), from which the row is made again.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any, Literal, TypeAlias, cast

from dragoman.data.rows import gold_group_from_row, lesson_from_row
from dragoman.formats import make_format
from dragoman.formats.letters import letters
from dragoman.formats.verdict_line import tidy
from dragoman.records import segment_from_row
from dragoman.row_files import Row, to_line

Target: TypeAlias = Literal["trl", "llama-factory", "verl"]
Message: TypeAlias = dict[str, str]

SOURCE = "dragoman"
_REST = "row"


def to_trl(row: Row) -> dict[str, Any]:
    """A prompt-completion row of a lesson; a prompt-only row of anything else."""
    if "response" in row:
        lesson = lesson_from_row(row)
        rest = _without(row, "prompt", "response")
        return {"prompt": [_user(lesson.prompt)], "completion": [_said(lesson.response)], **rest}
    return {**row, "prompt": [_user(_prompt(row))]}


def from_trl(row: Row) -> dict[str, Any]:
    rest = _without(row, "prompt", "completion")
    if "completion" not in row:
        return rest
    return {"prompt": _content(row, "prompt"), "response": _content(row, "completion"), **rest}


def to_llama_factory(row: Row) -> dict[str, Any]:
    lesson = lesson_from_row(row)
    rest = _without(row, "prompt", "response")
    return {"messages": [_user(lesson.prompt), _said(lesson.response)], **rest}


def from_llama_factory(row: Row) -> dict[str, Any]:
    messages = _messages(row, "messages")
    if [message["role"] for message in messages] != ["user", "assistant"]:
        raise ValueError("'messages' must be one of the user and one of the assistant")
    rest = _without(row, "messages")
    return {"prompt": messages[0]["content"], "response": messages[1]["content"], **rest}


def to_verl(row: Row) -> dict[str, Any]:
    """A row for reinforcement: every row has the same columns, none of them empty."""
    segment = segment_from_row(row)
    truth = segment.reference or ""
    if "candidates" in row:
        scores = gold_group_from_row(row).scores
        named = zip(letters(len(scores)), map(tidy, scores), strict=True)
        truth = json.dumps(dict(named))
    return {
        "data_source": SOURCE,
        "prompt": [_user(_prompt(row))],
        "ability": "ranking" if "candidates" in row else "translation",
        "reward_model": {"style": "rule", "ground_truth": truth},
        "extra_info": {
            "src_lang": segment.source_lang,
            "trg_lang": segment.target_lang,
            "src_text": segment.source,
            "trg_text": segment.reference or "",
            _REST: to_line(row),
        },
    }


def from_verl(row: Row) -> dict[str, Any]:
    extra: object = row.get("extra_info")
    rest: object = cast(Row, extra).get(_REST) if isinstance(extra, dict) else None
    if not isinstance(rest, str):
        raise ValueError(f"'extra_info' has no {_REST!r}: these rows were not written by dragoman")
    made: object = json.loads(rest)
    if not isinstance(made, dict):
        raise ValueError(f"{_REST!r} in 'extra_info' is not a row of ours")
    return cast(dict[str, Any], made)


WRITERS: Mapping[Target, Callable[[Row], dict[str, Any]]] = {
    "trl": to_trl,
    "llama-factory": to_llama_factory,
    "verl": to_verl,
}


def from_any(row: Row) -> dict[str, Any]:
    """Our row, from a row of any of these programs, or from ours."""
    if "messages" in row:
        return from_llama_factory(row)
    if "extra_info" in row and "data_source" in row:
        return from_verl(row)
    if isinstance(row.get("prompt"), list):
        return from_trl(row)
    return dict(row)


def dataset_info(file_name: str) -> dict[str, Any]:
    """The entry of LLaMA-Factory's dataset_info.json for a file of lessons."""
    return {
        "file_name": file_name,
        "formatting": "sharegpt",
        "columns": {"messages": "messages"},
        "tags": {
            "role_tag": "role",
            "content_tag": "content",
            "user_tag": "user",
            "assistant_tag": "assistant",
        },
    }


def _prompt(row: Row) -> str:
    if "candidates" in row:
        return make_format("gqm").write(gold_group_from_row(row).group).text
    return make_format("codeblock-think").write(segment_from_row(row)).text


def _user(content: str) -> Message:
    return {"role": "user", "content": content}


def _said(content: str) -> Message:
    return {"role": "assistant", "content": content}


def _without(row: Row, *names: str) -> dict[str, Any]:
    return {key: value for key, value in row.items() if key not in names}


def _content(row: Row, name: str) -> str:
    messages = _messages(row, name)
    if len(messages) != 1:
        raise ValueError(f"{name!r} must be a single message")
    return messages[0]["content"]


def _messages(row: Row, name: str) -> list[Message]:
    value: object = row.get(name)
    if isinstance(value, list):
        items = cast(list[object], value)
        messages = [cast(Message, item) for item in items if isinstance(item, dict)]
        texts = [message.get(key) for message in messages for key in ("role", "content")]
        if messages and len(messages) == len(items) and all(isinstance(t, str) for t in texts):
            return messages
    raise ValueError(f"{name!r} must be a list of messages {{role, content}}")
