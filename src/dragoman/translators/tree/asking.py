"""What one search asks: translations in any direction, counted against the search's budget.

Replies that come from a ledger count like those just made, so that a search that was killed and
goes on ends with the same tree.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from dragoman.asking import Asked, Asker
from dragoman.errors import UserError
from dragoman.formats import Format
from dragoman.formats.examples import WithExamples
from dragoman.signature import digest
from dragoman.types import Failure, Judgement, Segment, Usage

# Round trips are to be faithful, not varied: the paper's temperature.
BACK_TEMPERATURE = 0.1


@dataclass(frozen=True, slots=True)
class TreeBudget:
    """What a search may use for one segment; the round under way is finished."""

    calls: int | None = None
    tokens: int | None = None

    def __post_init__(self) -> None:
        if any(limit is not None and limit < 1 for limit in (self.calls, self.tokens)):
            raise UserError("a tree's budget is at least one call, and one token")

    def spent(self, used: Usage) -> str | None:
        """Which limit is reached, if one is."""
        if self.calls is not None and used.calls >= self.calls:
            return "calls"
        tokens = used.prompt_tokens + used.reply_tokens
        return "tokens" if self.tokens is not None and tokens >= self.tokens else None


@dataclass(slots=True)
class Asking:
    """One search's questions. `draw` tells attempts at the same segment apart."""

    asker: Asker
    format: Format[Segment, str]
    segment: Segment
    draw: int = 0
    used: Usage = Usage()
    paid: Usage = Usage()
    replies: list[str] = field(default_factory=list[str])
    failures: list[Failure] = field(default_factory=list[Failure])

    @property
    def lost(self) -> dict[str, int]:
        """Questions without an answer, by reason."""
        return dict(sorted(Counter(failure.reason for failure in self.failures).items()))

    @property
    def failure(self) -> Failure:
        """What went wrong most often, whatever order the answers came in."""
        reason = max(self.lost, key=self.lost.__getitem__)
        detail = min(one.detail for one in self.failures if one.reason == reason)
        return Failure(reason, f"{self.lost[reason]} of {self.used.calls} replies: {detail}")

    async def there(
        self, text: str, *path: object, examples: Sequence[tuple[str, str]] = ()
    ) -> Asked[str]:
        """A translation of a text into the segment's target language. The path names the
        question within the search, and so draws it apart from all others."""
        format = WithExamples(self.format, examples) if examples else self.format
        return await self._ask(self.asker, format, replace(self.segment, source=text), path)

    async def trip(self, text: str, source: str, target: str, *path: object) -> str | None:
        """A translation between any two languages, near the likeliest one."""
        segment = replace(
            self.segment, source=text, source_lang=source, target_lang=target, context=()
        )
        sampling = replace(self.asker.sampling, temperature=BACK_TEMPERATURE)
        asked = await self._ask(replace(self.asker, sampling=sampling), self.format, segment, path)
        return asked.answer

    def count(self, judgement: Judgement) -> None:
        """A judge's part of the cost. What it has from a ledger is not known here, so its calls
        are reckoned by its replies."""
        self.used += replace(judgement.usage, calls=len(judgement.replies))
        self.paid += judgement.usage
        self.replies += judgement.replies
        if judgement.failure:
            self.failures.append(judgement.failure)

    async def _ask(
        self, asker: Asker, format: Format[Segment, str], segment: Segment, path: Sequence[object]
    ) -> Asked[str]:
        asked = await asker.ask(format, segment, self.number(path))
        self.used += asked.used
        self.paid += asked.usage
        self.replies += asked.replies
        if asked.failure:
            self.failures.append(asked.failure)
        return asked

    def number(self, path: Sequence[object]) -> int:
        """A draw of its own for every path, below a million: seeds of servers have 31 bits."""
        return 1 + int(digest([self.draw, list(path)])[:8], 16) % 1_000_000
