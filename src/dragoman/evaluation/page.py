"""The report of a judge as one HTML file: nothing is loaded from anywhere, light and dark alike.

What people wrote goes in as JSON and comes out as text nodes; the page forbids itself the network.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from html import escape
from importlib.resources import files
from typing import Any

from dragoman.evaluation.groups import HumanGroup
from dragoman.evaluation.resampling import Interval
from dragoman.evaluation.tables import NAMES, Table, parts, signatures, summary
from dragoman.evaluation.verdicts import Said
from dragoman.pages import part
from dragoman.ranking import agreement
from dragoman.row_files import to_line

HEAD = """\
<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy"
 content="default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'">
<title>{title}</title>
<style>
{style}</style>
</head>
<body>
<h1>{title}</h1>"""

BROWSER = """\
<h2 id="browse">Groups</h2>
<form id="filters" class="filters" aria-label="Filters">
<label>Search <input name="search" type="search" autocomplete="off"></label>
<label>Languages <select name="language"><option value="">all</option></select></label>
<label>Candidates <select name="size"><option value="">any number</option></select></label>
<label>Outcome <select name="outcome"><option value="all">all</option>
<option value="wrong">some pair wrong</option><option value="right">all right</option>
<option value="unjudged">not judged</option></select></label>
<label>Order <select name="sort"><option value="file">as in the file</option>
<option value="worst">worst first</option></select></label>
<label>Words that differ from <select name="beside">
<option value="best">the best by people</option><option value="reference">the reference</option>
<option value="none">nothing</option></select></label>
<output id="count" aria-live="polite"></output>
</form>
<p><kbd>↑</kbd> <kbd>↓</kbd> <kbd>Page</kbd> <kbd>Home</kbd> <kbd>End</kbd> move in the list,
<kbd>/</kbd> searches. Before each source stands the share of pairs that the judge got right.</p>
<div class="browser">
<div id="list" class="list" role="listbox" aria-label="Groups" tabindex="0"></div>
<div id="group" class="chosen" role="region" aria-label="The chosen group" aria-live="polite"
 tabindex="0"></div>
</div>"""


def page(
    report: Mapping[str, Any], groups: Sequence[HumanGroup], said: Sequence[Said]
) -> Iterator[str]:
    """The page, piece by piece."""
    yield _head("A judge beside people")
    yield f"<p>{escape(_told(report))}</p>"
    yield f'<div class="side"><div class="wide">{_table(summary(report), "judge")}</div>'
    yield f"{_plot(report)}</div>"
    yield '<div class="side">'
    for table in parts(report):
        yield f'<div class="wide">{_table(table)}</div>'
    yield "</div>"
    for signature in signatures(report):
        yield f"<p><code>{escape(signature)}</code></p>"
    yield BROWSER
    yield '<script type="application/json" id="groups">['
    last = len(groups) - 1
    for place, (group, one) in enumerate(zip(groups, said, strict=True)):
        line = to_line(row(group, one)).replace("<", "\\u003c")
        yield line + ("," if place < last else "")
    yield "]</script>\n<script>"
    yield part("parts.js") + _part("page.js") + "</script>\n</body>\n</html>"


def tables_page(title: str, tables: Sequence[Table], told: Sequence[str]) -> Iterator[str]:
    """A page of tables alone, with the signatures of what is in them."""
    yield _head(title)
    for table in tables:
        yield f'<h2>{escape(table.title)}</h2>\n<div class="wide">{_table(table)}</div>'
    for signature in told:
        yield f"<p><code>{escape(signature)}</code></p>"
    yield "</body>\n</html>"


def _head(title: str) -> str:
    return HEAD.replace("{title}", escape(title)).replace(
        "{style}", part("parts.css") + _part("page.css")
    )


def _part(name: str) -> str:
    return (files("dragoman.evaluation") / name).read_text(encoding="utf-8")


def row(group: HumanGroup, said: Said) -> dict[str, Any]:
    """What the page shows of a group."""
    segment, candidates = group.group.segment, group.group.candidates
    return {
        "id": group.id,
        "languages": group.languages,
        "source": segment.source,
        "reference": segment.reference,
        "texts": [candidate.text for candidate in candidates],
        "systems": [candidate.system for candidate in candidates],
        "human": group.scores,
        "said": said.scores,
        "failed": said.failed,
        "analysis": said.analysis,
        "accuracy": None if said.scores is None else agreement(said.scores, group.scores),
    }


def _told(report: Mapping[str, Any]) -> str:
    reasons = ", ".join(f"{name} {count}" for name, count in report["unjudged_reasons"].items())
    return (
        f"{report['groups']} groups judged, of {report['documents']} documents; "
        f"{report['unjudged']} not judged{f' ({reasons})' if reasons else ''}. Brackets are 95 % "
        "intervals by bootstrap over documents. What could not be judged is in no figure."
    )


def _table(table: Table, first: str = "plain") -> str:
    """The table; its first line has a class of its own."""
    head = "".join(f'<th scope="col">{escape(name)}</th>' for name in table.columns)
    rows = [
        f'<tr class="{"plain" if place else first}">'
        + "".join(f"<td>{escape(cell)}</td>" for cell in cells)
        + "</tr>"
        for place, cells in enumerate(table.rows)
    ]
    return f"<table><thead><tr>{head}</tr></thead><tbody>{''.join(rows)}</tbody></table>"


def _plot(report: Mapping[str, Any]) -> str:
    """Ranking accuracy of the judge, with its interval, above that of the baselines."""
    bounds: Mapping[str, Interval] = report.get("intervals", {})
    baselines: Mapping[str, Mapping[str, float]] = report.get("baselines", {})
    lines: list[tuple[str, float | None, Interval | None]] = [
        ("the judge", report["ranking_acc"], bounds.get("ranking_acc"))
    ]
    lines += [
        (NAMES.get(name, name), figures["ranking_acc"], None) for name, figures in baselines.items()
    ]
    height = 24 * len(lines) + 24
    drawn = [f'<line x1="160" x2="460" y1="{height - 20}" y2="{height - 20}"/>']
    for share in (0, 0.5, 1):
        x = 160 + 300 * share
        drawn.append(f'<line x1="{x}" x2="{x}" y1="0" y2="{height - 20}"/>')
        drawn.append(f'<text x="{x}" y="{height - 4}" text-anchor="middle">{share:g}</text>')
    for place, (name, value, bound) in enumerate(lines):
        y = 14 + 24 * place
        drawn.append(f'<text x="150" y="{y + 4}" text-anchor="end">{escape(name)}</text>')
        if bound:
            low, high = (160 + 300 * end for end in bound)
            drawn.append(f'<line class="bar" x1="{low}" x2="{high}" y1="{y}" y2="{y}"/>')
        if value is not None:
            drawn.append(f'<circle cx="{160 + 300 * value:.1f}" cy="{y}" r="5"/>')
    return (
        "<figure><figcaption>accuracy</figcaption>"
        f'<svg viewBox="0 0 480 {height}" width="480" height="{height}" role="img" '
        f'aria-label="Ranking accuracy beside baselines">{"".join(drawn)}</svg></figure>'
    )
