"""What clients send, as pydantic models: strict, and unknown keys are refused.

The models are also the schemas of the OpenAPI document. Other servers' contracts have
options that mean nothing to a judge; those are taken and left alone.
"""

from __future__ import annotations

from typing import Annotated, Any, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError


class Message(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, allow_inf_nan=False)


class BadMessage(Exception):
    """What is wrong with a message, and where in its JSON."""

    def __init__(self, path: str, problem: str):
        self.path, self.problem = path, problem
        super().__init__(f"{path}: {problem}")


class CandidateMessage(Message):
    text: str
    system: str | None = None


def _wrapped(value: object) -> object:
    return {"text": value} if isinstance(value, str) else value


OneCandidate = Annotated[
    CandidateMessage, BeforeValidator(_wrapped, json_schema_input_type=str | CandidateMessage)
]


class GroupMessage(Message):
    """A group, as in a line of `dragoman rank FILE`; without an id it is called by its place."""

    id: str | None = None
    src_lang: str
    tgt_lang: str
    source: str
    reference: str | None = None
    comment: str | None = None
    candidates: list[OneCandidate] = Field(min_length=1)


class RankMessage(Message):
    groups: list[GroupMessage] = Field(min_length=1)


class RerankMessage(Message):
    """Jina's, Cohere's and vLLM's contract: the source is the query. Languages are the
    server's own unless they are given."""

    query: str
    documents: list[OneCandidate] = Field(min_length=1)
    top_n: int | None = Field(None, ge=0)
    return_documents: bool = True
    model: str | None = None
    src_lang: str | None = None
    tgt_lang: str | None = None
    user: Any = None
    max_tokens_per_doc: Any = None
    truncate_prompt_tokens: Any = None
    use_activation: Any = None


Texts = str | list[str]


class ScoreMessage(Message):
    """vLLM's contract: a source and its translations, or as many sources as translations."""

    queries: Texts | None = None
    data_1: Texts | None = None
    text_1: Texts | None = None
    documents: Texts | None = None
    items: Texts | None = None
    data_2: Texts | None = None
    text_2: Texts | None = None
    model: str | None = None
    src_lang: str | None = None
    tgt_lang: str | None = None
    user: Any = None
    truncate_prompt_tokens: Any = None
    use_activation: Any = None


class RolloutMessage(Message):
    """One rollout of a cohort. `text` is the translation read from the reply, null if there is
    none; `deadline` is in seconds from now."""

    run: str = ""
    attempt: int = Field(0, ge=0, lt=2**63)
    slot: int = Field(ge=0, lt=1024)
    size: int = Field(ge=1, le=1024)
    deadline: float | None = Field(None, gt=0)
    source: str
    src_lang: str
    tgt_lang: str
    reference: str | None = None
    text: str | None
    tokens: int = Field(ge=0, lt=2**53)


class GetRewardMessage(Message):
    """OpenRLHF's contract: whole texts with their prompts, one or several."""

    query: list[str] = Field(min_length=1)
    prompts: list[str] = Field(min_length=1)
    labels: list[Any] = Field(min_length=1)


class LabelMessage(Message):
    """What a label of OpenRLHF has to say: an object, or the same as JSON in a text."""

    source: str
    src_lang: str
    tgt_lang: str
    reference: str | None = None


MessageKind = TypeVar("MessageKind", bound=Message)


def read_message(
    kind: type[MessageKind], body: bytes | bytearray | str, root: str = "$"
) -> MessageKind:
    """A message from JSON; the first thing that is wrong is named by its path."""
    try:
        return kind.model_validate_json(body)
    except ValidationError as error:
        # Never the input itself: what is wrong may be told and logged, candidates may not.
        first = error.errors(include_url=False, include_input=False, include_context=False)[0]
        place = "".join(f"[{p}]" if isinstance(p, int) else f".{p}" for p in first["loc"])
        raise BadMessage(f"{root}{place}", first["msg"]) from None
