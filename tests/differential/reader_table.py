"""Print, category by category, how many recorded judge replies each reader takes.

    python -m tests.differential.reader_table

`wrong` counts what a reader takes although its scores, or where only a ranking was asked
for their order, are not those that the reply gives in truth (see `reference_cases.truth`).
The first table adds up each form that can be asked for, the second is about ranks and scores.
"""

from __future__ import annotations

from collections import Counter
from typing import Any, get_args

from tests.differential.reference_cases import cases, truth

from dragoman.errors import UnreadableReply
from dragoman.formats.gqm import READERS
from dragoman.formats.strict import Form
from dragoman.ranking import rank_scores
from dragoman.types import Verdict

Counts = Counter[tuple[str, str]]


def count(counts: Counts, row: str, case: dict[str, Any], form: Form) -> None:
    """Add to a row what every reader makes of one reply."""
    counts[row, "replies"] += 1
    for name, read in READERS.items():
        try:
            verdict = read(case["text"], case["n_candidates"], form)
        except UnreadableReply:
            continue
        counts[row, name] += 1
        counts[row, f"{name} wrong"] += not is_true(verdict, case, form)


def is_true(verdict: Verdict, case: dict[str, Any], form: Form) -> bool:
    true = truth(case, form)
    if true is None:
        return False
    return verdict.ranking == rank_scores(true) if form == "ranking" else verdict.scores == true


def by_form() -> Counts:
    counts: Counts = Counter()
    for form in get_args(Form):
        for case in cases("judge_output"):
            count(counts, form, case, form)
    return counts


def by_category() -> Counts:
    counts: Counts = Counter()
    for case in cases("judge_output"):
        for row in (case["category"], "**all**"):
            count(counts, row, case, "ranking_score")
    return counts


def table(counts: Counts, of: str) -> str:
    columns = ["replies", *READERS, *(f"{name} wrong" for name in READERS)]
    lines = [f"| {of} | {' | '.join(columns)} |", "|---|" + "---:|" * len(columns)]
    for category in dict.fromkeys(category for category, _ in counts):
        cells = (str(counts[category, column]) for column in columns)
        lines.append(f"| {category} | {' | '.join(cells)} |")
    return "\n".join(lines)


if __name__ == "__main__":
    print(table(by_form(), "form"), table(by_category(), "category"), sep="\n\n")
