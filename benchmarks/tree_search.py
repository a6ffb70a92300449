"""Tree search side by side, beside the same search one call at a time: seconds and trees.

Both search the same segments with the same engine in one process; the second way asks nothing
before the last answer has come. Where a model rounds differently in a batch, a draw may tip, so the
trees that came out equal are counted. A small model keeps one core busy, so there is a copy of it
for each; the second way leaves all but one of them idle.

    python benchmarks/tree_search.py [--segments 200] [--engine phrasebook:base] [--copies 2]
"""

from __future__ import annotations

import argparse
import asyncio
import os
import time
from collections.abc import Sequence
from dataclasses import dataclass

from dragoman.asking import Asker, Patience
from dragoman.engines import Engine, make_engine
from dragoman.engines.metered import MeteredEngine
from dragoman.phrasebook.datasets import load
from dragoman.records import segment_from_row
from dragoman.runs import Progress, Record, Run
from dragoman.translators import make_translator
from dragoman.translators.tree.settings import TreeSettings
from dragoman.types import Completion, Prompt, Sampling, Segment, Translation

SAMPLING = Sampling(temperature=0.5, max_tokens=300)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--segments", type=int, default=200)
    parser.add_argument("--engine", default="phrasebook:base")
    parser.add_argument("--copies", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--samples", type=int, default=3)
    parser.add_argument("--rounds", type=int, default=4)
    options = parser.parse_args()
    rows = load("segments", split="test", seed=1, size=options.segments, directions=["en-de"])
    segments = [segment_from_row(row) for row in rows]
    copies = {"copies": options.copies} if options.copies > 1 else {}
    engine = make_engine(options.engine, **copies)
    asyncio.run(compare(engine, segments, options.samples, options.rounds))


async def compare(engine: Engine, segments: Sequence[Segment], samples: int, rounds: int) -> None:
    await search(engine, segments[:2], samples, 1, 2)  # it is loaded and warm now
    found: list[list[Translation]] = []
    taken: list[float] = []
    for way, one, concurrency in (
        ("side by side", engine, 64),
        ("one call at a time", OneAtATime(engine, asyncio.Lock()), 1),
    ):
        metered = MeteredEngine(one)
        began = time.perf_counter()
        found.append(await search(metered, segments, samples, rounds, concurrency))
        taken.append(time.perf_counter() - began)
        used = metered.usage
        print(
            f"{way}: {taken[-1]:.1f} s; {used.calls} calls, "
            f"{used.prompt_tokens + used.reply_tokens} tokens",
            flush=True,
        )
    same = sum(
        one.details.get("tree") == other.details.get("tree")
        for one, other in zip(*found, strict=True)
    )
    print(f"{taken[1] / taken[0]:.1f} times as fast; {same} of {len(segments)} trees are equal")
    await engine.close()


async def search(
    engine: Engine, segments: Sequence[Segment], samples: int, rounds: int, concurrency: int
) -> list[Translation]:
    """The searches of all segments, so many of them under way at once."""
    translator = make_translator(
        "tree",
        Asker(engine, SAMPLING, Patience(0)),
        samples=samples,
        tree=TreeSettings(rounds=rounds, bridges=("zh", "fr", "es")),
    )

    async def work(segment: Segment, tries: int) -> Record[Translation]:
        return Record("", value=await translator.translate(segment))

    run = Run(work, lambda segment: segment.id, concurrency=concurrency)
    return [record.value async for record in run.records(segments, Progress()) if record.value]


@dataclass(frozen=True)
class OneAtATime:
    """The same engine, which is asked nothing while it answers."""

    engine: Engine
    lock: asyncio.Lock

    @property
    def identity(self) -> str:
        return self.engine.identity

    async def complete(self, prompt: Prompt, sampling: Sampling) -> Completion:
        async with self.lock:
            return await self.engine.complete(prompt, sampling)

    async def close(self) -> None:
        await self.engine.close()


if __name__ == "__main__":
    main()
