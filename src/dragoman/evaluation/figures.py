"""The figures of a judge beside people, counted from pairs.

Names are those of the field: `ranking_acc` is the paper's ranking accuracy, `acc_eq` the pair
accuracy of mt-metrics-eval, `kendall_b_item` its Kendall's τ-b, group by group.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from dragoman.evaluation.calibration import calibrate
from dragoman.evaluation.pairs import Floats, Pairs, Scores, pairs_of


@dataclass(frozen=True, slots=True, eq=False)
class Share:
    """A figure as a sum over groups divided by another, so that groups may be drawn anew."""

    part: Floats
    whole: Floats

    @property
    def value(self) -> float | None:
        """None of no groups. Where none of them counts it is 0, as in mt-metrics-eval."""
        if not len(self.whole):
            return None
        whole = float(self.whole.sum())
        return float(self.part.sum()) / whole if whole else 0.0


Shares: TypeAlias = Mapping[str, Share]


def shares(human: Scores, said: Scores, pairs: Pairs | None = None) -> dict[str, Share]:
    """Every figure that is a mean over groups or over pairs.

    `ranking_acc`        pairs of which both say the same (>, =, <), mean over groups
    `ranking_acc_micro`  the same, mean over pairs
    `acc_half`           a tie on one side only earns half, mean over groups
    `acc_half_micro`     the same, mean over pairs
    `kendall_b_item`     Kendall's τ-b, mean over groups where neither side ties all
    `kendall_c_item`     Kendall's τ-c, over the same groups
    `tie_rate`           pairs that the judge ties; `human_tie_rate`: that people tie
    """
    pairs = pairs_of(human, said) if pairs is None else pairs
    counts = pairs.counts.astype(float)
    groups = np.ones(len(counts))
    right = pairs.sums(pairs.right())
    said_tie, human_tie = pairs.said == 0, pairs.human == 0
    half = right + pairs.sums(said_tie != human_tie) / 2
    tau_b, tau_c = _taus(human, said, pairs)
    used = np.isfinite(tau_b).astype(float)
    return {
        "ranking_acc": Share(right / counts, groups),
        "ranking_acc_micro": Share(right, counts),
        "acc_half": Share(half / counts, groups),
        "acc_half_micro": Share(half, counts),
        "kendall_b_item": Share(np.nan_to_num(tau_b), used),
        "kendall_c_item": Share(np.nan_to_num(tau_c), used),
        "tie_rate": Share(pairs.sums(said_tie), counts),
        "human_tie_rate": Share(pairs.sums(human_tie), counts),
    }


def figures(human: Scores, said: Scores) -> dict[str, float | int | None]:
    """All figures of judged groups by their names."""
    pairs = pairs_of(human, said)
    parts = shares(human, said, pairs)
    epsilon, best = calibrate(pairs)
    return {
        "groups": len(human),
        "pairs": len(pairs),
        **{name: share.value for name, share in parts.items()},
        "kendall_b_items_used": int(parts["kendall_b_item"].whole.sum()),
        "acc_eq_eps0": parts["ranking_acc"].value,
        "acc_eq_opt": best,
        "eps_opt": epsilon,
    }


def _taus(human: Scores, said: Scores, pairs: Pairs) -> tuple[Floats, Floats]:
    """Kendall's τ-b and τ-c of each group; NaN where either side ties all candidates."""
    concord = pairs.sums(np.sign(pairs.human) * np.sign(pairs.said))
    untied_human = pairs.sums(pairs.human != 0)
    untied_said = pairs.sums(pairs.said != 0)
    levels = np.array(
        [min(len(set(h)), len(set(s))) for h, s in zip(human, said, strict=True)], dtype=float
    )
    sizes = np.array([len(row) for row in human], dtype=float)
    with np.errstate(divide="ignore", invalid="ignore"):
        tau_b = concord / np.sqrt(untied_human * untied_said)
        tau_c = 2 * concord / (sizes**2 * (levels - 1) / levels)
    constant = (untied_human == 0) | (untied_said == 0)
    return np.where(constant, np.nan, tau_b), np.where(constant, np.nan, tau_c)
