"""Figures of ranking beside those of the field: are they equal, and how long do they take?

Every figure of every file of human-judged groups is compared with what mt-metrics-eval and the
paper's code gave. With a checkout of mt-metrics-eval (which wants scipy) both then take turns on
whole WMT23 matrices: at tie calibration, and at its permutation test of two metrics, which swaps
what they say of single pairs. Here it is the same test, with as many permutations: what is seen,
and how far permuted differences spread, must agree. The test that `--against` makes swaps whole
documents; it is timed alone, with more.

    python benchmarks/evaluation.py [--data ../shared/evaluation] [--checkout mt-metrics-eval]
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from dragoman.evaluation.baselines import length_ratio_source, predictors
from dragoman.evaluation.calibration import calibrate
from dragoman.evaluation.figures import figures
from dragoman.evaluation.groups import read_human_groups
from dragoman.evaluation.pairs import pairs_of
from dragoman.evaluation.resampling import paired_permutation

ROUNDS = 3
# Of pairs on both sides, and of documents here alone.
PERMUTATIONS = 30
OF_DOCUMENTS = 10_000


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=Path("../shared/evaluation"))
    parser.add_argument("--checkout", type=Path)
    options = parser.parse_args()
    if not options.data.is_dir():
        print(f"{options.data} is not here; nothing to compare with")
        return
    compare(options.data)
    if options.checkout:
        sys.path.insert(0, str(options.checkout))
    for path in sorted((options.data / "matrices").glob("*.json")):
        race(json.loads(path.read_text()), against=bool(options.checkout))


def compare(data: Path) -> None:
    rows = json.loads((data / "baselines.json").read_text())["rows"]
    published = {(f"{r['set']}.{r['lp']}.{r['kind']}", r["predictor"]): r for r in rows}
    rows_compared, different = 0, list[str]()
    for path in sorted((data / "groups").glob("*.jsonl")):
        groups = read_human_groups(path)
        for name, predict in predictors().items():
            # There the usual length is that of the set's small groups.
            if predict is length_ratio_source and not path.stem.endswith(".g24"):
                continue
            row = published.get((path.stem, name))
            human, said = predict(groups)
            if row is None:
                continue
            rows_compared += 1
            for figure, value in figures(human, said).items():
                if figure in row and abs((value or 0) - row[figure]) > 6e-7:
                    different.append(f"{path.stem} {name} {figure}: {value}, not {row[figure]}")
    print(f"{rows_compared} rows compared to six decimals, {len(different)} figures differ")
    print(*different, sep="\n")


def race(matrix: dict[str, Any], against: bool) -> None:
    people = np.array(matrix["human_mqm"], float)
    one, other = (np.array(matrix["metrics"][n], float) for n in ("COMET-refA", "chrF-refA"))
    human, *said = (table.T.tolist() for table in (people, one, other))
    print(f"{matrix['language_pair']}, {len(human)} × {len(people)}")

    def calibration() -> float:
        return calibrate(pairs_of(human, said[0]))[0]

    def differences() -> tuple[Any, Any]:
        """What each pair adds to the difference of two accuracies, and the group that it is of."""
        pairs = pairs_of(human, said[0])
        comet, chrf = (pairs_of(human, table).right().astype(float) for table in said)
        return (comet - chrf) / pairs.counts[pairs.group] / len(human), pairs.group

    def of_pairs() -> float:
        each, _ = differences()
        return paired_permutation(each, np.arange(len(each)), 0, PERMUTATIONS)

    def of_documents() -> float:
        each, group = differences()
        return paired_permutation(each, group, 0, OF_DOCUMENTS)

    mine = seconds(calibration), seconds(of_pairs), seconds(of_documents)
    print(f"  {OF_DOCUMENTS} permutations of documents {mine[2]:.3f} s")
    if not against:
        print(
            f"  calibration {mine[0]:.3f} s, {PERMUTATIONS} permutations of pairs {mine[1]:.3f} s"
        )
        return
    from mt_metrics_eval import stats  # type: ignore[import-not-found]

    correlations = [
        stats.Correlation(len(people), people.ravel().tolist(), table.ravel().tolist())
        for table in (one, other)
    ]
    comet = correlations[0]
    told: dict[str, Any] = {}

    def their_calibration() -> None:
        scores = comet.gold_scores, comet.metric_scores
        told["epsilon"] = stats.KendallWithTiesOpt(*scores, "acc23", len(people), "item", 1.0)[1]

    def their_permutation() -> None:
        # Thresholds are given, so that nothing is calibrated on either side.
        told["test"] = stats.PairwisePermutationSigDiff(
            *correlations, "acc23", "item", PERMUTATIONS, epsilon1=0.0, epsilon2=0.0
        )

    yours = seconds(their_calibration), seconds(their_permutation)
    each, _ = differences()
    _, seen, _, permuted = told["test"]
    spread = statistics.pstdev(theirs - ours for theirs, ours in permuted)
    for name, ours, theirs in zip(("calibration", f"{PERMUTATIONS} permutations of pairs"),
                                  mine, yours, strict=False):  # fmt: skip
        print(f"  {name} {ours:.3f} s beside {theirs:.3f} s ({theirs / ours:.0f} ×)")
    print(
        f"  threshold {calibration():.12g} beside {told['epsilon']:.12g}; difference "
        f"{each.sum():.12g} beside {-seen:.12g}; permuted, it spreads by "
        f"{np.sqrt((each**2).sum()):.5f} beside {spread:.5f}"
    )


def seconds(work: Callable[[], object]) -> float:
    """The median of some rounds, in processor time: other work may run beside it."""
    took: list[float] = []
    for _ in range(ROUNDS):
        began = time.process_time()
        work()
        took.append(time.process_time() - began)
    return statistics.median(took)


if __name__ == "__main__":
    main()
