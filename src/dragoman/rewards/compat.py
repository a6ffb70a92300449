"""The published training rewards, bit for bit, on the reply as text.

Kept for comparing with published runs. They differ from `ranking.py` on purpose: scores
off the scale earn full reward, header lines may say anything, and integers may be written
in any way that `int` takes. A gold ranking that is not in the exact printed form, on which
the reference fails an assertion, is a ValueError here.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import combinations

from dragoman.ranking import sign
from dragoman.reference import (
    parse_scores,
    parse_tiers,
    rank_labels,
    ranks_each_once,
    split_last_line,
)

MARGIN_CREDIT: Mapping[int, float] = {0: 1, 1: 0.6, 2: 0.2}
FEWEST_CHARACTERS = 50
"""How much a judge trained without examples must write for each candidate."""

_NOTHING = {"score": 0, "valid_answer": 0}
_NOTHING_SCORED = {"score": 0, "valid_answer": 0, "ranking_reward": 0, "score_reward": 0}

Reward = dict[str, float]


@dataclass(frozen=True, slots=True)
class Parts:
    """The five parts of a reply that ranks and scores; headers are not looked at."""

    cot_text: str
    score_text: str
    ranking_text: str
    score_header: str
    ranking_header: str


def take_apart(reply: str) -> Parts | None:
    """Peel four lines off the end; None when there are fewer than five parts.

    No part is empty: a text begins and ends with something once white space is stripped.
    """
    rest, lines = reply, list[str]()
    for _ in range(4):
        split = split_last_line(rest)
        if split is None:
            return None
        rest, line = split
        lines.append(line)
    score_text, score_header, ranking_text, ranking_header = lines
    return Parts(rest, score_text, ranking_text, score_header, ranking_header)


def compare_orderings(said: str, gold: str) -> float:
    """The share of pairs of labels in `said` that stand alike in `gold`; 0 if any is missing."""
    said_places, gold_places = _places(said), _places(gold)
    if not said_places.keys() <= gold_places.keys():
        return 0
    pairs = list(combinations(sorted(said_places), 2))
    alike = sum(
        sign(said_places[x] - said_places[y]) == sign(gold_places[x] - gold_places[y])
        for x, y in pairs
    )
    return alike / len(pairs) if pairs else 0


def is_ranking(said: str, gold: str) -> bool:
    """Whether `said` has the exact length, the tiers and each label of `gold` once."""
    labels = [label for tier in parse_tiers(gold) for label in tier]
    return len(said) == 4 * len(labels) - 3 and ranks_each_once(said, labels)


def compare_margins(
    said: Mapping[str, int],
    gold: Mapping[str, int],
    credit: Mapping[int, float] | None = None,
) -> float:
    """The mean credit of the distances between pairs of gold labels; 0 if any is missing."""
    credit = credit or MARGIN_CREDIT
    score, total = 0, 0
    for x, y in combinations(gold, 2):
        if x not in said or y not in said:
            return 0
        error = abs((gold[x] - gold[y]) - (said[x] - said[y]))
        total += 1
        score += credit.get(error, 0)
    return score / total if total else 0


def ranking_reward_alone(reply: str, gold: str) -> Reward:
    """The reward of a reply that is nothing but a ranking."""
    said = reply.strip()
    if not is_ranking(said, gold) or reply.count(said) != 1:
        return dict(_NOTHING)
    return {"score": compare_orderings(said, gold), "valid_answer": 1}


def ranking_reward(reply: str, gold: str) -> Reward:
    """The reward after supervised training: some analysis, then the ranking line.

    The whole reply is then held to the form of the ranking alone, as the reference does,
    which a reply with an analysis cannot meet.
    """
    if split_last_line(reply) is None:
        return dict(_NOTHING)
    return ranking_reward_alone(reply, gold)


def ranking_reward_zero(reply: str, gold: str) -> Reward:
    """The reward without supervised training: an analysis of some length, then the ranking."""
    split = split_last_line(reply)
    if split is None:
        return dict(_NOTHING)
    analysis, said = split
    if len(analysis) < FEWEST_CHARACTERS * _candidates(gold):
        return dict(_NOTHING)
    if not is_ranking(said, gold) or reply.count(said) != 1:
        return dict(_NOTHING)
    return {"score": compare_orderings(said, gold), "valid_answer": 1}


def ranking_score_reward_alone(reply: str, gold: str | Mapping[str, int]) -> Reward:
    """The reward of a reply that is a ranking line and a score line."""
    gold = _scores(gold)
    lines = reply.strip().split("\n")
    said = parse_scores(lines[1]) if len(lines) == 2 else None
    if said is None:
        return dict(_NOTHING_SCORED)
    canonical = rank_labels(said)
    if ranking_reward_alone(lines[0], canonical)["score"] != 1 or set(said) != set(gold):
        return dict(_NOTHING_SCORED)
    ranking = compare_orderings(canonical, rank_labels(gold))
    margin = compare_margins(said, gold)
    return {
        "score": ranking + margin,
        "valid_answer": 1,
        "ranking_reward": ranking,
        "score_reward": margin,
    }


def ranking_score_reward(reply: str, gold: str | Mapping[str, int]) -> Reward:
    """The reward that the published judge was trained with, in [0, 2]."""
    parts = take_apart(reply)
    if parts is None:
        return dict(_NOTHING_SCORED)
    return ranking_score_reward_alone(f"{parts.ranking_text}\n{parts.score_text}", gold)


def _places(ranking: str) -> dict[str, int]:
    """The tier of each label; one that stands in two tiers counts for the last."""
    tiers = parse_tiers(ranking)
    return {label: number for number, tier in enumerate(tiers) for label in tier}


def _candidates(gold: str) -> int:
    characters = len(gold.strip()) + 3
    if characters % 4:
        raise ValueError(f"not a ranking in its printed form: {gold!r}")
    return characters // 4


def _scores(gold: str | Mapping[str, int]) -> Mapping[str, int]:
    return json.loads(gold) if isinstance(gold, str) else gold
