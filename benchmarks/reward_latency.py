"""How long a step waits for its rewards: 512 prompts of 4 rollouts through `dragoman serve`.

The judge does nothing but wait, as long as served models take: lognormal, with a median of 3
seconds and a 99th percentile of 12, for 64 groups at once. No scheduler can be faster than the
sum of those times over 64. One that does not know them beforehand and has no costs gives the next
group to whoever is free first, and ends later, when the last long ones do; that is computed too.

With `--hedge` slow groups are asked about again. The first ask about a group takes the same time in
every row; a further one takes a time of its own, drawn from the same distribution, because here it
is the call that is slow: where the group itself is, with a longer answer, say, hedging is no help.
The bound is that of the first asks.

`--scale 0.1` makes all waiting ten times shorter, and what HTTP costs ten times heavier.

    python benchmarks/reward_latency.py [--hedge 0 1 2 4] [--seed 0 1 2] [--prompts 512] [--size 4]
"""

from __future__ import annotations

import argparse
import asyncio
import heapq
import math
import os
import random
import re
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType

import httpx

from dragoman.serving.client import AsyncClient, RolloutRequest
from dragoman.types import Group, Judgement, Ranking, Verdict

HOME = Path(__file__).resolve().parent
MEDIAN, P99, CONCURRENCY = 3.0, 12.0, 64
SPREAD = math.log(P99 / MEDIAN) / 2.3263  # of the logarithm; 2.3263 is the normal's 99 % point


class WaitingJudge:
    """Takes as long as the source says, which has a time for each ask about the group, and finds
    everything equally good."""

    fields: Mapping[str, object] = MappingProxyType({"judge": "waiting"})

    def __init__(self) -> None:
        self._asked = Counter[str]()

    async def judge(self, group: Group, draw: int = 0) -> Judgement:
        name = group.segment.id
        self._asked[name] += 1
        await asyncio.sleep(float(group.segment.source.split()[self._asked[name] - 1]))
        everyone = tuple(range(len(group)))
        return Judgement(group, Verdict(Ranking((everyone,)), (5.0,) * len(group)), None)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--hedge", type=int, nargs="+", default=[0])
    parser.add_argument("--seed", type=int, nargs="+", default=[0])
    parser.add_argument("--prompts", type=int, default=512)
    parser.add_argument("--size", type=int, default=4)
    parser.add_argument("--scale", type=float, default=1.0)
    options = parser.parse_args()
    all_rewarded = True
    for seed in options.seed:
        first = draws(f"first {seed}", options.prompts, options.scale)
        again = [
            draws(f"again {seed} {number}", max(options.hedge), options.scale)
            for number in range(options.prompts)
        ]
        sources = [
            " ".join(map(repr, [one, *more])) for one, more in zip(first, again, strict=True)
        ]
        bound, ordered = sum(first) / CONCURRENCY, in_order(first)
        print(
            f"seed {seed}: one after the other {sum(first):.0f} s; bound {bound:.2f} s; without "
            f"costs, in their order {ordered:.2f} s, {ordered / bound:.3f} of the bound"
        )
        for hedge in options.hedge:
            wall, unrewarded, asked_again = serve_step(sources, options.size, hedge)
            all_rewarded = all_rewarded and not unrewarded
            print(
                f"  --hedge {hedge}: {wall:.2f} s, {wall / bound:.3f} of the bound; "
                f"{asked_again} further asks, {unrewarded} without a reward",
                flush=True,
            )
    return 0 if all_rewarded else 1


def draws(seed: str, count: int, scale: float) -> list[float]:
    """So many times that a call takes, in seconds."""
    dice = random.Random(seed)
    return [scale * dice.lognormvariate(math.log(MEDIAN), SPREAD) for _ in range(count)]


def serve_step(sources: Sequence[str], size: int, hedge: int) -> tuple[float, int, int]:
    """The seconds of a step at a server of its own, how many got no reward, and how often groups
    were asked about again."""
    paths = [str(HOME), os.environ.get("PYTHONPATH", "")]
    judge = ["--judge", "reward_latency:WaitingJudge", "--concurrency", str(CONCURRENCY)]
    server = subprocess.Popen(
        [sys.executable, "-m", "dragoman", "serve", "--port", "0", *judge, "--hedge", str(hedge)],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, paths))},
        stderr=subprocess.PIPE,
        text=True,
    )
    assert server.stderr
    try:
        address = server.stderr.readline().split()[-1]
        wall, unrewarded = asyncio.run(step(address, sources, size))
        counted = httpx.get(f"{address}/metrics").text
    finally:
        server.terminate()
        server.wait()
    hedges = re.findall(r"^dragoman_hedges_total.* (\d+)$", counted, re.MULTILINE)
    return wall, unrewarded, sum(map(int, hedges))


def in_order(seconds: Sequence[float]) -> float:
    """When the last one ends if each goes to whoever is free first."""
    free = [0.0] * CONCURRENCY
    for one in seconds:
        heapq.heapreplace(free, free[0] + one)
    return max(free)


async def step(address: str, sources: Sequence[str], size: int) -> tuple[float, int]:
    """Send all rollouts at once; the time to the last reward, and how many got none."""
    async with AsyncClient(address) as client:
        begun = time.monotonic()
        answers = await asyncio.gather(
            *(
                client.reward(
                    RolloutRequest(
                        uid=str(number), slot=slot, size=size, source=source,
                        src_lang="de", tgt_lang="en", text=f"text {slot}", tokens=50,
                    ),
                    deadline=1800,
                )
                for number, source in enumerate(sources)
                for slot in range(size)
            )
        )  # fmt: skip
    return time.monotonic() - begun, sum(answer.reward is None for answer in answers)


if __name__ == "__main__":
    sys.exit(main())
