"""The recorded behaviour of the published implementation, and what is true of each reply.

The truth is worked out here without any of our readers: a reply of the file is a variation
of one of three plain replies, named by its category, or carries its answer in plain sight.
"""

from __future__ import annotations

import json
import re
from functools import cache
from pathlib import Path
from typing import Any

import pytest

PATH = Path(__file__).parents[3] / "shared/evaluation/reference_parser_cases.jsonl"

needs_cases = pytest.mark.skipif(not PATH.exists(), reason="../shared/evaluation is not here")

# What every variation of a plain reply was made from.
PLAIN = {2: (3, 6), 3: (4, 9, 7), 4: (8, 8, 2, 5)}

# Categories whose last line holds `A: 8, B: 3` in letter and number as it stands.
IN_PLAIN_SIGHT = {
    "valid",
    "ties_all",
    "ties_pairs",
    "ties_in_other_order",
    "two_answers",
}

# Categories that name no answer, half an answer, two answers, or one off the scale.
ONLY_REFUSAL_IS_RIGHT = {
    "ties_called_strict",
    "strict_called_tie",
    "missing_in_both",
    "missing_in_scores",
    "missing_in_ranking",
    "missing_first",
    "extra_in_both",
    "extra_in_scores",
    "unknown_label",
    "duplicate_score_other",
    "duplicate_in_ranking",
    "swapped_labels",
    "numbered_labels",
    "out_of_range_consistent",
    "ranking_inconsistent",
    "truncated",
    "ranking_only",
    "score_type_no_label",
}

# Where scores alone were asked for, these have them; the ranking says nothing that differs.
RANKING_IS_SPOILT = {"missing_in_ranking", "duplicate_in_ranking"}

# Where a ranking alone was asked for, these may have it: their scores are missing.
ONLY_RANKING_IS_LEFT = {"ranking_only", "truncated", "tiny"}

# What A's score says in the `number_form` cases; anything else there says nothing for sure.
NUMBER_FORMS = {
    "+5": 5,
    "5.0": 5,
    "7.5": 7.5,
    "5/10": 5,
    "10/10": 10,
    "five": 5,
    "五": 5,
    "٥": 5,
    "007": 7,
    "-0": 0,
    "5 points": 5,
    "5分": 5,
}

TINY = {
    "A > B\nA: 9, B: 1": (9, 1),
    "x\nA > B\nA: 9, B: 1": (9, 1),
    "x\n\nA > B\n\nA: 9, B: 1": (9, 1),
    "x\ny\nA > B\nz\nA: 9, B: 1\n": (9, 1),
    "🙂\nRanking:\nA > B\nScores:\nA: 9, B: 1": (9, 1),
    "x\nRanking:\nB > A\nScores:\nB: 9, A: 1": (1, 9),
}


@cache
def cases(group: str) -> list[dict[str, Any]]:
    """The cases of one kind; an empty list where the file is not."""
    if not PATH.exists():
        return []
    rows = map(json.loads, PATH.read_text("utf-8").splitlines())
    return [row for row in rows if row["function_group"] == group]


def truth(case: dict[str, Any], form: str = "ranking_score") -> tuple[float, ...] | None:
    """The scores that a reply gives in truth; None where none can be known.

    For the `ranking` form only their order matters.
    """
    category, text, n = case["category"], case["text"], case["n_candidates"]
    if form == "score" and category in RANKING_IS_SPOILT:
        return PLAIN[n]
    if form == "ranking" and category in ONLY_RANKING_IS_LEFT:
        return _drawn(text, n)
    if category in ONLY_REFUSAL_IS_RIGHT:
        return None
    if category == "tiny":
        return TINY.get(text)
    if category in IN_PLAIN_SIGHT:
        found = dict(re.findall(r"([A-H]): (\d+)", text.splitlines()[-1]))
        return tuple(int(found[letter]) for letter in "ABCDEFGH"[:n])
    if category == "number_form":
        return _number_form(text, n)
    return PLAIN[n]


def _number_form(text: str, n: int) -> tuple[float, ...] | None:
    lines = text.splitlines()
    written = re.search(r"A: (.*?), B:", lines[-1])
    if written is None or written[1] not in NUMBER_FORMS:
        return None
    rest = dict(re.findall(r"([B-H]): (\d+)", lines[-1]))
    scores = (NUMBER_FORMS[written[1]], *(int(rest[letter]) for letter in "BCDEFGH"[: n - 1]))
    said = [tier.split(" = ") for tier in lines[-3].split(" > ")]
    means = dict(zip("ABCDEFGH", scores, strict=False))
    levels = sorted(set(scores), reverse=True)
    implied = [[letter for letter in sorted(means) if means[letter] == level] for level in levels]
    return scores if [sorted(tier) for tier in said] == implied else None


def _drawn(text: str, n: int) -> tuple[float, ...] | None:
    """The places of a complete ranking that stands on a line of its own, as falling scores."""
    label = "[A-H]"
    for line in reversed(text.splitlines()):
        if re.fullmatch(rf"{label}( [>=] {label})+", line):
            tiers = [tier.split(" = ") for tier in line.split(" > ")]
            place = {letter: -i for i, tier in enumerate(tiers) for letter in tier}
            return tuple(place[letter] for letter in "ABCDEFGH"[:n]) if len(place) == n else None
    return None
