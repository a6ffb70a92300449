"""Groups of translations with their gold scores: planted, or drawn from policies."""

from __future__ import annotations

import asyncio
import json
import random
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from dragoman.data.rows import GoldGroup, gold_group_from_row, gold_group_to_row
from dragoman.engines import Engine, make_engine
from dragoman.errors import UnreadableReply
from dragoman.formats import make_format
from dragoman.phrasebook import datasets, tasks
from dragoman.phrasebook.datasets import gold_quality, segment_meaning
from dragoman.records import segment_from_row
from dragoman.reproduce.plan import Place, Result, write_text
from dragoman.types import Candidate, Group, Sampling, Segment

FORMAT = "codeblock-think"
SAMPLES = 4
REPLY_TOKENS = 80
ENGINE_ROWS = 64


def plant(place: Place, name: str, **told: Any) -> Result:
    """Groups with planted errors, as the phrasebook makes them."""
    return _write(place, name, list(datasets.load("groups", **told)))


def sample(place: Place, name: str, *, policies: Sequence[str], seed: int, **told: Any) -> Result:
    """Each policy translates sentences of its own, `SAMPLES` times each at temperature 1.

    A group has the different readable texts; where there are fewer than two there is none.
    """
    rows: list[Mapping[str, Any]] = []
    drawn: dict[str, Any] = {}
    for number, policy in enumerate(policies):
        segments = segments_of(seed=1000 * seed + number, **told)
        texts = asyncio.run(_translate(open_engine(place, policy), segments))
        groups = list(gold_groups(segments, texts))
        rows += map(gold_group_to_row, groups)
        scores = [score for group in groups for score in group.scores]
        drawn[policy] = {
            "groups": len(groups),
            "quality": sum(scores) / max(1, len(scores)),
            "unreadable": sum(t is None for some in texts for t in some)
            / (SAMPLES * len(segments)),
        }
    random.Random(seed).shuffle(rows)
    return {**_write(place, name, rows), "policies": drawn}


def teach(
    place: Place, name: str, *, form: str, groups: str | None, planted: int, seed: int, **told: Any
) -> Result:
    """Lessons for a judge: gold replies about planted groups and about groups of a step.

    In the form `sqm` every candidate is a lesson of its own."""
    rows = list(datasets.load("groups", seed=seed, size=planted, split="train", **told))
    golds = [gold_group_from_row(row) for row in rows]
    golds += read_groups(place, groups) if groups else []
    random.Random(seed).shuffle(golds)
    return _write(place, name, list(_lessons(golds, form)))


def segments_of(*, size: int, seed: int, **told: Any) -> list[Segment]:
    return [
        segment_from_row(row) for row in datasets.load("segments", size=size, seed=seed, **told)
    ]


def read_groups(place: Place, name: str) -> list[GoldGroup]:
    lines = place.rows(name).read_text("utf-8").splitlines()
    return [gold_group_from_row(json.loads(line)) for line in lines]


def gold_groups(
    segments: Iterable[Segment], texts: Iterable[Sequence[str | None]]
) -> Iterator[GoldGroup]:
    """The different texts of each segment with their gold scores, where there are two."""
    for segment, some in zip(segments, texts, strict=True):
        different = list(dict.fromkeys(text for text in some if text is not None))
        if len(different) > 1:
            scores = tuple(gold_quality(segment, text) for text in different)
            yield GoldGroup(Group(segment, tuple(map(Candidate, different))), scores)


def open_engine(place: Place, step: str) -> Engine:
    return make_engine(f"transformers:{place.model(step)}", rows=ENGINE_ROWS, threads=1)


async def _translate(engine: Engine, segments: Sequence[Segment]) -> list[list[str | None]]:
    format = make_format(FORMAT)

    async def translate(segment: Segment) -> list[str | None]:
        sampling = Sampling(temperature=1.0, n=SAMPLES, max_tokens=REPLY_TOKENS, seed=1)
        completion = await engine.complete(format.write(segment), sampling)
        return [
            read_or_none(reply.text, segment) if reply.finish == "stop" else None
            for reply in completion.replies
        ]

    def read_or_none(reply: str, segment: Segment) -> str | None:
        try:
            return format.read(reply, segment)
        except UnreadableReply:
            return None

    try:
        return await asyncio.gather(*map(translate, segments))
    finally:
        await engine.close()


def _lessons(golds: Iterable[GoldGroup], form: str) -> Iterator[dict[str, str]]:
    for gold in golds:
        segment = gold.group.segment
        meaning = segment_meaning(segment)
        if meaning is None:
            raise ValueError(f"segment {segment.id!r} is none of the phrasebook's")
        texts = [candidate.text for candidate in gold.group.candidates]
        if form == "sqm":
            lessons = [tasks.alone_task(meaning, segment, text) for text in texts]
        else:
            lessons = [tasks.group_task(meaning, segment, texts)]
        for lesson in lessons:
            yield {"prompt": lesson.prompt, "response": lesson.reply}


def _write(place: Place, name: str, rows: Sequence[Mapping[str, Any]]) -> Result:
    lines = [json.dumps(row, ensure_ascii=False) + "\n" for row in rows]
    write_text(place.rows(name), "".join(lines))
    return {"rows": len(rows)}
