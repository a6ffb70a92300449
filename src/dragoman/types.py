"""The values that flow through dragoman, one kind per idea.

All are frozen and slotted: they can be shared, hashed and compared. A candidate is
known by its index everywhere; letters exist only in `formats/`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from math import isfinite
from typing import Any, Literal

from dragoman.errors import UserError

Finish = Literal["stop", "length"]


@dataclass(frozen=True, slots=True)
class Segment:
    """One thing to translate. Languages are BCP-47 codes or English names.

    `context` is the text before it, for translators; judges are shown the segment alone.
    """

    id: str
    source: str
    source_lang: str
    target_lang: str
    reference: str | None = None
    comment: str | None = None
    context: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Candidate:
    """One translation of a segment, and the system that made it, if known."""

    text: str
    system: str | None = None


@dataclass(frozen=True, slots=True)
class Group:
    """What a judge sees in one call: a segment and candidate translations of it."""

    segment: Segment
    candidates: tuple[Candidate, ...]

    def __post_init__(self) -> None:
        if not self.candidates:
            raise ValueError(f"group {self.segment.id!r} has no candidates")

    def __len__(self) -> int:
        return len(self.candidates)

    def pick(self, indices: tuple[int, ...]) -> Group:
        """The same segment with these candidates, in this order."""
        return Group(self.segment, tuple(self.candidates[i] for i in indices))


@dataclass(frozen=True, slots=True)
class Ranking:
    """Tiers of candidate indices, best tier first; a tier is a tie, in rising order."""

    tiers: tuple[tuple[int, ...], ...]

    def __post_init__(self) -> None:
        indices = [i for tier in self.tiers for i in tier]
        if sorted(indices) != list(range(len(indices))) or not all(self.tiers):
            raise ValueError(f"not a ranking of 0..{len(indices) - 1}: {self.tiers}")
        if any(list(tier) != sorted(tier) for tier in self.tiers):
            object.__setattr__(self, "tiers", tuple(tuple(sorted(tier)) for tier in self.tiers))

    def __len__(self) -> int:
        return sum(map(len, self.tiers))

    @property
    def order(self) -> tuple[int, ...]:
        """All indices, best first; ties by index."""
        return tuple(i for tier in self.tiers for i in tier)

    @property
    def places(self) -> tuple[int, ...]:
        """The tier number of each candidate: 0 is best."""
        place = {i: rank for rank, tier in enumerate(self.tiers) for i in tier}
        return tuple(place[i] for i in range(len(place)))


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a judge said of a group."""

    ranking: Ranking
    scores: tuple[float, ...] | None = None
    analysis: str = ""

    def __post_init__(self) -> None:
        if self.scores is not None and len(self.scores) != len(self.ranking):
            raise ValueError(f"{len(self.scores)} scores for {len(self.ranking)} candidates")


@dataclass(frozen=True, slots=True)
class Failure:
    """Why there is no answer: a countable reason, and words for a person."""

    reason: str
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Usage:
    """What an answer cost. `calls` counts requests that reached an engine."""

    calls: int = 0
    prompt_tokens: int = 0
    reply_tokens: int = 0

    def __add__(self, other: Usage) -> Usage:
        return Usage(
            self.calls + other.calls,
            self.prompt_tokens + other.prompt_tokens,
            self.reply_tokens + other.reply_tokens,
        )


@dataclass(frozen=True, slots=True)
class Judgement:
    """The record of one judging: a verdict or a failure, never both, never a made-up number.

    `details` carries what wrappers found out on the way (slot bias, agreement of votes,
    uncertainty of a tournament's scores), as plain JSON values.
    """

    group: Group
    verdict: Verdict | None
    failure: Failure | None
    replies: tuple[str, ...] = ()
    signature: str = ""
    usage: Usage = Usage()
    details: Mapping[str, Any] = field(default_factory=dict[str, Any])

    def __post_init__(self) -> None:
        if (self.verdict is None) == (self.failure is None):
            raise ValueError("a judgement has either a verdict or a failure")
        if self.verdict is not None and len(self.verdict.ranking) != len(self.group):
            raise ValueError("a verdict ranks every candidate of its group")


@dataclass(frozen=True, slots=True)
class Translation:
    """The record of translating one segment: texts, of which the first is *the* translation, or
    a failure; never both, never an empty text in the place of one.
    """

    segment: Segment
    texts: tuple[str, ...]
    failure: Failure | None
    replies: tuple[str, ...] = ()
    signature: str = ""
    usage: Usage = Usage()
    details: Mapping[str, Any] = field(default_factory=dict[str, Any])

    def __post_init__(self) -> None:
        if bool(self.texts) == bool(self.failure):
            raise ValueError("a translation has either texts or a failure")


@dataclass(frozen=True, slots=True)
class Sampling:
    """How an engine draws replies. Temperature 0 is greedy; the seed tells draws apart."""

    temperature: float = 0.0
    top_p: float = 1.0
    max_tokens: int = 4096
    n: int = 1
    seed: int = 0
    stop: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not (isfinite(self.temperature) and self.temperature >= 0):
            raise UserError(f"temperature {self.temperature:g}: it is 0 or more")
        if not 0 < self.top_p <= 1:
            raise UserError(f"top_p {self.top_p:g}: it is above 0 and at most 1")
        if self.max_tokens < 1 or self.n < 1:
            raise UserError("a reply has at least one token, and there is at least one reply")


@dataclass(frozen=True, slots=True)
class Prompt:
    """What an engine is shown.

    `text` is one user message, or the raw beginning of a text when `chat` is false.
    `finished` is a regular expression that matches once a reply is complete, so that
    engines that can watch a reply grow may stop there; `grammar` describes every
    well-formed reply, in GBNF, for engines that can decode under one.
    """

    text: str
    chat: bool = True
    finished: str | None = None
    grammar: str | None = None


@dataclass(frozen=True, slots=True)
class Reply:
    """One text an engine wrote. `finish` tells a complete reply from one cut off."""

    text: str
    finish: Finish = "stop"
    logprob: float | None = None


@dataclass(frozen=True, slots=True)
class Completion:
    """An engine's answer to one prompt: as many replies as were asked for."""

    replies: tuple[Reply, ...]
    usage: Usage = Usage()
