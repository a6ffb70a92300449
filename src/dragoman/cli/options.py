"""Options that several verbs share; a field is a flag, its docstring the flag's help."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from cyclopts import Parameter

from dragoman.asking import Asker, NoCache, Patience, ReplyCache
from dragoman.engines import Engine, make_engine
from dragoman.environment import token_from
from dragoman.errors import UserError
from dragoman.formats import Reading
from dragoman.judges import Judge, make_judge
from dragoman.types import Sampling


@Parameter(name="*")
@dataclass(frozen=True, kw_only=True)
class EngineOptions:
    """Who answers prompts, and how replies are drawn."""

    engine: str | None = None
    """openvino:FOLDER, transformers:FOLDER, vllm:FOLDER, http://host/v1, scripted:FILE or a
    model that ships: phrasebook:judge, phrasebook:translator, phrasebook:base."""
    model: str | None = None
    """The model's name on a server."""
    api_key_env: str | None = None
    """The environment variable that holds the server's key."""
    temperature: float = 0.0
    """0 always takes the likeliest word."""
    top_p: float = 1.0
    """Draw from the likeliest words that together have this probability."""
    max_tokens: int = 4096
    """The longest reply; a longer one is cut off and asked for again."""
    seed: int = 0
    """Another seed draws other replies, where temperature is above 0."""
    concurrency: int = 16
    """Groups under way at once; for a server also requests."""
    engine_option: Annotated[tuple[str, ...], Parameter(negative=(), show_default=False)] = ()
    """KEY=VALUE for the engine itself, such as timeout=900 or cache_gb=8; see docs/engines.md."""

    def open(self) -> Engine | None:
        """The engine, if one is named."""
        if self.engine is None:
            return None
        options = dict(key_and_value("--engine-option", text) for text in self.engine_option)
        if self.engine.startswith(("http://", "https://")):
            options = {"concurrency": self.concurrency, **options, "api_key_env": self.api_key_env}
        elif self.api_key_env:
            raise UserError("--api-key-env is for servers; this engine needs no key")
        try:
            return make_engine(self.engine, self.model, **options)
        except TypeError as error:
            if "unexpected keyword argument" not in str(error):
                raise
            raise UserError(f"--engine-option: {error}") from None

    @property
    def sampling(self) -> Sampling:
        return Sampling(self.temperature, self.top_p, self.max_tokens, seed=self.seed)


@Parameter(name="*")
@dataclass(frozen=True, kw_only=True)
class JudgeOptions:
    """Who judges, what is asked, and how replies are read."""

    judge: str | None = None
    """group, pointwise, metric:chrf, metric:bleu, reward-head:FOLDER, gold, module:Class, or
    http://HOST:PORT, where `dragoman serve` runs."""
    judge_token_env: str | None = None
    """The environment variable that holds the token of such a server."""
    format: str | None = None
    """How the judge is asked; see `dragoman formats`."""
    reading: Reading = "strict"
    """How replies are read: strict, lenient (what models write instead), compat (the reference)."""
    guided: Annotated[bool, Parameter(negative=(), show_default=False)] = False
    """Let the engine write nothing but well-formed replies, where engine and format can."""
    retries: int = 2
    """How often an unreadable reply is asked for again."""
    permute: Literal["balanced", "all"] | None = None
    """Judge each group in several orders, so that no slot is favoured."""
    votes: int = 1
    """Independent judgements of each group, averaged."""
    slots: Annotated[int | None, Parameter(name="--slots")] = None
    """Judge larger groups as a tournament of subgroups of this size."""

    def make(self, engine: Engine | None, sampling: Sampling, cache: ReplyCache | None) -> Judge:
        """The judge these options describe."""
        asker: Asker | None = None
        if engine:
            asker = Asker(engine, sampling, Patience(self.retries), cache or NoCache(), self.guided)
        return make_judge(
            self.judge or "group",
            asker,
            format=self.format,
            reading=self.reading,
            permute=self.permute,
            votes=self.votes,
            slots=self.slots,
            token=token_from(self.judge_token_env),
        )


def key_and_value(flag: str, text: str) -> tuple[str, Any]:
    """`cache_gb=8` as a name and a number; what is no JSON value is text."""
    key, equals, value = text.partition("=")
    if not equals or not key.isidentifier():
        raise UserError(f"{flag} {text}: write KEY=VALUE")
    try:
        return key, json.loads(value)
    except ValueError:
        return key, value
