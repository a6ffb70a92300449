"""The summary of a report as a table, and tables as Markdown and LaTeX."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

NOTHING = "–"

COLUMNS = {
    "ranking_acc": "accuracy",
    "acc_half": "ties half",
    "acc_eq_opt": "acc*eq",
    "eps_opt": "ε",
    "kendall_b_item": "τ-b",
    "tie_rate": "ties",
    "groups": "groups",
}

# How baselines are called in tables.
NAMES = {
    "random_expected": "chance, on average",
    "random": "chance, one draw",
    "all_tied": "everything tied",
    "longest": "the longest",
    "length_ratio_src": "usual length",
    "length_ratio_ref": "reference's length",
    "chrf": "chrF",
    "bleu": "sentence BLEU",
}


@dataclass(frozen=True, slots=True)
class Table:
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    title: str = ""


def summary(report: Mapping[str, Any], bounded: Sequence[str] = tuple(COLUMNS)) -> Table:
    """The judge and what needs no judge, a line each; intervals of these figures only."""
    bounds = {name: report.get("intervals", {}).get(name) for name in bounded}
    rows: list[tuple[str, ...]] = [("the judge", *_cells(report, bounds))]
    baselines: Mapping[str, Mapping[str, Any]] = report.get("baselines", {})
    for name, figures in baselines.items():
        rows.append((NAMES.get(name, name), *_cells(figures, {})))
    return Table(("", *COLUMNS.values()), tuple(rows))


def parts(report: Mapping[str, Any]) -> list[Table]:
    """A table for each way in which the data was parted."""
    return [
        Table(
            (name.replace("_", " "), "accuracy", "pairs" if "pairs" in rows[0] else "groups"),
            tuple(
                (row["part"], number(row["ranking_acc"], row["interval"]),
                 str(row.get("pairs", row.get("groups"))))
                for row in rows
            ),
        )
        for name, rows in report.get("breakdowns", {}).items()
        if rows
    ]  # fmt: skip


def translation_tables(report: Mapping[str, Any]) -> list[Table]:
    """For each language pair its systems, and then each test of their differences."""
    tables: list[Table] = []
    for pair in report["language_pairs"]:
        told = f"{pair['languages']}, {pair['common']} of {pair['segments']} segments"
        names = [_named(score) for score in pair["systems"][0]["scores"]]
        columns = ("system", *names, "failed", "empty", "copied", "wrong script")
        rows = [
            (
                one["name"],
                *(f"{score['score']:.1f}" for score in one["scores"]),
                *map(str, (one["failed"], *one["guards"].values())),
            )
            for one in pair["systems"]
        ]
        tables.append(Table(columns, tuple(rows), told))
        tables += [_paired(kind, test) for kind, test in pair["paired"].items()]
        tables += [_opinion(told) for told in pair["opinions"]]
    return tables


def _opinion(told: Mapping[str, Any]) -> Table:
    """What one metric or judge says of each system, beside the first."""
    several = any(len(one["runs"]) > 1 for one in told["systems"])
    rows = [
        (
            one["name"],
            number(one["score"], one.get("interval")),
            *((number(one["deviation"]),) if several else ()),
            number(one.get("difference")) + _chance(one.get("p")),
            str(one["failed"]),
        )
        for one in told["systems"]
    ]
    spread = ("spread of runs",) if several else ()
    columns = ("system", _named(told), *spread, "beyond the first", "no score")
    return Table(columns, tuple(rows), f"{told['name']}, {told['segments']} segments")


def _named(told: Mapping[str, Any]) -> str:
    """A number's name; of one that a system was trained towards, with a warning."""
    return told["name"] + (" (was the reward)" if told.get("was_reward") else "")


TESTS = {"bs": "paired bootstrap", "ar": "paired approximate randomisation"}


def _paired(kind: str, test: Sequence[Mapping[str, Any]]) -> Table:
    """The p-values of a test; the first system is what the others are held against."""
    rows = [
        (
            test[0]["systems"][place]["name"],
            *(
                f"{one['systems'][place]['score']:.1f}" + _chance(one["systems"][place]["p"])
                for one in test
            ),
        )
        for place in range(len(test[0]["systems"]))
    ]
    return Table(("system", *(one["metric"] for one in test)), tuple(rows), TESTS[kind])


def _chance(p: float | None) -> str:
    return "" if p is None else f" (p = {p:.4f})"


def audit_tables(report: Mapping[str, Any]) -> list[Table]:
    """What was measured beside what a judge without the fault has; systems; attacks."""
    rows: list[tuple[str, ...]] = []
    for audit, name, wording, faultless in MEASURES:
        if audit in report:
            told = report[audit] if name is None else report[audit][name]
            rows.append((wording, number(told["value"], told["interval"]), faultless))
    tables = [Table(("measure", "value", "without fault"), tuple(rows))] if rows else []
    if systems := report.get("systems"):
        lines = [(r["system"], number(r["value"], r["interval"]), str(r["pairs"])) for r in systems]
        tables.append(Table(("system", "wins more than people let it", "pairs"), tuple(lines)))
    if attacks := report.get("attacks"):
        lines = [
            (
                r["attack"],
                number(r["honest_wins"]["value"], r["honest_wins"]["interval"]),
                number(r["tied"]),
                number(r["fooled"]),
                str(r["tried"]),
                str(r["unjudged"]),
            )
            for r in attacks["attacks"]
        ]
        columns = ("attack", "honest wins", "tied", "fooled", "tried", "unjudged")
        tables.append(Table(columns, tuple(lines)))
    return tables


# Audit, its number, the words for it, and what a judge without the fault has.
MEASURES: tuple[tuple[str, str | None, str, str], ...] = (
    ("position", "first_slot", "first slot's advantage", "0"),
    ("position", "last_slot", "last slot's advantage", "0"),
    ("position", "flip_rate", "pairs that another order turns", "0"),
    ("consistency", "agreement", "agreement of two opinions", "1"),
    ("saturation", "saturated", "groups with one score", ""),
    ("saturation", "where_people_differ", "of those that people tell apart", "0"),
    ("saturation", "advantage", "mean advantage, in points", ""),
    ("length", None, "prefers the longer, beyond people", "0"),
    ("attacks", "robustness", "robustness to attacks", "1"),
)


def signatures(report: Mapping[str, Any]) -> list[str]:
    """What produced the numbers of a report, each once."""
    scores = [
        f"{score['name']}|{score['signature']}"
        for pair in report.get("language_pairs", ())
        for score in pair["systems"][0]["scores"]
    ]
    scores += [one["signature"] for p in report.get("language_pairs", ()) for one in p["opinions"]]
    own = [report["signature"]] if "signature" in report else []
    return list(dict.fromkeys([*report.get("judge", ()), *own, *scores]))


def number(value: object, interval: Sequence[float] | None = None) -> str:
    """A figure with its interval; what there is none of is a dash."""
    if value is None:
        return NOTHING
    if isinstance(value, int):
        return str(value)
    if not isinstance(value, float):
        return str(value)
    text = f"{value:z.3f}" if abs(value) < 10 else f"{value:.1f}"
    return f"{text} [{interval[0]:z.3f}, {interval[1]:z.3f}]" if interval else text


def markdown(table: Table) -> str:
    lines = [table.columns, ["---"] * len(table.columns), *table.rows]
    title = f"**{_markdown(table.title)}**\n\n" if table.title else ""
    return title + "\n".join(f"| {' | '.join(map(_markdown, line))} |" for line in lines) + "\n"


def latex(table: Table) -> str:
    lines = [r"\begin{tabular}{l" + "r" * (len(table.columns) - 1) + "}", r"\hline"]
    for place, row in enumerate((table.columns, *table.rows)):
        lines.append(" & ".join(map(_latex, row)) + r" \\" + (r" \hline" if place == 0 else ""))
    return "\n".join([*lines, r"\hline", r"\end{tabular}"]) + "\n"


def _cells(figures: Mapping[str, Any], bounds: Mapping[str, Any]) -> list[str]:
    return [number(figures.get(key), bounds.get(key)) for key in COLUMNS]


def _markdown(text: str) -> str:
    text = " ".join(text.split())
    return text if set(text) == {"-"} else re.sub(r"([\\`*_|<>])", r"\\\1", text)


_LATEX = {"\\": r"\textbackslash{}", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}"}
_SYMBOLS = {"ε": r"$\epsilon$", "τ": r"$\tau$", "–": "--", "→": r"$\to$"}


def _latex(text: str) -> str:
    return "".join(
        _LATEX.get(c) or _SYMBOLS.get(c) or (f"\\{c}" if c in "#$%&_{}" else c)
        for c in " ".join(text.split())
    )
