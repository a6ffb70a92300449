"""How the published implementation takes a judge's text apart.

Its reader and its training reward both work on these pieces, faults and all; they stand
below `formats` and `rewards`, which may not import each other. Nothing else should use
them: our own readers are in `formats/strict.py` and `formats/lenient.py`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence


def split_last_line(text: str) -> tuple[str, str] | None:
    """What stands before the last line, and the last line; None when there is only one.

    A `\\n` alone ends a line, so the last line may hold other line ends.
    """
    text = text.strip()
    cut = text.rfind("\n")
    return None if cut < 0 else (text[:cut].strip(), text[cut:].strip())


def parse_scores(line: str) -> dict[str, int] | None:
    """`B: 6, A: 5` as a mapping; a label that comes twice keeps its last score."""
    scores: dict[str, int] = {}
    for item in line.strip().split(","):
        parts = item.split(":")
        try:
            label, number = parts
            scores[label.strip()] = int(number.strip())
        except ValueError:
            return None
    return scores


def parse_tiers(ranking: str) -> list[set[str]]:
    """`B > A = C` as sets of labels, best first. A label may be any text, even none."""
    return [{label.strip() for label in tier.split("=")} for tier in ranking.split(">")]


def ranks_each_once(text: str, labels: Sequence[str]) -> bool:
    """Whether a text has as many labels between its signs, and holds each of these once."""
    if "<" in text or sum(map(len, parse_tiers(text))) != len(labels):
        return False
    return all(text.count(label) == 1 for label in labels)


def rank_labels(scores: Mapping[str, int]) -> str:
    """The ranking that scores imply, in the exact form of the training data."""
    levels = sorted(set(scores.values()), reverse=True)
    tiers = (sorted(label for label in scores if scores[label] == level) for level in levels)
    return " > ".join(" = ".join(tier) for tier in tiers)


def places_as_scores(ranking: str) -> dict[str, int]:
    """A score for each label of a ranking: 0 for the last tier, one more for each above it."""
    scores: dict[str, int] = {}
    for score, tier in enumerate(reversed(ranking.split(">"))):
        for label in tier.split("="):
            scores[label.strip()] = score
    return scores
