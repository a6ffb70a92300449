"""How a reader says no."""

from __future__ import annotations

from dragoman.errors import UnreadableReply


def refuse(reason: str, detail: str) -> UnreadableReply:
    """The refusal, its detail cut to what a report can show."""
    return UnreadableReply(reason, detail if len(detail) <= 120 else detail[:117] + "…")
