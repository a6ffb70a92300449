"""The voted judge: several independent opinions of the same group, averaged."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from statistics import fmean, pstdev

from dragoman.errors import UserError
from dragoman.judges import Judge
from dragoman.judges.distinct import Comparing
from dragoman.judges.fields import wrapped_signature
from dragoman.judges.merging import cost, mean_details, mean_verdict, numbers
from dragoman.judges.together import together
from dragoman.ranking import agreement
from dragoman.types import Failure, Group, Judgement


@dataclass(frozen=True)
class Voted(Comparing):
    """Asks a judge `votes` times and takes the mean.

    Votes are alike, so an unreadable one is left out without harm; but when fewer than
    half of them can be read, the judgement is a failure. The details say how often two
    votes agree on a pair, and how far the votes on each candidate spread (their standard
    deviation).
    """

    inner: Judge
    votes: int

    def __post_init__(self) -> None:
        if self.votes < 1:
            raise UserError(f"{self.votes} votes: there must be at least one")

    @property
    def fields(self) -> Mapping[str, object]:
        return {**self.inner.fields, "votes": self.votes}

    async def compare(self, group: Group, draw: int) -> Judgement:
        draws = range(draw * self.votes, (draw + 1) * self.votes)
        cast = await together(self.inner.judge(group, d) for d in draws)
        replies, usage = cost(cast)
        signed = wrapped_signature(cast[0], {"votes": self.votes})
        failures = [one.failure for one in cast if one.failure]
        if len(failures) > self.votes / 2:
            detail = f"{len(failures)} of {self.votes} votes: {failures[0].detail}"
            failure = Failure(failures[0].reason, detail)
            return Judgement(group, None, failure, replies, signed, usage)
        verdicts = [one.verdict for one in cast if one.verdict]
        said = numbers(verdicts)
        details = mean_details([one for one in cast if one.verdict]) | {
            "votes": self.votes,
            "unread": len(failures),
            "agreement": mean_agreement(said),
            "spread": [round(pstdev(column), 9) for column in zip(*said, strict=True)],
        }
        return Judgement(group, mean_verdict(verdicts, said), None, replies, signed, usage, details)


def mean_agreement(said: Sequence[Sequence[float]]) -> float | None:
    """How often two votes say the same of a pair of candidates; None when there is one vote."""
    shares = [agreement(one, other) for one, other in combinations(said, 2)]
    return round(fmean(share for share in shares if share is not None), 9) if shares else None
