"""MBR by chrF: seconds a source, beside the plain way of sacrebleu over all pairs.

Samples are sentences of about 25 words in which one word in five differs. The three ways
take turns; the plain one is tried once a size, for at 256 samples it takes long.

    python benchmarks/mbr.py [--samples 16 64 256] [--rounds 5]
"""

from __future__ import annotations

import argparse
import random
import statistics
import time
from collections.abc import Callable, Sequence

from sacrebleu.metrics.chrf import CHRF

from dragoman.translators.utilities import make_utility
from dragoman.types import Segment

SEGMENT = Segment("s", "source", "de", "en")
WORDS = 25

Expected = Callable[[Sequence[str]], Sequence[float]]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--samples", type=int, nargs="+", default=[16, 64, 256])
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    print(f"{'samples':>7}  {'sacrebleu':>10}  {'chrf-pairwise':>20}  {'chrf':>20}  same choice")
    for count in options.samples:
        samples = draw(count, random.Random(count))
        ways = {name: ours(name) for name in ("chrf-pairwise", "chrf")}
        plain_seconds, plain_best = timed(plainly, samples)
        cells, chosen = "", []
        for way in ways.values():
            runs = [timed(way, samples) for _ in range(options.rounds)]
            seconds = statistics.median(seconds for seconds, _ in runs)
            cells += f"  {seconds:9.4f} s {plain_seconds / seconds:6.0f} ×"
            chosen.append(runs[0][1] == plain_best)
        same = ", ".join("yes" if one else "no" for one in chosen)
        print(f"{count:7}  {plain_seconds:8.2f} s{cells}  {same}", flush=True)


def draw(count: int, rng: random.Random) -> list[str]:
    """Variants of one sentence."""
    words = ["".join(rng.choices("etaoinshrdlu", k=rng.randint(2, 9))) for _ in range(400)]
    sentence = rng.choices(words, k=WORDS)
    return [
        " ".join(rng.choice(words) if rng.random() < 0.2 else word for word in sentence)
        for _ in range(count)
    ]


def ours(name: str) -> Expected:
    utility = make_utility(name)
    return lambda samples: utility.expected(samples, samples, SEGMENT)


def plainly(samples: Sequence[str]) -> list[float]:
    chrf = CHRF()
    return [
        sum(chrf.sentence_score(text, [sample]).score for sample in samples) / len(samples)
        for text in samples
    ]


def timed(way: Expected, samples: Sequence[str]) -> tuple[float, int]:
    """Seconds, and which sample is best."""
    started = time.perf_counter()
    expected = way(samples)
    seconds = time.perf_counter() - started
    return seconds, max(range(len(expected)), key=expected.__getitem__)


if __name__ == "__main__":
    main()
