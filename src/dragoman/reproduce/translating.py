"""How good a translator is on held-out sentences."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

from dragoman.asking import Asked, Asker, Patience
from dragoman.engines import Engine
from dragoman.formats import make_format
from dragoman.metrics import make_metric
from dragoman.phrasebook.datasets import gold_quality
from dragoman.reproduce.groups import FORMAT, REPLY_TOKENS, open_engine, segments_of
from dragoman.reproduce.judging import Measured, columns
from dragoman.reproduce.plan import Place, Result
from dragoman.types import Candidate, Group, Sampling, Segment

TEST_SEED = 77


def translate(
    place: Place, name: str, *, model: str, directions: Sequence[str], size: int
) -> Result:
    """Translate `size` held-out sentences in each direction, greedily. The numbers of each
    sentence are kept, and a few translations for reading."""
    tried = {one: test_segments(one, size) for one in directions}
    order = [segment for some in tried.values() for segment in some]
    answers = iter(asyncio.run(_translate(open_engine(place, model), order)))
    directions_: dict[str, Any] = {}
    samples: list[dict[str, Any]] = []
    for direction, segments in tried.items():
        rows: list[Measured] = []
        for segment in segments:
            asked: Asked[str] = next(answers)
            rows.append(measure(segment, asked.answer, asked.usage.reply_tokens))
            if len(rows) <= 3:
                samples.append({"id": segment.id, "source": segment.source, "text": asked.answer})
        directions_[direction] = columns(rows)
    return {"directions": directions_, "samples": samples}


def test_segments(direction: str, size: int) -> list[Segment]:
    """The same ones for every translator."""
    return segments_of(split="test", seed=TEST_SEED, size=size, directions=[direction])


def measure(segment: Segment, text: str | None, tokens: int) -> Measured:
    """One translation. A reply that holds none is worth nothing: it was asked for."""
    if text is None or segment.reference is None:
        return {"quality": 0.0, "exact": 0.0, "chrf": 0.0, "tokens": float(tokens),
                "copied": 0.0, "unreadable": 1.0}  # fmt: skip
    return {
        "quality": gold_quality(segment, text),
        "exact": float(text == segment.reference),
        "chrf": make_metric("chrf").scores(Group(segment, (Candidate(text),)))[0],
        "tokens": float(tokens),
        "copied": float(text.strip() == segment.source.strip()),
        "unreadable": 0.0,
    }


async def _translate(engine: Engine, segments: Sequence[Segment]) -> list[Asked[str]]:
    asker = Asker(engine, Sampling(max_tokens=REPLY_TOKENS), Patience(0))
    format = make_format(FORMAT)
    try:
        return await asyncio.gather(*(asker.ask(format, segment) for segment in segments))
    finally:
        await engine.close()
