"""Print, category by category, how many recorded judge replies each reader takes.

    python -m tests.differential.reader_table

`wrong` counts what a reader takes although its scores are not those that the reply gives
in truth (see `reference_cases.truth`).
"""

from __future__ import annotations

from collections import Counter

from tests.differential.reference_cases import cases, truth

from dragoman.errors import UnreadableReply
from dragoman.formats.gqm import READERS


def table() -> str:
    counts: Counter[tuple[str, str]] = Counter()
    for case in cases("judge_output"):
        for row in (case["category"], "**all**"):
            counts[row, "replies"] += 1
        for name, read in READERS.items():
            try:
                verdict = read(case["text"], case["n_candidates"], "ranking_score")
            except UnreadableReply:
                continue
            for row in (case["category"], "**all**"):
                counts[row, name] += 1
                counts[row, f"{name} wrong"] += verdict.scores != truth(case)
    columns = ["replies", *READERS, *(f"{name} wrong" for name in READERS)]
    lines = [f"| category | {' | '.join(columns)} |", "|---|" + "---:|" * len(columns)]
    for category in dict.fromkeys(category for category, _ in counts):
        cells = (str(counts[category, column]) for column in columns)
        lines.append(f"| {category} | {' | '.join(cells)} |")
    return "\n".join(lines)


if __name__ == "__main__":
    print(table())
