"""How long a step waits for its rewards: 512 prompts of 4 rollouts through `dragoman serve`.

The judge does nothing but wait, as long as served models take: lognormal, with a median of 3
seconds and a 99th percentile of 12, for 64 groups at once. No scheduler can be faster than the
sum of those times over 64, the bound. The server's queue alone is run too, on a clock that jumps
from event to event: what it reaches without HTTP and whatever else the machine does.

With `--hedge` slow groups are asked about again. The first ask about a group takes the same time in
every row; a further one takes a time of its own, drawn from the same distribution, because here it
is the call that is slow: where the group itself is, with a longer answer, say, hedging is no help.
The bound is that of the first asks.

    python benchmarks/reward_latency.py [--hedge 0 1 2 4] [--seed 0 1 2] [--prompts 512] [--size 4]
    python benchmarks/reward_latency.py --hedge 0 1 2 4 --alone 100    # only the queue, 100 steps
"""

from __future__ import annotations

import argparse
import asyncio
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
from statistics import fmean
from types import MappingProxyType
from typing import TypeAlias

import httpx

from dragoman.serving.client import AsyncClient, RolloutRequest
from dragoman.serving.meters import Meters
from dragoman.serving.queue import JudgeQueue
from dragoman.types import Candidate, Group, Judgement, Ranking, Segment, Verdict

Waits: TypeAlias = Sequence[Sequence[float]]

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
    parser.add_argument("--alone", type=int, metavar="STEPS")
    parser.add_argument("--prompts", type=int, default=512)
    parser.add_argument("--size", type=int, default=4)
    options = parser.parse_args()
    if options.alone:
        many_alone([step_of(seed, options.prompts) for seed in range(options.alone)], options.hedge)
        return 0
    all_rewarded = True
    for seed in options.seed:
        waits = step_of(seed, options.prompts)
        serial, bound = sum(wait[0] for wait in waits), bound_of(waits)
        print(f"seed {seed}: one after the other {serial:.0f} s; bound {bound:.2f} s")
        for hedge in options.hedge:
            alone, _ = queue_alone(waits, hedge)
            wall, unrewarded, asked_again = serve_step(waits, options.size, hedge)
            all_rewarded = all_rewarded and not unrewarded
            print(
                f"  --hedge {hedge}: {wall:.2f} s, {wall / bound:.3f} of the bound; the queue "
                f"alone {alone:.2f} s, {alone / bound:.3f}; {asked_again} further asks, "
                f"{unrewarded} without a reward",
                flush=True,
            )
    return 0 if all_rewarded else 1


def many_alone(steps: Sequence[Waits], hedges: Sequence[int]) -> None:
    for hedge in hedges:
        ended = [(queue_alone(waits, hedge), bound_of(waits)) for waits in steps]
        ratios = [seconds / bound for (seconds, _), bound in ended]
        asks = fmean(asks for (_, asks), _ in ended)
        print(
            f"--hedge {hedge}: {fmean(ratios):.3f} of the bound in the mean of {len(steps)} steps, "
            f"{min(ratios):.3f} to {max(ratios):.3f}; {asks:.0f} further asks",
            flush=True,
        )


def step_of(seed: int, prompts: int) -> Waits:
    """How long each ask about each group takes."""
    first = draws(f"first {seed}", prompts)
    return [[one, *draws(f"again {seed} {place}", 16)] for place, one in enumerate(first)]


def bound_of(waits: Waits) -> float:
    return sum(wait[0] for wait in waits) / CONCURRENCY


def draws(seed: str, count: int) -> list[float]:
    """So many times that a call takes, in seconds."""
    dice = random.Random(seed)
    return [dice.lognormvariate(math.log(MEDIAN), SPREAD) for _ in range(count)]


class Clockwork(asyncio.SelectorEventLoop):
    """A loop on which waiting takes no time."""

    now = 0.0

    def time(self) -> float:
        return self.now

    def _run_once(self) -> None:
        if not self._ready and self._scheduled:
            self.now = max(self.now, self._scheduled[0].when())
        super()._run_once()


def queue_alone(waits: Waits, hedge: int) -> tuple[float, int]:
    """The seconds of a step by the server's queue, and how many further asks it made."""

    async def work() -> tuple[float, int]:
        queue = JudgeQueue(WaitingJudge(), CONCURRENCY, hedge, Meters())
        groups = [
            Group(Segment(str(place), source_of(wait), "de", "en"), (Candidate("a"),))
            for place, wait in enumerate(waits)
        ]
        judged = await asyncio.gather(*map(queue.judge, groups))
        asks = sum(one.details.get("asked_again", 0) for one in judged)
        return asyncio.get_running_loop().time(), asks

    with asyncio.Runner(loop_factory=Clockwork) as runner:
        return runner.run(work())


def source_of(wait: Sequence[float]) -> str:
    return " ".join(map(repr, wait))


def serve_step(waits: Waits, size: int, hedge: int) -> tuple[float, int, int]:
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
        wall, unrewarded = asyncio.run(step(address, list(map(source_of, waits)), size))
        counted = httpx.get(f"{address}/metrics").text
    finally:
        server.terminate()
        server.wait()
    hedges = re.findall(r"^dragoman_hedges_total.* (\d+)$", counted, re.MULTILINE)
    return wall, unrewarded, sum(map(int, hedges))


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
        seconds = time.monotonic() - begun
    return seconds, sum(answer.reward is None for answer in answers)


if __name__ == "__main__":
    sys.exit(main())
