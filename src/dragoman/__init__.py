"""dragoman: rank translations with a judge that reads the whole group at once."""

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
    from dragoman.asking import Asker, Patience
    from dragoman.engines import Engine, make_engine
    from dragoman.formats import Format, make_format
    from dragoman.judges import Judge, make_judge
    from dragoman.metrics import Metric
    from dragoman.ranker import rank, rank_groups
    from dragoman.records import read_groups

# What does something, beside the values above, loads on first use: `import dragoman` is quick.
_HOMES = {
    "Asker": "dragoman.asking",
    "Engine": "dragoman.engines",
    "Format": "dragoman.formats",
    "Judge": "dragoman.judges",
    "Metric": "dragoman.metrics",
    "Patience": "dragoman.asking",
    "make_engine": "dragoman.engines",
    "make_format": "dragoman.formats",
    "make_judge": "dragoman.judges",
    "rank": "dragoman.ranker",
    "rank_groups": "dragoman.ranker",
    "read_groups": "dragoman.records",
}

__all__ = [
    "Asker",
    "Candidate",
    "Completion",
    "DragomanError",
    "Engine",
    "Failure",
    "Format",
    "Group",
    "Judge",
    "Judgement",
    "Metric",
    "Patience",
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


def __dir__() -> list[str]:
    return list(__all__)
