"""Figures of ranking beside those of the field: are they equal, and how long do they take?

Every figure of every file of human-judged groups is compared with what mt-metrics-eval and the
paper's code gave. With a checkout of mt-metrics-eval (which wants scipy) both then take turns at
tie calibration and at the permutation test of two metrics on whole WMT23 matrices.

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
PERMUTATIONS = 1000
# The other side's are timed on fewer and counted up.
FEW = 10


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
    human, ours, theirs = (table.T.tolist() for table in (people, one, other))
    groups = np.arange(len(human))

    def calibration() -> object:
        return calibrate(pairs_of(human, ours))

    def permutation() -> object:
        accuracies: list[Any] = []
        for said in (ours, theirs):
            pairs = pairs_of(human, said)
            accuracies.append(pairs.sums(pairs.right(calibrate(pairs)[0])) / pairs.counts)
        return paired_permutation(accuracies[0] - accuracies[1], groups, 0, PERMUTATIONS)

    name = f"{matrix['language_pair']} {len(human)} × {len(people)}"
    mine = seconds(calibration), seconds(permutation)
    if not against:
        print(f"{name}: calibration {mine[0]:.3f} s, permutation test {mine[1]:.3f} s")
        return
    from mt_metrics_eval import stats  # type: ignore[import-not-found]

    correlations = [
        stats.Correlation(len(people), people.ravel().tolist(), table.ravel().tolist())
        for table in (one, other)
    ]
    options: dict[str, Any] = {"variant": "acc23", "average_by": "item", "sample_rate": 1.0}
    calibrated: list[float] = []

    def their_calibration() -> object:
        calibrated[:] = [c.KendallWithTiesOpt(**options)[1] for c in correlations[:1]]
        return calibrated

    def their_permutation() -> object:
        # Thresholds are given, so that permutations alone are counted up.
        return stats.PairwisePermutationSigDiff(
            *correlations, "acc23", "item", FEW, epsilon1=0.0, epsilon2=0.0
        )

    yours = seconds(their_calibration), seconds(their_permutation)
    counted_up = yours[1] * PERMUTATIONS / FEW + 2 * yours[0]
    print(
        f"{name}: "
        f"calibration {mine[0]:.3f} s beside {yours[0]:.3f} s ({yours[0] / mine[0]:.0f} ×); "
        f"permutation test {mine[1]:.3f} s beside {counted_up:.0f} s "
        f"({counted_up / mine[1]:.0f} ×, counted up from {FEW} of {PERMUTATIONS})"
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
