"""Figures of ranking beside those that the field's reference implementations gave."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.conftest import SHARED

from dragoman.evaluation import baselines
from dragoman.evaluation.baselines import predictors, random_expected
from dragoman.evaluation.figures import figures
from dragoman.evaluation.groups import HumanGroup, read_human_groups
from dragoman.evaluation.systems import compare

pytestmark = pytest.mark.skipif(not SHARED.exists(), reason="../shared/evaluation is not here")

FIGURES = (
    "groups", "pairs", "ranking_acc", "ranking_acc_micro", "acc_eq_eps0", "acc_eq_opt", "eps_opt",
    "kendall_b_item", "kendall_b_items_used",
)  # fmt: skip
# Of all files sacrebleu's are compared by benchmarks/evaluation.py; one a tokenizer here.
SLOW = ("chrf", "bleu")
SAMPLE = ("wmt23_mqm.he-en.g24", "wmt24_esa.en-zh.g24", "wmt24_esa.en-ja.g24")
KINDS = sorted({path.stem.rsplit(".", 1)[0] for path in (SHARED / "groups").glob("*.jsonl")})


@pytest.fixture(scope="module")
def published() -> dict[str, Any]:
    data = json.loads((SHARED / "baselines.json").read_text())
    rows = {(f"{r['set']}.{r['lp']}.{r['kind']}", r["predictor"]): r for r in data["rows"]}
    return {"rows": rows, "usual": data["length_ratio_src_mu"]}


@pytest.mark.parametrize("name", KINDS)
def test_every_figure_of_every_predictor(name: str, published: dict[str, Any]) -> None:
    compared = 0
    for path in (SHARED / "groups").glob(f"{name}.*.jsonl"):
        groups = read_human_groups(path)
        for predictor, predict in predictors().items():
            if predictor in SLOW and path.stem not in SAMPLE:
                continue
            row = published["rows"].get((path.stem, predictor))
            if predictor == "length_ratio_src":
                human, said = _by_usual_length(groups, published["usual"][name])
            else:
                human, said = predict(groups)
            assert (row is None) == (not human), f"{path.stem} {predictor}"
            if row:
                ours = figures(human, said)
                for figure in FIGURES:
                    assert ours[figure] == pytest.approx(row[figure], abs=6e-7), figure
                compared += 1
        expected = published["rows"][path.stem, "random_expected"]["ranking_acc"]
        assert random_expected([g.scores for g in groups]) == pytest.approx(expected, abs=6e-7)
    assert compared >= 8


def _by_usual_length(
    groups: Sequence[HumanGroup], usual: float
) -> tuple[list[tuple[float, ...]], list[list[float]]]:
    """The usual length is that of the file of small groups, in all files of a set."""
    said: list[list[float]] = []
    for group in groups:
        source = len(group.group.segment.source)
        ratios = [math.log((n + 1) / (source + 1)) for n in baselines.lengths(group)]
        said.append([round(-abs(ratio - usual), 6) for ratio in ratios])
    return [group.scores for group in groups], said


def test_usual_length_is_that_of_small_groups(published: dict[str, Any]) -> None:
    groups = read_human_groups(SHARED / "groups/wmt23_mqm.zh-en.g24.jsonl")
    expected = published["usual"]["wmt23_mqm.zh-en"]
    assert baselines.usual_ratio(groups) == pytest.approx(expected, abs=6e-7)


@pytest.mark.parametrize("path", sorted((SHARED / "pergroup").glob("*.json")), ids=lambda p: p.stem)
def test_predictors_that_cannot_be_made_here(path: Path, published: dict[str, Any]) -> None:
    """Learned metrics and other people's scores, by the scores that were kept of them."""
    groups = json.loads(path.read_text()).values()
    for predictor in sorted({name for group in groups for name in group["predictors"]}):
        with_it = [group for group in groups if predictor in group["predictors"]]
        said = [group["predictors"][predictor]["scores"] for group in with_it]
        ours = figures([group["human_scores"] for group in with_it], said)
        row = published["rows"][path.stem, predictor]
        for figure in FIGURES:
            assert ours[figure] == pytest.approx(row[figure], abs=6e-7), f"{predictor} {figure}"


@pytest.mark.parametrize("path", sorted((SHARED / "matrices").glob("*.json")), ids=lambda p: p.stem)
def test_whole_matrices_to_twelve_places(path: Path) -> None:
    matrix = json.loads(path.read_text())
    people = np.array(matrix["human_mqm"], float)
    for name, expected in matrix["expected"].items():
        metric = np.array(matrix["metrics"][name], float)
        there = np.isfinite(people) & np.isfinite(metric)
        human, said = (
            [list(table[there[:, column], column]) for column in range(people.shape[1])]
            for table in (people, metric)
        )
        ours = figures(human, said)
        for figure in ("acc_eq_eps0", "acc_eq_opt", "eps_opt", "kendall_b_item"):
            assert ours[figure] == pytest.approx(expected[figure], abs=1e-12, rel=0), name
        level = compare(matrix["systems"], people, metric, flips=1)
        assert level.pairwise_accuracy == pytest.approx(expected["system_pairwise_accuracy"])
