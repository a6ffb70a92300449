"""The fit of strengths, held against slower and simpler ways to the same numbers."""

from __future__ import annotations

import math
import random

import numpy as np
import pytest

from dragoman.judges.strength import PRIOR_DEVIATION, Compared, fit, pair_wins
from dragoman.ranking import rank_scores
from dragoman.types import Verdict


def ranked(members: tuple[int, ...], *places: int) -> Compared:
    """A verdict without scores, from the place of each member."""
    return members, Verdict(rank_scores([-place for place in places]))


def scored(members: tuple[int, ...], *scores: float) -> Compared:
    return members, Verdict(rank_scores(scores), scores)


def climbed(n: int, compared: list[Compared]) -> list[float]:
    """The same maximum by plain gradient ascent, written down pair by pair."""
    margins = [
        sum(abs(a - b) for a in v.scores for b in v.scores) / (len(v.scores) ** 2 - len(v.scores))
        for _, v in compared
        if v.scores
    ]
    margin = sum(margins) / len(margins) if margins else 1.0
    strengths = [0.0] * n
    for _ in range(6000):
        slope = [-s / PRIOR_DEVIATION**2 for s in strengths]
        for members, verdict in compared:
            places = verdict.ranking.places
            for a, i in enumerate(members):
                for b, j in enumerate(members):
                    if a == b:
                        continue
                    if verdict.scores:
                        win = 1 / (1 + math.exp((verdict.scores[b] - verdict.scores[a]) / margin))
                    else:
                        win = 0.5 if places[a] == places[b] else float(places[a] < places[b])
                    slope[i] += win - 1 / (1 + math.exp(strengths[j] - strengths[i]))
        strengths = [s + 0.1 * d for s, d in zip(strengths, slope, strict=True)]
    return strengths


CASES: dict[str, list[Compared]] = {
    "one win": [ranked((0, 1), 0, 1)],
    "ties": [ranked((0, 1, 2), 0, 0, 1), ranked((2, 3), 0, 0)],
    "a cycle": [ranked((0, 1), 0, 1), ranked((1, 2), 0, 1), ranked((2, 0), 0, 1)],
    "scores": [scored((0, 1, 2), 9, 8, 2), scored((3, 2, 0), 4, 4, 7)],
    "both": [scored((0, 1, 2), 9, 8, 2), ranked((2, 3), 0, 1)],
}


@pytest.mark.parametrize("name", CASES)
def test_the_fit_is_the_maximum(name: str) -> None:
    assert fit(4, CASES[name]).values == pytest.approx(climbed(4, CASES[name]), abs=1e-6)


def test_two_candidates_by_a_grid() -> None:
    # By symmetry the strengths are ±x; the winner won twice and lost once.
    def log_posterior(x: float) -> float:
        won, lost = 1 / (1 + math.exp(-2 * x)), 1 / (1 + math.exp(2 * x))
        return 2 * math.log(won) + math.log(lost) - x * x / PRIOR_DEVIATION**2

    best = max((i / 10_000 for i in range(-20_000, 20_000)), key=log_posterior)
    verdicts = [ranked((0, 1), 0, 1), ranked((0, 1), 0, 1), ranked((0, 1), 1, 0)]
    assert fit(2, verdicts).values == pytest.approx([best, -best], abs=2e-4)


def test_shifting_and_stretching_the_scale_changes_nothing() -> None:
    plain = [scored((0, 1, 2), 9, 8, 2), scored((1, 2, 3), 5, 6, 1)]
    shifted = [scored((0, 1, 2), 49, 48, 42), scored((1, 2, 3), 5, 6, 1)]
    stretched = [scored((0, 1, 2), 90, 80, 20), scored((1, 2, 3), 50, 60, 10)]
    assert fit(4, shifted).values == pytest.approx(fit(4, plain).values)
    assert fit(4, stretched).values == pytest.approx(fit(4, plain).values)


def test_names_do_not_matter() -> None:
    plain = [ranked((0, 1, 2), 0, 1, 2), ranked((3, 0), 0, 1)]
    renamed = [ranked((2, 0, 3), 0, 1, 2), ranked((1, 2), 0, 1)]
    assert fit(4, renamed).values[[2, 0, 3, 1]] == pytest.approx(fit(4, plain).values)


@pytest.mark.parametrize("seed", range(20))
def test_an_extra_win_never_lowers_the_winner(seed: int) -> None:
    dice = random.Random(seed)
    verdicts = [
        ranked(tuple(dice.sample(range(6), 3)), *(dice.randrange(3) for _ in range(3)))
        for _ in range(dice.randrange(1, 8))
    ]
    winner, loser = dice.sample(range(6), 2)
    before, after = fit(6, verdicts), fit(6, [*verdicts, ranked((winner, loser), 0, 1)])
    assert after.values[winner] > before.values[winner]
    assert after.values[loser] < before.values[loser]


def test_a_wide_margin_tells_more_than_a_narrow_one() -> None:
    wins = pair_wins(Verdict(rank_scores([9, 8, 2]), (9.0, 8.0, 2.0)), margin=4.0)
    assert 0.5 < wins[0, 1] < wins[1, 2] < wins[0, 2] < 1
    assert wins + wins.T == pytest.approx(1 - np.eye(3))
    assert pair_wins(Verdict(rank_scores([5, 1]), (5.0, 1.0)), 4.0)[0, 1] == pytest.approx(0.731059)


def test_all_scores_equal_are_ties() -> None:
    assert list(fit(3, [scored((0, 1, 2), 5, 5, 5)]).values) == [0, 0, 0]


def test_like_treatment_gives_exactly_like_strengths() -> None:
    # Every verdict is also there with 0 and 1, 2 and 3, … in each other's place.
    dice = random.Random(0)
    verdicts: list[Compared] = []
    for _ in range(7):
        members, scores = dice.sample(range(10), 3), [dice.randrange(5) for _ in range(3)]
        verdicts += [scored(tuple(i ^ twin for i in members), *scores) for twin in (0, 1)]
    strengths = fit(10, verdicts)
    assert list(strengths.values[::2]) == list(strengths.values[1::2])
    assert list(strengths.win_rates[::2]) == list(strengths.win_rates[1::2])


def test_win_rates_are_shares_of_the_others() -> None:
    strengths = fit(3, [ranked((0, 1, 2), 0, 1, 2)] * 50)
    assert strengths.win_rates.sum() == pytest.approx(1.5)
    assert strengths.win_rates == pytest.approx([1, 0.5, 0], abs=0.05)


def simulate(calls: int, seed: int) -> tuple[np.ndarray, list[Compared]]:
    """Noisy scores of random fours among 24, and the true strengths."""
    dice = np.random.default_rng(seed)
    truth = dice.normal(size=24)
    verdicts: list[Compared] = []
    for _ in range(calls):
        members = tuple(dice.choice(24, 4, replace=False).tolist())
        seen = truth[list(members)] + 0.7 * dice.normal(size=4)
        verdicts.append(scored(members, *seen.tolist()))
    return truth, verdicts


def test_errors_shrink_with_more_verdicts() -> None:
    _, verdicts = simulate(80, 0)
    assert fit(24, verdicts).errors.mean() < 0.8 * fit(24, verdicts[:30]).errors.mean()


@pytest.mark.parametrize("calls", [10, 40])
def test_errors_say_how_often_pairs_are_the_wrong_way_round(calls: int) -> None:
    feared, wrong = [], []
    for seed in range(30):
        truth, verdicts = simulate(calls, seed)
        found = fit(24, verdicts)
        for i in range(24):
            for j in range(i):
                spread = (
                    found.covariance[i, i] + found.covariance[j, j] - 2 * found.covariance[i, j]
                )
                apart = abs(found.values[i] - found.values[j]) / math.sqrt(2 * spread)
                feared.append(0.5 * math.erfc(apart))
                wrong.append((found.values[i] > found.values[j]) != (truth[i] > truth[j]))
    assert np.mean(feared) == pytest.approx(np.mean(wrong), abs=0.025)
