"""The one place that asks an engine, reads the reply, and asks again.

An unreadable reply is asked for again at a higher temperature and with another seed;
so is a reply that was cut off, which is never read: `B: 1` may be the start of `B: 10`.
What the engine itself cannot answer is its own failure and is not asked again here,
because engines retry by their own rules.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Generic, Protocol, TypeVar

from dragoman.engines import Engine
from dragoman.errors import EngineError, UnreadableReply, UserError
from dragoman.formats import Format
from dragoman.row_files import writable
from dragoman.signature import digest
from dragoman.types import Completion, Failure, Prompt, Sampling, Usage

Answer = TypeVar("Answer")

# The reference implementation asks again at 1.0 at once, up to six times. A first step at
# 0.7 keeps more of the judge's own opinion, and three questions settle nearly every group.
RETRY_TEMPERATURES = (0.7, 1.0)


@dataclass(frozen=True, slots=True)
class Patience:
    """How often an unreadable reply is asked for again, and at what temperature.

    A further draw of a greedy judge begins at the first retry's temperature: it would only
    hear the same again.
    """

    retries: int = 2
    temperatures: Sequence[float] = RETRY_TEMPERATURES

    def __post_init__(self) -> None:
        if self.retries < 0:
            raise UserError(f"{self.retries} retries: there are none, or more")
        if not self.temperatures:
            raise UserError("retries want a temperature")

    def sampling(self, base: Sampling, attempt: int, draw: int = 0) -> Sampling:
        """The sampling of an attempt at a draw; the very first is the base itself."""
        if draw:
            # Seeds lie far enough apart that retries never reach the next draw's.
            base = replace(base, seed=base.seed + 1000 * draw)
            attempt += base.temperature == 0
        if attempt == 0:
            return base
        step = self.temperatures[min(attempt, len(self.temperatures)) - 1]
        return replace(base, temperature=max(base.temperature, step), seed=base.seed + attempt)


class ReplyCache(Protocol):
    """Where finished calls are kept, so that none is made twice (see `ledger.py`)."""

    def find_reply(self, key: str) -> Completion | None: ...

    def keep_reply(self, key: str, completion: Completion) -> None: ...


class NoCache:
    """Remembers nothing."""

    def find_reply(self, key: str) -> Completion | None:
        return None

    def keep_reply(self, key: str, completion: Completion) -> None:
        pass


@dataclass(frozen=True, slots=True)
class Asked(Generic[Answer]):
    """An answer or the reason why there is none, with every reply on the way.

    `usage` is what was paid for it now, `used` what it takes where nothing is cached;
    `logprob` is that of the answer, if the engine tells.
    """

    answer: Answer | None
    failure: Failure | None
    replies: tuple[str, ...]
    usage: Usage
    used: Usage = Usage()
    logprob: float | None = None


@dataclass(frozen=True, slots=True)
class Asker:
    """Asks one engine, with patience and a cache.

    `guided` lets the engine write nothing but well-formed replies, by the format's grammar.
    That changes what a model says, so it is off unless asked for, and stands in signatures.
    """

    engine: Engine
    sampling: Sampling = Sampling()
    patience: Patience = Patience()
    cache: ReplyCache = NoCache()
    guided: bool = False

    async def ask(self, format: Format[Any, Answer], item: Any, draw: int = 0) -> Asked[Answer]:
        """Ask about one item. Different `draw`s are independent opinions of the same item."""
        prompt = format.write(item)
        if self.guided and not prompt.grammar:
            raise UserError(f"the format {format.name} has no grammar; leave out --guided")
        if not self.guided:
            prompt = replace(prompt, grammar=None)
        replies: list[str] = []
        usage, used, failure = Usage(), Usage(), Failure("not-asked")
        for attempt in range(self.patience.retries + 1):
            sampling = self.patience.sampling(self.sampling, attempt, draw)
            try:
                completion, called = await self._complete(prompt, sampling, format)
            except EngineError as error:
                failure = Failure(error.reason, str(error))
                return Asked(None, failure, tuple(replies), usage, used)
            usage += completion.usage if called else Usage()
            used += completion.usage
            reply = completion.replies[0]
            replies.append(reply.text)
            if reply.finish == "length":
                tokens = sampling.max_tokens
                failure = Failure("truncated", f"the reply was cut off at {tokens} tokens")
                continue
            try:
                answer = format.read(reply.text, item)
                return Asked(answer, None, tuple(replies), usage, used, reply.logprob)
            except UnreadableReply as error:
                failure = Failure(error.reason, error.detail)
        return Asked(None, failure, tuple(replies), usage, used)

    async def _complete(
        self, prompt: Prompt, sampling: Sampling, format: Format[Any, Any]
    ) -> tuple[Completion, bool]:
        """A completion, and whether the engine was called for it."""
        key = cache_key(self.engine, prompt, sampling, format)
        known = self.cache.find_reply(key)
        if known is not None:
            return known, False
        completion = _writable(await self.engine.complete(prompt, sampling))
        self.cache.keep_reply(key, completion)
        return completion, True


def _writable(completion: Completion) -> Completion:
    """Servers can send half of a surrogate pair, which no file can hold."""
    if all(reply.text.isascii() for reply in completion.replies):
        return completion
    replies = tuple(replace(reply, text=writable(reply.text)) for reply in completion.replies)
    return replace(completion, replies=replies)


def cache_key(engine: Engine, prompt: Prompt, sampling: Sampling, format: Format[Any, Any]) -> str:
    """The content address of a call: who is asked what, how, and who reads it."""
    return digest(
        [
            engine.identity,
            [prompt.text, prompt.chat, prompt.grammar],
            [sampling.temperature, sampling.top_p, sampling.max_tokens, sampling.n],
            [sampling.seed, list(sampling.stop)],
            dict(format.fields),
        ]
    )
