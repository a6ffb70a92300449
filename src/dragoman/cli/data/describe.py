"""`dragoman data describe`: what is in a file."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, cast

from cyclopts import Parameter
from rich.console import Console
from rich.table import Table
from rich.text import Text as Shown

from dragoman.cli.printing import printable
from dragoman.cli.running import Flag, Text
from dragoman.data.describe import TestSet
from dragoman.data.describe import describe as describe_file
from dragoman.errors import UserError
from dragoman.row_files import to_line, write_lines

Several = Annotated[tuple[str, ...], Parameter(consume_multiple=True, negative=())]
BAR = 40


def describe(
    file: Text,
    /,
    *,
    against: Several = (),
    json: Flag = False,
    picture: Path | None = None,
) -> None:
    """Say what is in a file: rows, languages, lengths in characters, scores, ties, repeats.

    With --against, also how many rows hold a source, reference or prompt of a test set, or share
    40 characters in a row with one, blanks and punctuation aside.

    Parameters
    ----------
    file
        Segments, groups or lessons: .jsonl, .tsv, .parquet, or a folder.
    against
        Test sets, as NAME=FILE or FILE.
    json
        Print one JSON line.
    picture
        An SVG file to draw the scores in.
    """
    tests = [TestSet(*_named(text)) for text in against]
    row = describe_file(file, tests).as_row()
    if not row["rows"]:
        raise UserError(f"{file}: there are no rows in it")
    if picture:
        _draw(picture, row["scores"])
    if json:
        print(to_line(row))
        return
    console = Console(highlight=False)
    for name, value in row.items():
        _show(console, name.replace("_", " "), value)


def _draw(place: Path, scores: Mapping[str, int]) -> None:
    """The share of candidates with each score."""
    from dragoman.reproduce.plots import draw

    if not scores:
        raise UserError("--picture draws scores, and no row has any")
    total = sum(scores.values())
    shares = {
        "name": "candidates",
        "x": range(len(scores)),
        "y": [count / total for count in scores.values()],
        "low": [],
        "high": [],
    }
    plot = {"kind": "bars", "title": "scores", "x": "score", "y": "share of candidates"}
    with write_lines(place) as write:
        write(draw({**plot, "names": list(scores), "series": [shares]}))


def _named(text: str) -> tuple[str, str]:
    name, equals, path = text.partition("=")
    return (name, path) if equals else (Path(text).name, text)


def _show(console: Console, name: str, value: object) -> None:
    """A number on its line, counts as bars, spreads as a table."""
    if value in (None, {}):
        return
    if not isinstance(value, dict):
        console.print(f"{name}: {value}")
        return
    counts = cast(Mapping[str, Any], value)
    table = Table(title=name, title_justify="left", box=None, show_header=name == "characters")
    if name == "characters":
        for head in ("", *next(iter(counts.values()))):
            table.add_column(head, justify="right")
        for text, spread in counts.items():
            table.add_row(text, *(f"{number:g}" for number in spread.values()))
    else:
        most = max(counts.values()) or 1
        for text, count in counts.items():
            table.add_row(Shown(printable(text)), str(count), "█" * round(BAR * count / most))
    console.print(table)
