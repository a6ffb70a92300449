"""What pointwise formats answer: one number for one candidate."""

from __future__ import annotations

from dataclasses import dataclass

from dragoman.types import Candidate, Group


@dataclass(frozen=True, slots=True)
class Score:
    """A score on the format's own scale, and the text that argues for it."""

    value: float
    analysis: str = ""


def only_candidate(group: Group) -> Candidate:
    """The candidate of a group of one; pointwise formats are never shown more."""
    if len(group) != 1:
        raise ValueError(f"a pointwise format is shown one candidate, not {len(group)}")
    return group.candidates[0]
