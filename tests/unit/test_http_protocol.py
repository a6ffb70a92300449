"""What answers of OpenAI-compatible servers are taken to mean, as tables."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dragoman.engines.openai_protocol import (
    Dialect,
    ParameterRefused,
    read_complaint,
    read_replies,
    refusal,
    write_request,
)
from dragoman.engines.retrying import ServerFault
from dragoman.errors import DragomanError, EngineRefused, PromptRefused
from dragoman.types import Prompt, Sampling

HELLO = Prompt("hello")


def part(text: object) -> dict[str, object]:
    return {"type": "text", "text": text}


def answer(message: dict[str, Any], reason: str | None = "stop", tokens: object = 3) -> bytes:
    choice = {"index": 0, "message": message, "finish_reason": reason}
    usage = {"prompt_tokens": 5, "completion_tokens": tokens}
    return json.dumps({"choices": [choice], "usage": usage}).encode()


@pytest.mark.parametrize(
    ("content", "text", "finish"),
    [
        (answer({"content": "x"}), "x", "stop"),
        (answer({"content": ""}), "", "stop"),
        (answer({"content": "x"}, "length"), "x", "length"),
        (answer({"content": "x"}, None), "x", "stop"),
        (answer({"content": "x"}, None, tokens=10), "x", "length"),
        (answer({"content": "x"}, "stop", tokens=10), "x", "length"),
        (answer({"content": "x"}, None, tokens="many"), "x", "stop"),
        (answer({"content": "x END y"}, "length"), "x ", "stop"),
        (answer({"content": "x", "reasoning_content": "hm"}), "x", "stop"),
        (answer({"content": None, "reasoning_content": "hm"}, "length"), "", "length"),
        (answer({"content": "x"}, "eos_token"), "x", "stop"),
        (answer({"content": "x"}, "end_turn"), "x", "stop"),
        (answer({"content": "x"}, "max_tokens"), "x", "length"),
        (answer({"content": "x"}, "model_length"), "x", "length"),
        (answer({"content": "long, " * 9}, "stop", tokens=None), "long, " * 9, "stop"),
        (answer({"content": [part("x"), part(" y")]}), "x y", "stop"),
        (answer({"content": [{"type": "thinking", "thinking": []}, part("x")]}), "x", "stop"),
        (answer({"content": []}, "length"), "", "length"),
        (b'{"choices": [{"text": "raw"}]}', "raw", "stop"),
    ],
)
def test_a_choice_is_read(content: bytes, text: str, finish: str) -> None:
    (reply,), _ = read_replies(content, HELLO, Sampling(max_tokens=10, stop=("END",)))
    assert (reply.text, reply.finish) == (text, finish)


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (answer({"content": None}), "no text at all"),
        (answer({"content": None, "refusal": "I will not"}), "refuses: I will not"),
        (answer({"content": "x"}, "content_filter"), "content filter"),
    ],
)
def test_a_withheld_answer_is_named(content: bytes, problem: str) -> None:
    with pytest.raises(PromptRefused, match=problem):
        read_replies(content, HELLO, Sampling())


@pytest.mark.parametrize(
    ("reason", "kind"),
    [("error", "unfinished"), ("abort", "unfinished"), ("tool_calls", "unfinished")],
)
@pytest.mark.parametrize("tokens", [3, 10])
def test_an_end_that_is_none_is_a_fault(reason: str, kind: str, tokens: int) -> None:
    content = answer({"content": "x"}, reason, tokens)
    with pytest.raises(ServerFault, match=f"ended with '{reason}'") as caught:
        read_replies(content, HELLO, Sampling(max_tokens=10))
    assert caught.value.kind == kind


@pytest.mark.parametrize(
    "content",
    [[part("x"), 3], [part("x"), {}], [part(3)], ["x"], {"type": "text", "text": "x"}],
)
def test_parts_that_are_none_are_garbage(content: object) -> None:
    with pytest.raises(ServerFault) as caught:
        read_replies(answer({"content": content}), HELLO, Sampling())
    assert caught.value.kind == "garbage"


@pytest.mark.parametrize(
    ("counts", "prompt", "reply"),
    [
        ({"prompt_tokens": 5, "completion_tokens": 4}, 5, 4),
        ({"prompt_tokens": 2**40 - 1, "completion_tokens": 2**40}, 2**40 - 1, 1),
        ({"prompt_tokens": -5, "completion_tokens": -4}, 2, 1),
        ({"prompt_tokens": True, "completion_tokens": 2.5}, 2, 1),
        ({"prompt_tokens": 0, "completion_tokens": 10**100}, 2, 1),
        ({"prompt_tokens": "5", "completion_tokens": None}, 2, 1),
        ({"prompt_tokens": 5}, 5, 1),
        ({}, 2, 1),
        (None, 2, 1),
        ([1], 2, 1),
    ],
)
def test_tokens_are_counted_or_else_estimated(counts: object, prompt: int, reply: int) -> None:
    content = json.dumps({"choices": [{"text": "yes"}], "usage": counts}).encode()
    _, usage = read_replies(content, HELLO, Sampling())
    assert (usage.prompt_tokens, usage.reply_tokens) == (prompt, reply)


def test_all_replies_are_estimated() -> None:
    content = json.dumps({"choices": [{"text": "yes!"}, {"text": ""}, {"text": "no"}]}).encode()
    assert read_replies(content, HELLO, Sampling(n=3))[1].reply_tokens == 3


@given(st.recursive(st.none() | st.booleans() | st.integers() | st.text(), st.lists))
def test_any_json_is_an_answer_or_a_fault(inner: object) -> None:
    shapes: list[object] = [inner, {"choices": inner}, {"choices": [inner]}]
    shapes += [{"choices": [{"message": inner}]}, {"choices": [{"message": {"content": inner}}]}]
    for shape in shapes:
        try:
            replies, _ = read_replies(json.dumps(shape).encode(), HELLO, Sampling())
            assert all(isinstance(reply.text, str) for reply in replies)
        except (ServerFault, PromptRefused):
            pass


def error(message: str, code: str | None = None, param: str | None = None) -> bytes:
    return json.dumps({"error": {"message": message, "code": code, "param": param}}).encode()


FASTAPI = {"detail": [{"loc": ["body", "seed"], "msg": "extra", "input": {"stop": ["'stop'"]}}]}


@pytest.mark.parametrize(
    ("status", "content", "kind", "says"),
    [
        (400, error("This model's maximum context length is 2048 tokens"), PromptRefused, "2048"),
        (400, error("too large", "context_length_exceeded"), PromptRefused, "too large"),
        (
            400,
            error(
                "'max_tokens' or 'max_completion_tokens' is too large: 4096. This model's "
                "maximum context length is 512 tokens"
            ),
            PromptRefused,
            "4096",
        ),
        (413, b"entity too large", PromptRefused, "entity"),
        (400, error("Rejected by policy", "content_filter"), PromptRefused, "policy"),
        (400, error("Please stop. The seed of doubt; n words"), PromptRefused, "Please"),
        (400, error("Unsupported parameter: 'seed'"), ParameterRefused, "seed"),
        (400, error("Unknown parameter seed"), ParameterRefused, "seed"),
        (400, error("no", None, "seed"), ParameterRefused, "seed"),
        (400, error("`n` must be 1"), ParameterRefused, "n"),
        (400, error("n: at most 1"), ParameterRefused, "n"),
        (400, error("stop must hold at most 4 texts"), ParameterRefused, "stop"),
        (422, json.dumps(FASTAPI).encode(), ParameterRefused, "seed"),
        (422, b'{"detail": "argument stop is not known"}', ParameterRefused, "stop"),
        (400, error("Use 'max_completion_tokens' instead."), ParameterRefused, "max_tokens"),
        (400, error("max_tokens=9999 cannot be greater than max_model_len"), EngineRefused, "9999"),
        (400, error("temperature must be 1", None, "temperature"), EngineRefused, "temperature"),
        (400, error("The model `m` does not exist"), EngineRefused, "--model"),
        (404, error("x", "model_not_found"), EngineRefused, "--model"),
        (404, b"Not Found", EngineRefused, "/v1"),
        (405, b"", EngineRefused, "/v1"),
        (402, b"", EngineRefused, "quota"),
        (429, error("x", "insufficient_quota"), EngineRefused, "quota"),
        (301, b"", EngineRefused, "final address"),
        (429, error("Rate limit"), ServerFault, "Rate limit"),
        (500, b"\xff", ServerFault, "500"),
        (408, b"", ServerFault, "408"),
        (204, b"", ServerFault, "204"),
    ],
)
def test_a_refusal_is_understood(
    status: int, content: bytes, kind: type[Exception], says: str
) -> None:
    sampling = Sampling(n=2, stop=("x",))
    _, body = write_request(Prompt("p"), sampling, "m", Dialect())
    result = refusal("host/v1", status, read_complaint(content), body, None)
    assert type(result) is kind
    assert says in str(result)


def test_only_what_was_sent_can_be_dropped() -> None:
    _, body = write_request(Prompt("p"), Sampling(), "m", Dialect())
    result = refusal("host", 400, read_complaint(error("'stop' is unknown")), body, None)
    assert isinstance(result, PromptRefused)


@given(st.integers(200, 599), st.binary() | st.text().map(str.encode))
def test_any_answer_is_understood_somehow(status: int, content: bytes) -> None:
    _, body = write_request(Prompt("p"), Sampling(), "m", Dialect())
    result = refusal("host", status, read_complaint(content), body, None)
    assert isinstance(result, DragomanError | ServerFault | ParameterRefused)


@given(
    st.recursive(
        st.none() | st.integers() | st.text(),
        lambda inner: (
            st.lists(inner)
            | st.dictionaries(
                st.sampled_from(["error", "detail", "loc", "msg", "message", "param", "code"]),
                inner,
            )
        ),
    )
)
def test_any_json_is_a_complaint(data: object) -> None:
    assert isinstance(read_complaint(json.dumps(data).encode()).message, str)
