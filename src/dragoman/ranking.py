"""Rankings with ties: made from scores, written, read, and held against each other.

Everything here is pure and works on indices; names for the indices are given by the caller.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations
from typing import Literal

from dragoman.types import Ranking

TiePolicy = Literal["paper", "half"]


def rank_scores(scores: Sequence[float]) -> Ranking:
    """The ranking that scores imply: equal scores share a tier, the highest comes first."""
    levels = sorted(set(scores), reverse=True)
    return Ranking(tuple(tuple(i for i, s in enumerate(scores) if s == level) for level in levels))


def write_ranking(ranking: Ranking, names: Sequence[str]) -> str:
    """`B > A = D`: tiers best first, ties in index order."""
    return " > ".join(" = ".join(names[i] for i in tier) for tier in ranking.tiers)


def read_ranking(text: str, names: Sequence[str]) -> Ranking:
    """Read what `write_ranking` writes; spaces are free, each name stands exactly once.

    Raises ValueError that says what is wrong.
    """
    index = {name: i for i, name in enumerate(names)}
    tiers: list[tuple[int, ...]] = []
    seen: set[int] = set()
    for tier_text in text.split(">"):
        tier: list[int] = []
        for name in tier_text.split("="):
            name = name.strip()
            if name not in index:
                raise ValueError(f"no candidate is called {name!r}")
            if index[name] in seen:
                raise ValueError(f"{name} stands twice")
            seen.add(index[name])
            tier.append(index[name])
        tiers.append(tuple(tier))
    if len(seen) != len(names):
        missing = ", ".join(name for i, name in enumerate(names) if i not in seen)
        raise ValueError(f"{missing} not ranked")
    return Ranking(tuple(tiers))


def agree(ranking: Ranking, scores: Sequence[float]) -> bool:
    """Whether scores imply exactly this ranking."""
    return rank_scores(scores) == ranking


def sign(difference: float, epsilon: float = 0.0) -> int:
    """-1, 0 or 1; differences no larger than epsilon are ties."""
    if abs(difference) <= epsilon:
        return 0
    return 1 if difference > 0 else -1


def agreement(
    predicted: Sequence[float],
    gold: Sequence[float],
    ties: TiePolicy = "paper",
    epsilon: float = 0.0,
) -> float | None:
    """The share of pairs on which two scorings of one group agree; None without a pair.

    `paper`: a pair counts when both sides say the same of >, =, <. A tie on one side
    only is wrong. With `epsilon` > 0 predicted scores that close count as tied, which
    is the pair accuracy that calibration tunes.
    `half`: a tie on one side only earns half; useful where ties are cheap to predict.
    """
    if len(predicted) != len(gold):
        raise ValueError(f"{len(predicted)} predicted scores for {len(gold)} gold ones")
    credit, pairs = 0.0, 0
    for i, j in combinations(range(len(gold)), 2):
        said, true = sign(predicted[i] - predicted[j], epsilon), sign(gold[i] - gold[j])
        pairs += 1
        if said == true:
            credit += 1
        elif ties == "half" and 0 in (said, true):
            credit += 0.5
    return credit / pairs if pairs else None
