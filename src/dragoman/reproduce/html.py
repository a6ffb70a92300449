"""The report as one HTML file: nothing is loaded from anywhere, light and dark alike."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from html import escape
from typing import Any

from dragoman.reproduce.plots import inline
from dragoman.reproduce.wording import INTERVALS, cell, claims_table, duration, summary

STYLE = """
:root { color-scheme: light dark; --line: #8884; --soft: #8881;
  --yes: light-dark(#1b6e42, #6fd3a0); --no: light-dark(#a3262b, #ff9a95); }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 62rem; margin: 2rem auto; padding: 0 1rem; }
.wide { overflow-x: auto; margin: 1rem 0; }
table { border-collapse: collapse; font-size: .875rem; font-variant-numeric: tabular-nums; }
caption { text-align: left; font-weight: 600; padding: .25rem 0; }
th, td { text-align: left; padding: .3rem .75rem .3rem 0; border-bottom: 1px solid var(--line);
  vertical-align: top; }
svg { max-width: 100%; height: auto; }
pre { overflow-x: auto; background: var(--soft); padding: .75rem; font-size: .75rem; }
.holds { color: var(--yes); font-weight: 600; }
.does-not-hold { color: var(--no); font-weight: 600; }
.cannot-tell { font-style: italic; }
nav a { margin-right: 1rem; }
"""


def as_html(report: Mapping[str, Any], drawings: Sequence[Sequence[str]]) -> str:
    """The page; `drawings` are the plots of each section as SVG documents."""
    return "\n".join(_lines(report, drawings)) + "\n"


def _lines(report: Mapping[str, Any], drawings: Sequence[Sequence[str]]) -> Iterator[str]:
    yield '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8"/>'
    yield '<meta name="viewport" content="width=device-width, initial-scale=1"/>'
    yield f"<title>The paper in miniature</title>\n<style>{STYLE}</style>\n</head>\n<body>"
    yield "<h1>The paper in miniature</h1>"
    yield f"<p>{escape(summary(report))}</p>\n<p>{escape(INTERVALS)}</p>"
    yield "<nav aria-label='Sections'>"
    for section in report["sections"]:
        yield f'<a href="#{escape(section["letter"])}">{escape(section["title"])}</a>'
    yield "</nav>\n<main>"
    rows = [
        [escape(letter), escape(text), _outcome(outcome), escape(numbers)]
        for letter, text, outcome, numbers in claims_table(report)
    ]
    yield _table("Claims", ("", "claim", "outcome", "advantage"), rows)
    if report["missing"]:
        yield f"<p>Not run: {escape(', '.join(report['missing']))}.</p>"
    number = 0
    for section, drawn in zip(report["sections"], drawings, strict=True):
        letter = escape(section["letter"])
        yield f'<section id="{letter}">\n<h2>({letter}) {escape(section["title"])}</h2>\n<ul>'
        for claim in section["claims"]:
            told = escape(f"{claim['numbers']}: {cell(claim['advantage'])}")
            yield f"<li>{escape(claim['text'])} {_outcome(claim['outcome'])} — {told}</li>"
        yield "</ul>"
        for table in section["tables"]:
            cells = [[escape(cell(one)) for one in row] for row in table["rows"]]
            yield _table(table["title"], table["columns"], cells)
        for plot, svg in zip(section["plots"], drawn, strict=True):
            number += 1
            picture = inline(svg, number, escape(plot["label"]))
            yield f"<figure>\n{picture}<figcaption>{escape(plot['title'])}</figcaption></figure>"
        yield from (f"<p>{escape(note)}</p>" for note in section["notes"])
        yield "</section>"
    yield from _samples(report["samples"])
    yield from _steps(report["steps"])
    yield "</main>\n</body>\n</html>"


def _outcome(outcome: str) -> str:
    return f'<span class="{escape(outcome.replace(" ", "-"))}">{escape(outcome)}</span>'


def _samples(samples: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    if samples:
        yield "<section>\n<h2>Translations</h2>"
        for sample in samples:
            rows = [
                [escape(name), escape(text) if text is not None else "<em>unreadable</em>"]
                for name, text in sample["texts"].items()
            ]
            yield _table(sample["source"], ("translator", "text"), rows)
        yield "</section>"


def _steps(steps: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    yield "<section>\n<h2>Steps</h2>\n<details><summary>Times</summary>"
    rows = [
        [escape(step["step"]), duration(step["seconds"]), duration(step["cpu_seconds"])]
        for step in steps
    ]
    yield _table("Steps", ("step", "wall", "processor"), rows)
    yield "</details>\n<details><summary>Commands</summary>"
    commands = "\n".join(step["command"] for step in steps if step["command"])
    yield f"<pre>{escape(commands)}</pre></details>\n</section>"


def _table(title: str, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table of cells that are HTML already; the first of a row names it."""
    head = "".join(f'<th scope="col">{escape(column)}</th>' for column in columns)
    lines = [
        f'<tr><th scope="row">{row[0]}</th>{"".join(f"<td>{one}</td>" for one in row[1:])}</tr>'
        for row in rows
    ]
    body = "\n".join(lines)
    return (
        f'<div class="wide"><table><caption>{escape(title)}</caption>\n'
        f"<thead><tr>{head}</tr></thead>\n<tbody>\n{body}\n</tbody></table></div>"
    )
