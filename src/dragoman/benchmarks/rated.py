"""A segment with translations that people rated, as a group; and smaller groups drawn from it."""

from __future__ import annotations

import random
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from statistics import fmean
from typing import Any

from dragoman.records import group_to_row
from dragoman.types import Candidate, Group, Segment

# Published scores are sums of tenths, or means of few numbers.
PLACES = 6


@dataclass(frozen=True)
class Rated:
    """A segment, its document and domain, and what each system wrote and got for it."""

    segment: Segment
    document: str
    domain: str | None
    systems: tuple[str, ...]
    texts: tuple[str, ...]
    scores: tuple[float, ...]

    @property
    def languages(self) -> str:
        return f"{self.segment.source_lang}-{self.segment.target_lang}"

    @property
    def row(self) -> dict[str, Any]:
        """The line of a file of groups with human scores."""
        made = map(Candidate, self.texts, self.systems)
        row = group_to_row(Group(self.segment, tuple(made)))
        row["human_scores"] = [round(score, PLACES) for score in self.scores]
        row["doc_id"] = self.document
        if self.domain:
            row["domain"] = self.domain
        return row


def rated(
    segment: Segment,
    document: str,
    domain: str | None,
    texts: Mapping[str, str],
    scores: Mapping[str, float],
    references: Iterable[str] = (),
) -> Rated | None:
    """A segment with the systems that have a score; None of fewer than two. What serves as the
    reference is no candidate."""
    names = [name for name in sorted(scores) if name in texts and name not in {*references}]
    if len(names) < 2:
        return None
    told = tuple(texts[name] for name in names), tuple(scores[name] for name in names)
    return Rated(segment, document, domain, tuple(names), *told)


def fewer(group: Rated, most: int, rng: random.Random) -> Rated | None:
    """From 2 to `most` candidates in a random order, no two with one text or all with one score;
    None if there are no such. Systems with one text share a place and have their mean."""
    by_text: dict[str, list[int]] = {}
    for place, text in enumerate(group.texts):
        by_text.setdefault(text, []).append(place)
    joined = [
        ("+".join(group.systems[p] for p in places), text, fmean(group.scores[p] for p in places))
        for text, places in by_text.items()
    ]
    if len({round(score, PLACES) for _, _, score in joined}) < 2:
        return None
    count = rng.randint(2, min(most, len(joined)))
    while True:
        drawn = rng.sample(joined, count)
        if len({round(score, PLACES) for _, _, score in drawn}) > 1:
            systems, texts, scores = zip(*drawn, strict=True)
            return replace(group, systems=systems, texts=texts, scores=scores)
