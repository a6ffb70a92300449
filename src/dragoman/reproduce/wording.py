"""How numbers of a report are written, on every page alike."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

NOTHING = "–"


def cell(value: str | Mapping[str, Any] | None) -> str:
    """A text, or an interval; what was not measured is a dash."""
    if value is None:
        return NOTHING
    if isinstance(value, str):
        return value
    places = 3 if max(abs(value[key]) for key in ("mean", "low", "high")) <= 1 else 2
    mean, low, high = (f"{value[key]:.{places}f}" for key in ("mean", "low", "high"))
    return f"{mean} [{low}, {high}]"


def duration(seconds: float) -> str:
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.1f} min"


def summary(report: Mapping[str, Any]) -> str:
    """How long it took, and on what."""
    machine = report["machine"]
    return (
        f"Size {report['size']}, seeds {', '.join(map(str, report['seeds']))}. "
        f"{len(report['steps'])} steps took {duration(report['step_seconds'])} "
        f"({duration(report['cpu_seconds'])} of processor time), "
        f"{duration(report['wall_seconds'])} by the clock, on {machine['cores']} cores of "
        f"{machine['processor']}, {machine['system']}, Python {machine['python']}, "
        f"dragoman {machine['dragoman']}."
    )


INTERVALS = (
    "Brackets are 95 % bootstrap intervals; with several seeds, seeds are drawn first and then "
    "items. A claim holds when the interval of its advantage lies above 0, does not hold when it "
    "lies below, and else nothing can be said. A translation that cannot be read is worth 0; a "
    "group without a verdict counts in no accuracy, and its share is told."
)


def claims_table(report: Mapping[str, Any]) -> list[tuple[str, str, str, str]]:
    """Every claim: section, words, its outcome, and the numbers that it comes from."""
    return [
        (
            section["letter"],
            claim["text"],
            claim["outcome"],
            f"{claim['numbers']}: {cell(claim['advantage'])}",
        )
        for section in report["sections"]
        for claim in section["claims"]
    ]
