"""The numbers of finished steps, gathered over seeds, and what sections are made of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from dragoman.reproduce.plan import Result
from dragoman.reproduce.statistics import Interval, Outcome, Rows, difference, interval, outcome

Cell = str | Interval | None


@dataclass(frozen=True)
class Claim:
    """A claim of the paper: that `advantage` is above 0. `numbers` says of what."""

    text: str
    numbers: str
    advantage: Interval | None
    outcome: Outcome


@dataclass(frozen=True)
class Table:
    """The first column names the row; the others are intervals or texts."""

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]


@dataclass(frozen=True)
class Series:
    """Points with a name; `low` and `high` are where the interval of `y` ends."""

    name: str
    x: tuple[float, ...]
    y: tuple[float, ...]
    low: tuple[float, ...] = ()
    high: tuple[float, ...] = ()


@dataclass(frozen=True)
class Plot:
    """`bars` has a name for each place on the x axis; `label` says in words what is seen."""

    kind: Literal["bars", "lines", "points"]
    title: str
    label: str
    x: str
    y: str
    series: tuple[Series, ...]
    names: tuple[str, ...] = ()


@dataclass(frozen=True)
class Section:
    letter: str
    title: str
    claims: tuple[Claim, ...]
    tables: tuple[Table, ...]
    plots: tuple[Plot, ...]
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Results:
    """The records of finished steps, by name. A step without a seed counts for every seed."""

    records: Mapping[str, Result]
    seeds: Sequence[int]
    noises: Sequence[int] = field(default=())

    def of(self, kind: str, *path: str) -> list[Any]:
        """What steps `kind-SEED` found, at this path of their results."""
        found: list[Any] = []
        for seed in self.seeds:
            name = f"{kind}-{seed}" if f"{kind}-{seed}" in self.records else kind
            value = self.records[name]["result"]
            for key in path:
                value = value[key]
            found.append(value)
        return found

    def has(self, names: Sequence[str]) -> bool:
        return all(name in self.records for name in names)

    def judged(self, kind: str, groups: str, measure: str) -> Rows:
        return self.of(f"judge-{kind}", groups, measure)

    def translated(self, kind: str, directions: Sequence[str], measure: str) -> Rows:
        """The sentences of these directions in one row."""
        one_by_one = [
            self.of(f"translate-{kind}", "directions", direction, measure)
            for direction in directions
        ]
        return [[n for row in rows for n in row] for rows in zip(*one_by_one, strict=True)]

    def curve(self, run: str, key: str) -> Series | None:
        """A logged number over steps, as the mean of the seeds that got so far."""
        steps: dict[int, list[float]] = {}
        for curve in self.of(run, "curve"):
            for row in curve:
                if key in row:
                    steps.setdefault(row["step"], []).append(row[key])
        if not steps:
            return None
        ordered = sorted(steps.items())
        means = tuple(sum(values) / len(values) for _, values in ordered)
        return Series(run, tuple(float(step) for step, _ in ordered), means)


def claim(text: str, numbers: str, rows: Rows, others: Rows, *, shared: bool) -> Claim:
    """That rows are above others, item by item."""
    advantage = difference(rows, others, shared=shared)
    return Claim(text, numbers, advantage, outcome(advantage))


def bars(
    title: str, label: str, y: str, names: Sequence[str], groups: Mapping[str, Sequence[Cell]]
) -> Plot:
    """Bars side by side: for each series an interval a name; what was not measured has none."""
    series: list[Series] = []
    for name, cells in groups.items():
        known = [(i, c) for i, c in enumerate(cells) if isinstance(c, Interval)]
        series.append(
            Series(
                name,
                tuple(float(i) for i, _ in known),
                tuple(c.mean for _, c in known),
                tuple(c.low for _, c in known),
                tuple(c.high for _, c in known),
            )
        )
    return Plot("bars", title, label, "", y, tuple(series), tuple(names))


def lines(
    found: Results, title: str, key: str, y: str, runs: Mapping[str, str]
) -> tuple[Plot, ...]:
    """Curves of runs that logged this number; no plot where none of them did."""
    series: list[Series] = []
    for run, name in runs.items():
        known = all(f"{run}-{seed}" in found.records for seed in found.seeds)
        curve = found.curve(run, key) if known else None
        if curve:
            series.append(Series(name, curve.x, curve.y))
    if not series:
        return ()
    label = f"Lines over steps: {title[0].lower()}{title[1:]}"
    return (Plot("lines", title, label, "step", y, tuple(series)),)


def mean(rows: Rows, *, shared: bool) -> Interval | None:
    return interval(rows, shared=shared)
