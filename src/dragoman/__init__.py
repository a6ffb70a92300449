"""dragoman: rank, choose and train translations with a judge that reads the whole group."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from dragoman.errors import DragomanError, UnreadableReply, UserError
from dragoman.types import (
    Candidate,
    Completion,
    Failure,
    Group,
    Judgement,
    Prompt,
    Ranking,
    Reply,
    Sampling,
    Segment,
    Usage,
    Verdict,
)
from dragoman.version import __version__

if TYPE_CHECKING:
    from dragoman.engines import make_engine
    from dragoman.formats import make_format
    from dragoman.judges import make_judge
    from dragoman.ranker import rank, rank_groups
    from dragoman.records import read_groups

# What does something, beside the values above, loads on first use: `import dragoman` is quick.
_HOMES = {
    "make_engine": "dragoman.engines",
    "make_format": "dragoman.formats",
    "make_judge": "dragoman.judges",
    "rank": "dragoman.ranker",
    "rank_groups": "dragoman.ranker",
    "read_groups": "dragoman.records",
}

__all__ = [
    "Candidate",
    "Completion",
    "DragomanError",
    "Failure",
    "Group",
    "Judgement",
    "Prompt",
    "Ranking",
    "Reply",
    "Sampling",
    "Segment",
    "UnreadableReply",
    "Usage",
    "UserError",
    "Verdict",
    "__version__",
    "make_engine",
    "make_format",
    "make_judge",
    "rank",
    "rank_groups",
    "read_groups",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'dragoman' has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)
