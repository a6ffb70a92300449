"""How much of a planted order a tournament finds, for how many calls.

    python benchmarks/tournament.py [--seeds 200]

64 candidates have evenly spaced qualities in a random order. A simulated judge with four
slots sees the qualities and errs on 15 % of the pairs, in one of three ways:

coins    Each pair of a call comes out the wrong way round with chance 0.15, whoever the two
         are and independently of the others. The verdict orders the four by their wins
         among themselves; equal wins are a tie. No scores.
close    The same, but the chance of an error falls with the distance d of the qualities:
         1 / (1 + exp(k·d)), with k such that it is 0.15 on average over all pairs. Real
         judges err this way: on near ties.
scores   Each candidate of a call is scored by its quality plus noise of its own (Gumbel, so
         that each pair errs as often as under `close`); the verdict is the scores.

The `faultless` judge never errs: what it cannot tell in so many calls, no better judge can.

Against the tournament stand

at_random  subgroups at random, merged by the same fit: what choosing them is worth;
swiss      rounds of neighbours in the standing so far, merged by the same fit;
mean       the mean score (or minus the mean place) over random subgroups: what the fit is
           worth. Under `scores` it has an advantage that real judges seldom give: the
           simulated one puts the scores of different calls on one scale;
knockout   single elimination among fours, the best of each going on, 21 calls; those who
           drop out in the same round tie;
pairwise   all 2016 pairs, one call of two slots each, ordered by wins.

Printed is Kendall's τ to the planted order (ties count 0), mean ± the half width of its 95 %
confidence interval over the seeds, then seconds of CPU. `limit` is the highest mean τ that
any method could reach with that many verdicts of the `coins` judge; see `limit` below.
"""

from __future__ import annotations

import argparse
import asyncio
import math
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from itertools import combinations, permutations, product

import numpy as np

from dragoman.judges.strength import fit
from dragoman.judges.tournament import Tournament
from dragoman.ranking import rank_scores
from dragoman.types import Candidate, Group, Judgement, Segment, Verdict

N, SLOTS, ERROR = 64, 4, 0.15
CALLS = (16, 24, 32, 48, 64, 96, 128, 192)
SEGMENT = Segment("1", "source", "de", "en")
PAIRS = np.triu_indices(N, 1)

Judging = Callable[[np.ndarray, np.random.Generator], Verdict]


def sharpness() -> float:
    """The k of the logistic judge that errs on 15 % of all pairs of the group."""
    distances = np.subtract.outer(np.arange(N), np.arange(N))[PAIRS] / (N - 1)
    low, high = 0.0, 100.0
    for _ in range(60):
        k = (low + high) / 2
        too_dull = np.mean(1 / (1 + np.exp(k * np.abs(distances)))) > ERROR
        low, high = (k, high) if too_dull else (low, k)
    return low


K = sharpness()


def faultless(qualities: np.ndarray, random: np.random.Generator) -> Verdict:
    return Verdict(rank_scores(qualities.tolist()))


def by_wins(qualities: np.ndarray, random: np.random.Generator, error: Callable) -> Verdict:
    wins = [0] * len(qualities)
    for i, j in combinations(range(len(qualities)), 2):
        better, worse = (i, j) if qualities[i] > qualities[j] else (j, i)
        wrong = random.random() < error(abs(qualities[i] - qualities[j]))
        wins[worse if wrong else better] += 1
    return Verdict(rank_scores(wins))


def coins(qualities: np.ndarray, random: np.random.Generator) -> Verdict:
    return by_wins(qualities, random, lambda distance: ERROR)


def close(qualities: np.ndarray, random: np.random.Generator) -> Verdict:
    return by_wins(qualities, random, lambda distance: 1 / (1 + math.exp(K * distance)))


def scores(qualities: np.ndarray, random: np.random.Generator) -> Verdict:
    seen = tuple((K * qualities + random.gumbel(size=len(qualities))).tolist())
    return Verdict(rank_scores(seen), seen)


class Simulated:
    """A judge that reads the candidate's number, looks up its quality and errs."""

    fields: Mapping[str, object] = {"judge": "simulated"}

    def __init__(self, judging: Judging, qualities: np.ndarray, random: np.random.Generator):
        self.judging, self.qualities, self.random = judging, qualities, random
        self.told: list[tuple[tuple[int, ...], Verdict]] = []

    def see(self, members: tuple[int, ...]) -> Verdict:
        verdict = self.judging(self.qualities[list(members)], self.random)
        self.told.append((members, verdict))
        return verdict

    async def judge(self, group: Group, draw: int = 0) -> Judgement:
        verdict = self.see(tuple(int(c.text) for c in group.candidates))
        return Judgement(group, verdict, None, signature="judge:simulated")


def tau(found: np.ndarray, qualities: np.ndarray) -> float:
    one = np.sign(np.subtract.outer(found, found))[PAIRS]
    other = np.sign(np.subtract.outer(qualities, qualities))[PAIRS]
    return float(np.mean(one * other))


def fitted(judge: Simulated) -> dict[int, float]:
    """τ after the first verdicts; a tournament's early rounds do not depend on its budget."""
    return {c: tau(fit(N, judge.told[:c]).values, judge.qualities) for c in CALLS}


def tournament(judge: Simulated) -> dict[int, float]:
    group = Group(SEGMENT, tuple(Candidate(f"{i:02}") for i in range(N)))
    judgement = asyncio.run(Tournament(judge, SLOTS, CALLS[-1]).judge(group))
    found = fitted(judge)
    said = np.array(judgement.verdict.scores)
    assert math.isclose(found[CALLS[-1]], tau(said, judge.qualities))
    return found


def draws(random: np.random.Generator) -> Iterator[tuple[int, ...]]:
    """Random subgroups that show everybody once before anybody twice."""
    while True:
        drawn = random.permutation(N).tolist()
        yield from (tuple(drawn[i : i + SLOTS]) for i in range(0, N, SLOTS))


def at_random(judge: Simulated) -> dict[int, float]:
    for members, _ in zip(draws(judge.random), range(CALLS[-1]), strict=False):
        judge.see(members)
    return fitted(judge)


def swiss(judge: Simulated) -> dict[int, float]:
    standing = judge.random.permutation(N)
    while len(judge.told) < CALLS[-1]:
        # The windows move along, so that rounds link them.
        shift = int(judge.random.integers(SLOTS))
        for start in range(shift, N - SLOTS + 1, SLOTS):
            judge.see(tuple(standing[start : start + SLOTS].tolist()))
        standing = np.argsort(-fit(N, judge.told).values)
    return fitted(judge)


def mean(judge: Simulated) -> dict[int, float]:
    for members, _ in zip(draws(judge.random), range(CALLS[-1]), strict=False):
        judge.see(members)
    found: dict[int, float] = {}
    for calls in CALLS:
        total, times = np.zeros(N), np.zeros(N)
        for members, verdict in judge.told[:calls]:
            total[list(members)] += verdict.scores or -np.array(verdict.ranking.places)
            times[list(members)] += 1
        found[calls] = tau(total / times, judge.qualities)
    return found


def knockout(judge: Simulated) -> dict[int, float]:
    reached = np.zeros(N)
    standing = judge.random.permutation(N).tolist()
    while len(standing) > 1:
        rounds = [tuple(standing[i : i + SLOTS]) for i in range(0, len(standing), SLOTS)]
        standing = [members[judge.see(members).ranking.order[0]] for members in rounds]
        reached[standing] += 1
    return {len(judge.told): tau(reached, judge.qualities)}


def pairwise(judge: Simulated) -> dict[int, float]:
    wins = np.zeros(N)
    for pair in combinations(range(N), 2):
        wins[pair[judge.see(pair).ranking.order[0]]] += 1
    return {len(judge.told): tau(wins, judge.qualities)}


def limit(calls: int) -> float:
    """The mean τ that no method can pass with `calls` verdicts of the `coins` judge.

    Verdicts carry at most their mutual information with the true order of the four, also
    when subgroups are chosen in the light of earlier verdicts. An order found at a mean of
    D swapped pairs from the true one leaves at most the entropy of the Mallows distribution
    with that mean, the largest there is, of the log₂ 64! bits.
    """
    known = calls * bits_per_call()
    low, high = 0.0, 1.0
    for _ in range(60):
        q = (low + high) / 2
        entropy, _ = mallows(q)
        low, high = (q, high) if total_bits() - entropy > known else (low, q)
    return 1 - 2 * mallows(high)[1] / (N * (N - 1) / 2)


def bits_per_call() -> float:
    """Mutual information of the order of four and the `coins` verdict on them. The judge is
    alike for all orders, so the even distribution of orders gives the most."""
    pairs = list(combinations(range(SLOTS), 2))
    verdicts: Counter[tuple[int, ...]] = Counter()
    for wrong in product((False, True), repeat=len(pairs)):
        wins = [0] * SLOTS
        for (better, worse), flipped in zip(pairs, wrong, strict=True):
            wins[worse if flipped else better] += 1
        verdicts[tuple(wins)] += math.prod(ERROR if flipped else 1 - ERROR for flipped in wrong)
    all_orders: Counter[tuple[int, ...]] = Counter()
    for order in permutations(range(SLOTS)):
        for wins, chance in verdicts.items():
            all_orders[tuple(wins[i] for i in order)] += chance / math.factorial(SLOTS)
    return entropy_bits(all_orders.values()) - entropy_bits(verdicts.values())


def total_bits() -> float:
    return math.lgamma(N + 1) / math.log(2)


def mallows(q: float) -> tuple[float, float]:
    """Entropy in bits and mean number of swapped pairs of the Mallows distribution."""
    entropy = swapped = 0.0
    for size in range(2, N + 1):
        chances = q ** np.arange(size)
        chances /= chances.sum()
        entropy += entropy_bits(chances.tolist())
        swapped += float(chances @ np.arange(size))
    return entropy, swapped


def entropy_bits(chances) -> float:
    return -sum(p * math.log2(p) for p in chances if p > 0)


def report(judging: Judging, methods: list[Callable], seeds: int) -> None:
    print(f"\n{judging.__name__:<10}" + "".join(f"{calls:>14}" for calls in CALLS))
    for method in methods:
        began = time.process_time()
        taus: dict[int, list[float]] = {}
        for seed in range(seeds):
            random = np.random.default_rng(seed)
            qualities = random.permutation(N) / (N - 1)
            for calls, value in method(Simulated(judging, qualities, random)).items():
                taus.setdefault(calls, []).append(value)
        cells = {
            c: f"{np.mean(t):.3f} ±{1.96 * np.std(t, ddof=1) / math.sqrt(len(t)):.3f}"
            for c, t in taus.items()
        }
        if set(cells) == set(CALLS):
            line = "".join(f"{cells[c]:>14}" for c in CALLS)
        else:
            line = "  " + ", ".join(f"{cell} with {c} calls" for c, cell in cells.items())
        print(f"{method.__name__:<10}{line}   {time.process_time() - began:.0f} s", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=200)
    seeds = parser.parse_args().seeds
    print(f"τ for calls of {SLOTS} slots, {N} candidates, {seeds} seeds")
    for judging in (coins, close, scores):
        report(judging, [tournament, swiss, at_random, mean, knockout, pairwise], seeds)
        if judging is coins:
            print(f"{'limit':<10}" + "".join(f"{limit(calls):>7.3f}       " for calls in CALLS))
    report(faultless, [tournament], seeds)
    print(f"\n{bits_per_call():.2f} bits in a `coins` verdict, log₂ {N}! = {total_bits():.0f} bits")


if __name__ == "__main__":
    main()
