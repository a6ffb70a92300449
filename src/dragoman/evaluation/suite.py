"""Several judges on several sets of groups: the table that papers print, from one report.

A cell is the report of one judge on one set, with the first judge's answers to hold it against.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from statistics import fmean
from typing import Any

from dragoman.evaluation.groups import HumanGroup
from dragoman.evaluation.judge_report import baselines, judge_report
from dragoman.evaluation.tables import NAMES, NOTHING, Table, number
from dragoman.evaluation.verdicts import Said

Sets = Mapping[str, Sequence[HumanGroup]]

# Figures that get a table of their own: accuracy first, which is what papers print.
FIGURES = {
    "ranking_acc": "accuracy",
    "acc_eq_opt": "accuracy with the best threshold for ties (acc*eq)",
}


def suite_report(sets: Sets, said: Mapping[str, Mapping[str, Sequence[Said]]]) -> dict[str, Any]:
    """The reports of all judges (`said`, by judge and set), ready for JSON."""
    first = next(iter(said), None)
    return {
        "evaluation": "suite",
        "sets": {
            name: {"groups": len(groups), "baselines": baselines(groups)}
            for name, groups in sets.items()
        },
        "judges": {
            judge: {
                name: judge_report(
                    groups, answers[name], said[first][name] if first not in (None, judge) else None
                )
                for name, groups in sets.items()
            }
            for judge, answers in said.items()
        },
    }


def suite_tables(report: Mapping[str, Any]) -> list[Table]:
    """Sets × judges for each figure, the differences to the first judge, and what is missing."""
    tables = [_of_figure(report, key, title) for key, title in FIGURES.items()]
    judges = list(report["judges"])
    if len(judges) > 1:
        tables.append(_differences(report, judges))
    if any(cell["unjudged"] for cells in report["judges"].values() for cell in cells.values()):
        rows = [
            (judge, *(str(cell["unjudged"]) for cell in cells.values()))
            for judge, cells in report["judges"].items()
        ]
        tables.append(Table(("", *report["sets"]), tuple(rows), "groups without a verdict"))
    return tables


def suite_signatures(report: Mapping[str, Any]) -> list[str]:
    """Who judged, and what each set is, each once."""
    cells = [cell for row in report["judges"].values() for cell in row.values()]
    told = [signature for cell in cells for signature in cell["judge"]]
    return list(dict.fromkeys([*told, *(cell["signature"] for cell in cells)]))


def _of_figure(report: Mapping[str, Any], key: str, title: str) -> Table:
    rows = [_row(judge, list(cells.values()), key) for judge, cells in report["judges"].items()]
    known: list[Mapping[str, Mapping[str, Any]]]
    known = [told["baselines"] for told in report["sets"].values()]
    for name in dict.fromkeys(name for one in known for name in one):
        cells = [one.get(name, {}) for one in known]
        if any(key in cell for cell in cells):
            rows.append(_row(NAMES.get(name, name), cells, key))
    counts = [f"{name} ({told['groups']})" for name, told in report["sets"].items()]
    return Table(("", *counts, "mean"), tuple(rows), title)


def _row(name: str, cells: Sequence[Mapping[str, Any]], key: str) -> tuple[str, ...]:
    """A line of a table; its mean is over sets, and there is none where a set has no figure."""
    values = [cell.get(key) for cell in cells]
    there = [value for value in values if value is not None]
    mean = number(fmean(there)) if len(there) == len(values) else NOTHING
    bounds = [cell.get("intervals", {}).get(key) for cell in cells]
    return (name, *map(number, values, bounds), mean)


def _differences(report: Mapping[str, Any], judges: Sequence[str]) -> Table:
    rows: list[tuple[str, ...]] = []
    for judge in judges[1:]:
        told = [cell["against"].get("ranking_acc") if "against" in cell else None
                for cell in report["judges"][judge].values()]  # fmt: skip
        rows.append((judge, *(_difference(one) for one in told)))
    title = f"accuracy beyond that of {judges[0]}, where both judged"
    return Table(("", *report["sets"]), tuple(rows), title)


def _difference(told: Mapping[str, Any] | None) -> str:
    if told is None:
        return NOTHING
    return f"{number(told['difference'], told['interval'])}, p = {told['p']:.4f}"
