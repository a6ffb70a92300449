"""The same accuracy on parts of the data: where is a judge good, and where not?"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from dragoman.evaluation.figures import Share, shares
from dragoman.evaluation.groups import HumanGroup
from dragoman.evaluation.pairs import Bools, Floats, Ints, Pairs, Scores
from dragoman.evaluation.resampling import Draws, interval

THIRDS = (100 / 3, 200 / 3)


def breakdowns(
    groups: Sequence[HumanGroup], said: Scores, pairs: Pairs, documents: Ints, drawn: Draws
) -> dict[str, list[dict[str, Any]]]:
    """For each way to part the data its rows: the part's name, how much is in it, and the
    ranking accuracy there with its interval (of the human gap: over pairs, else over groups)."""
    accuracy = shares([group.scores for group in groups], said, pairs)["ranking_acc"]

    def rows(name: Callable[[HumanGroup], str]) -> list[dict[str, Any]]:
        names = [name(group) for group in groups]
        return [
            _row(part, accuracy, np.array([one == part for one in names]), documents, drawn)
            for part in sorted(set(names), key=lambda text: (len(text), text))
        ]

    return {
        "language_pair": rows(lambda group: group.languages),
        "group_size": rows(lambda group: str(len(group.group))),
        "human_gap": _by_gap(pairs, documents, drawn),
        "source_length": [
            _row(part, accuracy, inside, documents, drawn)
            for part, inside in _thirds(
                np.array([float(len(group.group.segment.source)) for group in groups]),
                "characters",
            )
        ],
    }


def _by_gap(pairs: Pairs, documents: Ints, drawn: Draws) -> list[dict[str, Any]]:
    gap = np.abs(pairs.human).round(9)
    right = pairs.right()
    apart = gap > 0
    parts = [("tied by people", ~apart)]
    for name, inside in _thirds(gap[apart], "apart"):
        among = np.zeros(len(gap), bool)
        among[apart] = inside
        parts.append((name, among))
    return [
        {
            "part": name,
            "pairs": int(among.sum()),
            **_figure(Share(pairs.sums(right & among), pairs.sums(among)), documents, drawn),
        }
        for name, among in parts
        if among.any()
    ]


def _thirds(values: Floats, what: str) -> list[tuple[str, Bools]]:
    """The values in three parts of about one size; equal values are never parted."""
    if not len(values):
        return []
    part = np.searchsorted(np.unique(np.percentile(values, THIRDS)), values, side="left")
    found: list[tuple[str, Bools]] = []
    for number in range(3):
        inside = part == number
        if inside.any():
            low, high = f"{values[inside].min():g}", f"{values[inside].max():g}"
            found.append((f"{low if low == high else f'{low} to {high}'} {what}", inside))
    return found


def _row(
    part: str, accuracy: Share, inside: Bools, documents: Ints, drawn: Draws
) -> dict[str, Any]:
    share = Share(accuracy.part * inside, accuracy.whole * inside)
    return {"part": part, "groups": int(inside.sum()), **_figure(share, documents, drawn)}


def _figure(share: Share, documents: Ints, drawn: Draws) -> dict[str, Any]:
    return {"ranking_acc": share.value, "interval": interval(share, documents, drawn)}
