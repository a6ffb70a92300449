"""Identical texts share one slot and one verdict.

Every judge that compares candidates goes through here, so that a text that appears
twice takes no second slot in a prompt, and so that a group with one distinct text,
which leaves nothing to compare, costs no call.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import replace

from dragoman.signature import signature
from dragoman.types import Group, Judgement, Ranking, Verdict


def distinct(group: Group) -> tuple[Group, tuple[int, ...]]:
    """The group without repeated texts, and for each candidate its index in there."""
    slot_of_text: dict[str, int] = {}
    slots = tuple(slot_of_text.setdefault(c.text, len(slot_of_text)) for c in group.candidates)
    firsts = tuple(slots.index(slot) for slot in range(len(slot_of_text)))
    return group.pick(firsts), slots


def spread(judgement: Judgement, group: Group, slots: tuple[int, ...]) -> Judgement:
    """A judgement of the distinct texts as a judgement of the whole group."""
    verdict = judgement.verdict
    if verdict is None or len(judgement.group) == len(group):
        return replace(judgement, group=group)
    members = [[i for i, slot in enumerate(slots) if slot == s] for s in range(max(slots) + 1)]
    tiers = tuple(tuple(i for s in tier for i in members[s]) for tier in verdict.ranking.tiers)
    scores = verdict.scores and tuple(verdict.scores[slot] for slot in slots)
    whole = Verdict(Ranking(tiers), scores, verdict.analysis)
    return replace(judgement, group=group, verdict=whole)


class Comparing(ABC):
    """A judge that sees distinct candidates only, and at least two of them."""

    @property
    @abstractmethod
    def fields(self) -> Mapping[str, object]: ...

    @abstractmethod
    async def compare(self, group: Group, draw: int) -> Judgement:
        """Judge a group of two or more different texts."""

    async def judge(self, group: Group, draw: int = 0) -> Judgement:
        small, slots = distinct(group)
        if len(small) == 1:
            tie = Verdict(Ranking((tuple(range(len(group))),)))
            note = {"note": "one distinct text: nothing to compare"}
            return Judgement(group, tie, None, signature=signature(self.fields), details=note)
        return spread(await self.compare(small, draw), group, slots)
