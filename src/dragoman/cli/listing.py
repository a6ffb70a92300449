"""`dragoman engines`, `formats`, `judges`, `metrics`: the plugin tables, with what each is."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from rich.console import Console
from rich.table import Table

from dragoman.plugins import find


def engines() -> None:
    """List the engines: what answers prompts."""
    from dragoman.engines import ENGINES

    _show("engine", ENGINES)


def formats() -> None:
    """List the formats: how something is asked, and how the reply is read."""
    from dragoman.formats import FORMATS

    _show("format", FORMATS, about=lambda format: format.takes)


def judges() -> None:
    """List the judges: who ranks a group."""
    from dragoman.judges import JUDGES

    _show("judge", JUDGES)


def metrics() -> None:
    """List the metrics that `--judge metric:NAME` takes."""
    from dragoman.metrics import METRICS

    _show("metric", METRICS)


def _show(kind: str, table: Mapping[str, str], about: Callable[[Any], str] | None = None) -> None:
    rows = Table(box=None, pad_edge=False, padding=(0, 3, 0, 0))
    rows.add_column(kind, style="bold")
    if about:
        rows.add_column("about a")
    rows.add_column("what it is")
    for name, path in table.items():
        plugin = find(kind, path, table)
        columns = [about(plugin)] if about else []
        rows.add_row(name, *columns, _first_sentence(plugin.__doc__ or ""))
    Console(highlight=False).print(rows)


def _first_sentence(documentation: str) -> str:
    paragraph = " ".join(documentation.partition("\n\n")[0].split())
    return re.split(r"(?<=\.) (?=[A-Z`])", paragraph)[0]
