"""The tournament: ranks more candidates than the judge has slots.

Overlapping subgroups are judged, and the verdicts merged by a fit (see `strength.py`). The
first round shows every candidate once; each later round shows those whose order is still
most in doubt. `benchmarks/tournament.py` says how many calls buy how much of the order.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Awaitable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import permutations
from math import ceil, log2
from typing import Any, TypeAlias

import numpy as np

from dragoman.errors import UserError
from dragoman.judges import Judge
from dragoman.judges.distinct import Comparing
from dragoman.judges.fields import wrapped_signature
from dragoman.judges.merging import cost, mean_details
from dragoman.judges.pairing import Subgroup, choose, fewest_calls, first_round, parts
from dragoman.judges.strength import Compared, Floats, fit
from dragoman.judges.together import together
from dragoman.ranking import rank_scores
from dragoman.signature import digest, signature
from dragoman.types import Failure, Group, Judgement, Verdict

MOST = 256

Told: TypeAlias = tuple[Subgroup, Judgement]


@dataclass(frozen=True)
class Tournament(Comparing):
    """Judges groups of any size up to 256 with a judge that has `slots` of them.

    At most `calls` subgroups are judged; by default n·log₂(n) / slots, which shows each of
    n candidates about log₂(n) times. A subgroup whose judgement failed is asked about
    once more and then left. Where the verdicts at the end do not connect all candidates,
    the judgement is a failure: nothing is known of the order of separate parts.

    A score is ten times the share of the others that the fit sees the candidate win
    against, 10 · meanⱼ 1 / (1 + exp(sⱼ − sᵢ)), a rising function of its strength s. The
    details give the strengths, their errors (standard deviations), and the share of the
    observed wins that the final order agrees with.
    """

    inner: Judge
    slots: int = 4
    calls: int | None = None

    def __post_init__(self) -> None:
        if self.slots < 2:
            raise UserError(f"{self.slots} slots: a subgroup needs at least two")

    @property
    def _own_fields(self) -> Mapping[str, object]:
        return {"slots": self.slots, "calls": self.calls}

    @property
    def fields(self) -> Mapping[str, object]:
        return {**self.inner.fields, **self._own_fields}

    async def compare(self, group: Group, draw: int) -> Judgement:
        n = len(group)
        if n <= self.slots:
            whole = await self.inner.judge(group, draw)
            return replace(whole, signature=wrapped_signature(whole, self._own_fields))
        if n > MOST:
            failure = Failure("too-many-candidates", f"a tournament is for {MOST}, not {n}")
            return Judgement(group, None, failure, signature=signature(self.fields))
        calls = default_calls(n, self.slots) if self.calls is None else self.calls
        fewest = fewest_calls(n, self.slots)
        if calls < fewest:
            detail = (
                f"{n} candidates in {self.slots} slots need at least {fewest} calls, not {calls}"
            )
            failure = Failure("too-few-calls", detail)
            return Judgement(group, None, failure, signature=signature(self.fields))
        # In an order that depends on the texts alone, so that the given one changes nothing.
        order = tuple(sorted(range(n), key=lambda i: group.candidates[i].text))
        told = await self._play(group.pick(order), calls, draw)
        return self._conclude(group, order, told)

    async def _play(self, group: Group, calls: int, draw: int) -> list[Told]:
        """Judge subgroups in rounds until the calls are used up."""
        texts = [group.segment.source, *(c.text for c in group.candidates), str(draw)]
        random = np.random.default_rng(int(digest(texts), 16))
        asked: Counter[frozenset[int]] = Counter()
        told: list[Told] = []
        subgroups = first_round(len(group), self.slots, random)
        while subgroups:
            judging: list[Awaitable[Judgement]] = []
            for members in subgroups:
                # The same subgroup, met again, is asked for an opinion of its own.
                own_draw = draw * calls + asked[frozenset(members)]
                judging.append(self.inner.judge(group.pick(members), own_draw))
                asked[frozenset(members)] += 1
            judged = list(zip(subgroups, await together(judging), strict=True))
            told += judged
            again = [m for m, one in judged if one.failure and asked[frozenset(m)] == 1]
            # After a round without a word, only those are asked again who fell silent in it.
            heard = any(one.verdict for _, one in judged)
            fresh = next_round(len(group), told, self.slots, random) if heard else []
            subgroups = (again + fresh)[: calls - len(told)]
        return told

    def _conclude(self, group: Group, order: Sequence[int], told: Sequence[Told]) -> Judgement:
        """What the judgements of subgroups of the ordered group say of the given one."""
        n = len(group)
        judged = [one for _, one in told]
        replies, usage = cost(judged)
        signed = wrapped_signature(judged[0], self._own_fields)
        failures = [one.failure for one in judged if one.failure]
        details: dict[str, Any] = {"calls": len(told), "unread": len(failures)}
        compared = readable(told)
        separate = len(set(parts(n, (members for members, _ in compared)).tolist()))
        if separate > 1:
            detail = (
                f"{len(failures)} of {len(told)} subgroups unread, which leaves {separate} parts "
                f"of the group that were never compared: {failures[0].detail}"
            )
            failure = Failure(failures[0].reason, detail)
            return Judgement(group, None, failure, replies, signed, usage, details)
        strengths = fit(n, compared)
        given = np.argsort(order)
        scores = tuple(float(10 * rate) for rate in strengths.win_rates[given])
        details = (
            mean_details([one for one in judged if one.verdict])
            | details
            | {
                "consistency": consistency(strengths.values, compared),
                "strengths": [float(s) for s in strengths.values[given]],
                "errors": [round(float(e), 9) for e in strengths.errors[given]],
            }
        )
        verdict = Verdict(rank_scores(scores), scores)
        return Judgement(group, verdict, None, replies, signed, usage, details)


def default_calls(n: int, slots: int) -> int:
    """Calls for n candidates when nobody says how many: each is shown about log₂(n) times."""
    return max(fewest_calls(n, slots), ceil(n * log2(n) / slots))


def next_round(
    n: int, told: Sequence[Told], slots: int, random: np.random.Generator
) -> list[Subgroup]:
    """Subgroups of up to half of the candidates, each in an order drawn at random: engines
    that like batches get one, and a judge's love for a slot favours nobody for long."""
    compared = readable(told)
    part = parts(n, (members for members, _ in compared))
    chosen = choose(fit(n, compared), part, max(1, n // (2 * slots)), slots)
    return [tuple(int(i) for i in random.permutation(members)) for members in chosen]


def readable(told: Sequence[Told]) -> list[Compared]:
    """The verdicts, without the judgements that failed."""
    return [(members, one.verdict) for members, one in told if one.verdict]


def consistency(strengths: Floats, compared: Sequence[Compared]) -> float | None:
    """The share of the observed wins that the strengths agree with; None without a win."""
    agreed = [
        bool(strengths[members[i]] > strengths[members[j]])
        for members, verdict in compared
        for i, j in permutations(range(len(members)), 2)
        if verdict.ranking.places[i] < verdict.ranking.places[j]
    ]
    return round(sum(agreed) / len(agreed), 9) if agreed else None
