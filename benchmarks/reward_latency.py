"""How long a step waits for its rewards: 512 prompts of 4 rollouts through `dragoman serve`.

The judge does nothing but wait, as long as served models take: lognormal, with a median of 3
seconds and a 99th percentile of 12, for 64 groups at once. No scheduler can be faster than the
sum of those times over 64, and none than the longest. One that does not know them beforehand
and has no costs gives the next group to whoever is free first, and ends later, when the last
long ones do. Asking one after the other takes their sum. `--scale 0.1` makes all waiting ten
times shorter, and what HTTP costs ten times heavier.

    python benchmarks/reward_latency.py [--prompts 512] [--size 4] [--scale 1] [--seed 0]
"""

from __future__ import annotations

import argparse
import asyncio
import heapq
import math
import os
import random
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType

from dragoman.serving.client import AsyncClient, RolloutRequest
from dragoman.types import Group, Judgement, Ranking, Verdict

HOME = Path(__file__).resolve().parent
MEDIAN, P99, CONCURRENCY = 3.0, 12.0, 64
SPREAD = math.log(P99 / MEDIAN) / 2.3263  # of the logarithm; 2.3263 is the normal's 99 % point


class WaitingJudge:
    """Takes as long as the source says, and finds everything equally good."""

    fields: Mapping[str, object] = MappingProxyType({"judge": "waiting"})

    async def judge(self, group: Group, draw: int = 0) -> Judgement:
        await asyncio.sleep(float(group.segment.source))
        everyone = tuple(range(len(group)))
        return Judgement(group, Verdict(Ranking((everyone,)), (5.0,) * len(group)), None)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--prompts", type=int, default=512)
    parser.add_argument("--size", type=int, default=4)
    parser.add_argument("--scale", type=float, default=1.0)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    dice = random.Random(options.seed)
    seconds = [
        options.scale * dice.lognormvariate(math.log(MEDIAN), SPREAD)
        for _ in range(options.prompts)
    ]
    paths = [str(HOME), os.environ.get("PYTHONPATH", "")]
    judge = ["--judge", "reward_latency:WaitingJudge", "--concurrency", str(CONCURRENCY)]
    server = subprocess.Popen(
        [sys.executable, "-m", "dragoman", "serve", "--port", "0", *judge],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, paths))},
        stderr=subprocess.PIPE,
        text=True,
    )
    assert server.stderr
    try:
        address = server.stderr.readline().split()[-1]
        wall, unrewarded = asyncio.run(step(address, seconds, options.size))
    finally:
        server.terminate()
        server.wait()
    bound = max(sum(seconds) / CONCURRENCY, max(seconds))
    print(
        f"{options.prompts} prompts of {options.size}: {wall:.2f} s; one after the other "
        f"{sum(seconds):.0f} s ({sum(seconds) / wall:.1f} times); bound {bound:.2f} s, "
        f"of which it is {wall / bound:.3f} times; without costs, in their order, "
        f"{in_order(seconds):.2f} s, of which it is {wall / in_order(seconds):.3f} times; "
        f"{unrewarded} without a reward"
    )
    return 1 if unrewarded else 0


def in_order(seconds: Sequence[float]) -> float:
    """When the last one ends if each goes to whoever is free first."""
    free = [0.0] * CONCURRENCY
    for one in seconds:
        heapq.heapreplace(free, free[0] + one)
    return max(free)


async def step(address: str, seconds: list[float], size: int) -> tuple[float, int]:
    """Send all rollouts at once; the time to the last reward, and how many got none."""
    async with AsyncClient(address) as client:
        begun = time.monotonic()
        answers = await asyncio.gather(
            *(
                client.reward(
                    RolloutRequest(
                        uid=str(number), slot=slot, size=size, source=repr(wait),
                        src_lang="de", tgt_lang="en", text=f"text {slot}", tokens=50,
                    ),
                    deadline=1800,
                )
                for number, wait in enumerate(seconds)
                for slot in range(size)
            )
        )  # fmt: skip
    return time.monotonic() - begun, sum(answer.reward is None for answer in answers)


if __name__ == "__main__":
    sys.exit(main())
