"""How strong candidates are, from verdicts on overlapping subgroups of them.

Every verdict is taken as a comparison of each of its pairs, and the pairs are fitted by
the Bradley–Terry model: i is placed above j with probability 1 / (1 + exp(sⱼ − sᵢ)). A tie
is half a win for both sides. A weak normal prior keeps the strength of a candidate that
always won finite. The fit is the posterior's maximum, found by Newton's method; the
errors come from its curvature there.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from dragoman.types import Verdict

Floats: TypeAlias = NDArray[np.float64]

Compared: TypeAlias = tuple[tuple[int, ...], Verdict]
"""Which candidates were shown, and the verdict on them in that order."""

# A logistic judge that errs on 15 % of the pairs of a group sees strengths this far spread.
PRIOR_DEVIATION = 2.0

# A few verdicts that happen to agree do not prove a judge without noise.
LEAST_DISPERSION = 0.1


@dataclass(frozen=True)
class Strengths:
    """Strengths around 0, and the covariance of their errors."""

    values: Floats
    covariance: Floats

    @property
    def errors(self) -> Floats:
        """The standard deviation of each strength."""
        return np.sqrt(np.diag(self.covariance))

    @property
    def win_rates(self) -> Floats:
        """For each candidate the share of the others that the model sees it win against."""
        # Everyone also meets himself, at one half: equal strengths then have equal sums.
        wins = chance(self.values).sum(axis=1) - 0.5
        return wins / (len(self.values) - 1)


def chance(strengths: Floats) -> Floats:
    """The matrix of the probabilities that the row wins against the column."""
    return logistic(np.subtract.outer(strengths, strengths))


def logistic(x: Floats) -> Floats:
    """1 / (1 + exp(−x)), without overflow."""
    return 0.5 * (1.0 + np.tanh(0.5 * x))


def fit(n: int, compared: Sequence[Compared]) -> Strengths:
    """The strengths of candidates 0 … n−1 that explain the verdicts best."""
    margin = _mean_margin(compared)
    wins = [pair_wins(verdict, margin) for _, verdict in compared]
    won, met = np.zeros((n, n)), np.zeros((n, n))
    for (members, _), share in zip(compared, wins, strict=True):
        block = np.ix_(members, members)
        won[block] += share
        met[block] += share + share.T
    values = np.zeros(n)
    for _ in range(100):
        step = np.linalg.solve(_curvature(values, met), _slope(values, won, met))
        # Far from the maximum Newton's step may be much too long.
        values += step / max(1.0, float(np.abs(step).max()))
        if np.abs(step).max() < 1e-10:
            break
    # Candidates that were treated alike come out equal, not merely equal but for rounding.
    values = np.round(values, 9) + 0.0
    covariance = np.asarray(np.linalg.inv(_curvature(values, met)), dtype=np.float64)
    return Strengths(values, covariance * _dispersion(values, covariance, compared, wins))


def pair_wins(verdict: Verdict, margin: float) -> Floats:
    """Who won against whom: 1 for a win, 0.5 for a tie, and parts of a win between them.

    Without scores every win is whole. With scores a win by the usual `margin` counts
    0.73 and a wide one nearly 1: a verdict of 9, 8, 2, 1 tells more than its order. Scores
    are compared within a verdict only, for what a group judge calls an 8 depends on the
    company.
    """
    if verdict.scores is None:
        places = np.array(verdict.ranking.places)
        wins = (1.0 + np.sign(np.subtract.outer(places, places).T)) / 2.0
    else:
        scores = np.array(verdict.scores)
        wins = logistic(np.subtract.outer(scores, scores) / (margin or 1.0))
    np.fill_diagonal(wins, 0.0)
    return wins


def _mean_margin(compared: Sequence[Compared]) -> float:
    """The mean distance of two scores in one verdict: the unit in which margins count."""
    margins: list[float] = []
    for _, verdict in compared:
        if verdict.scores is not None:
            scores = np.array(verdict.scores)
            apart = np.abs(np.subtract.outer(scores, scores)).sum()
            margins.append(apart / (len(scores) * (len(scores) - 1)))
    return float(np.mean(margins)) if margins else 0.0


def _slope(values: Floats, won: Floats, met: Floats) -> Floats:
    return (won - met * chance(values)).sum(axis=1) - values / PRIOR_DEVIATION**2


def _curvature(values: Floats, met: Floats) -> Floats:
    """Minus the second derivative of the log posterior."""
    p = chance(values)
    information = met * p * (1.0 - p)
    return np.diag(information.sum(axis=1) + PRIOR_DEVIATION**-2) - information


def _dispersion(
    values: Floats, covariance: Floats, compared: Sequence[Compared], wins: Sequence[Floats]
) -> float:
    """How much wider the verdicts scatter around the fit than independent coins would.

    The pairs of one verdict hang together, and parts of wins scatter less than wins, so
    the judge's noise is measured verdict by verdict: by how much each candidate won too
    often there, squared, over the variance that coins would give it.
    """
    chances = chance(values)
    np.fill_diagonal(chances, 0.0)
    surprise = expected = degrees = 0.0
    for (members, _), share in zip(compared, wins, strict=True):
        p = chances[np.ix_(members, members)]
        surprise += float(((share - p).sum(axis=1) ** 2).sum())
        expected += float((p * (1.0 - p)).sum())
        degrees += len(members) - 1
    if not compared:
        return 1.0
    used = len(values) - float(np.trace(covariance)) / PRIOR_DEVIATION**2
    spare = max(1.0 - used / degrees, 0.1)
    return max(surprise / expected / spare, LEAST_DISPERSION)
