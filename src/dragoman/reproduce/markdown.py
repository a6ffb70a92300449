"""The report as Markdown."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from dragoman.reproduce.wording import INTERVALS, cell, claims_table, duration, summary


def as_markdown(report: Mapping[str, Any]) -> str:
    return "\n".join(_lines(report)) + "\n"


def _lines(report: Mapping[str, Any]) -> Iterator[str]:
    yield from ("# The paper in miniature", "", _plain(summary(report)), "", INTERVALS, "")
    yield from _table(("", "claim", "outcome", "advantage"), claims_table(report))
    if report["missing"]:
        yield f"Not run: {', '.join(report['missing'])}."
        yield ""
    for section in report["sections"]:
        yield from _section(section)
    yield from _samples(report["samples"])
    yield from _steps(report["steps"])


def _section(section: Mapping[str, Any]) -> Iterator[str]:
    yield from (f"## ({section['letter']}) {_plain(section['title'])}", "")
    for claim in section["claims"]:
        told = f"{_plain(claim['numbers'])}: {cell(claim['advantage'])}"
        yield f"- {_plain(claim['text'])} **{claim['outcome']}** — {told}"
    yield ""
    for table in section["tables"]:
        yield from (f"**{_plain(table['title'])}**", "")
        yield from _table(table["columns"], [[cell(one) for one in row] for row in table["rows"]])
    for number, plot in enumerate(section["plots"], start=1):
        yield from (f"![{_plain(plot['label'])}](plots/{section['letter']}{number}.svg)", "")
    for note in section["notes"]:
        yield from (_plain(note), "")


def _samples(samples: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    if not samples:
        return
    yield from ("## Translations", "")
    for sample in samples:
        yield from (f"**{_plain(sample['source'])}**", "")
        rows = [(name, text or "*unreadable*") for name, text in sample["texts"].items()]
        yield from _table(("translator", "text"), rows)


def _steps(steps: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    yield from ("## Steps", "")
    rows = [
        (step["step"], duration(step["seconds"]), duration(step["cpu_seconds"])) for step in steps
    ]
    yield from _table(("step", "wall", "processor"), rows)
    for step in steps:
        if step["command"]:
            yield from (f"    {_one_line(step['command'])}",)
    yield ""


def _table(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    yield _row(columns)
    yield _row(["---"] * len(columns))
    for row in rows:
        yield _row([_plain(text) for text in row])
    yield ""


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _plain(text: str) -> str:
    """A text that Markdown shows as it is: models write some of them."""
    return re.sub(r"([\\`*_|<>#\[\]!&])", r"\\\1", _one_line(text))


def _one_line(text: str) -> str:
    return " ".join(text.split())
