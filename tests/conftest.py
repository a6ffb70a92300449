"""What every test may use."""

from __future__ import annotations

from pathlib import Path

import pytest

from dragoman.types import Candidate, Group, Segment

SHARED = Path(__file__).resolve().parent.parent.parent / "shared" / "evaluation"


@pytest.fixture(scope="session")
def evaluation() -> Path:
    """The folder of human-judged data beside the project; tests that need it skip without it."""
    if not SHARED.is_dir():
        pytest.skip("needs ../shared/evaluation, which is not here")
    return SHARED


def make_group(*texts: str, id: str = "g", reference: str | None = None) -> Group:
    """A German–English group of these candidate texts."""
    segment = Segment(id, "Guten Morgen", "de", "en", reference)
    return Group(segment, tuple(map(Candidate, texts)))
