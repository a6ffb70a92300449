"""How the reports of an evaluation look on a terminal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import Console
from rich.table import Table as Shown
from rich.text import Text

from dragoman.cli.printing import printable
from dragoman.evaluation.tables import (
    Table,
    audit_tables,
    number,
    parts,
    signatures,
    summary,
    translation_tables,
)


def show_ranking(report: Mapping[str, Any], console: Console | None = None) -> None:
    """The summary, what was not judged, the other judge, the parts, and the signatures."""
    console = console or Console(highlight=False)
    show_table(summary(report, bounded=("ranking_acc",)), console)
    console.print(Text(_unjudged(report), "red" if report["unjudged"] else "dim"))
    if report.get("system_pairs"):
        pairwise = number(report["system_pairwise_accuracy"])
        soft = number(report["soft_pairwise_accuracy"])
        told = f"{report['systems']} systems: pairwise accuracy {pairwise}, soft {soft}"
        console.print(Text(told, "dim"))
    if against := report.get("against"):
        _show_against(against, console)
    for table in parts(report):
        if len(table.rows) > 1:
            console.print()
            show_table(table, console)
    _show_signatures(signatures(report), console)


def show_translation(report: Mapping[str, Any], console: Console | None = None) -> None:
    """Every language pair's systems and tests, and the signatures."""
    show_tables(translation_tables(report), signatures(report), console)


def show_tables(
    tables: Sequence[Table], told: Sequence[str], console: Console | None = None
) -> None:
    """Tables, and the signatures of what is in them."""
    console = console or Console(highlight=False)
    for place, table in enumerate(tables):
        if place:
            console.print()
        show_table(table, console)
    _show_signatures(told, console)


def show_audit(report: Mapping[str, Any], console: Console | None = None) -> None:
    """Every measure, the attacks, and the faults in words."""
    console = console or Console(highlight=False)
    for table in audit_tables(report):
        show_table(table, console)
        console.print()
    console.print(Text(_unjudged(report), "red" if report["unjudged"] else "dim"))
    for fault in report["found"] or ("no fault found",):
        console.print(Text(fault, "bold red" if report["found"] else "green"))
    _show_signatures(signatures(report), console)


def show_table(table: Table, console: Console) -> None:
    shown = Shown(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
    for place, name in enumerate(table.columns):
        shown.add_column(name, justify="right" if place else "left", no_wrap=place == 0)
    for place, row in enumerate(table.rows):
        # The first row is what the table is about.
        style = "bold" if place == 0 and not table.columns[0] else ""
        shown.add_row(*(Text(printable(cell), style) for cell in row))
    if table.title:
        console.print(Text(printable(table.title), "bold"))
    console.print(shown)


def _unjudged(report: Mapping[str, Any]) -> str:
    reasons = ", ".join(f"{name} {count}" for name, count in report["unjudged_reasons"].items())
    return f"{report['unjudged']} unjudged" + (f" ({reasons})" if reasons else "")


def _show_against(against: Mapping[str, Any], console: Console) -> None:
    rows = [
        (
            name,
            number(against[name]["other"]),
            number(against[name]["difference"], against[name]["interval"]),
            f"{against[name]['p']:.4f}",
        )
        for name in ("ranking_acc", "acc_eq_opt")
        if name in against
    ]
    title = f"against another judge, on {against['groups']} groups that both judged"
    columns = ("figure", "the other", "difference", "p")
    console.print()
    show_table(Table(columns, tuple(rows), title), console)


def _show_signatures(told: Sequence[str], console: Console) -> None:
    for signature in told:
        console.print(Text(printable(signature), "dim"), soft_wrap=True)
