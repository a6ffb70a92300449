"""dragoman: rank, choose and train translations with a judge that reads the whole group."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

# Public names and where they live. They load on first use, so that `import dragoman`
# and `dragoman --help` stay fast; tests/unit/test_public_names.py holds the list still.
_HOMES = {
    "Candidate": "dragoman.types",
    "Completion": "dragoman.types",
    "Failure": "dragoman.types",
    "Group": "dragoman.types",
    "Judgement": "dragoman.types",
    "Prompt": "dragoman.types",
    "Ranking": "dragoman.types",
    "Reply": "dragoman.types",
    "Sampling": "dragoman.types",
    "Segment": "dragoman.types",
    "Usage": "dragoman.types",
    "Verdict": "dragoman.types",
    "DragomanError": "dragoman.errors",
    "UnreadableReply": "dragoman.errors",
    "UserError": "dragoman.errors",
    "make_engine": "dragoman.engines",
    "make_format": "dragoman.formats",
    "make_judge": "dragoman.judges",
    "rank": "dragoman.ranker",
    "read_groups": "dragoman.records",
}

__all__ = ["__version__", *_HOMES]

if TYPE_CHECKING:
    from dragoman.engines import make_engine
    from dragoman.errors import DragomanError, UnreadableReply, UserError
    from dragoman.formats import make_format
    from dragoman.judges import make_judge
    from dragoman.ranker import rank
    from dragoman.records import read_groups
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


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'dragoman' has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return sorted(__all__)
