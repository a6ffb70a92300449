"""`dragoman engines`, `formats`, `judges`, `metrics`: the plugin tables, with what each is."""

from __future__ import annotations

import re
from collections.abc import Mapping
from importlib import import_module

from rich.console import Console
from rich.table import Table


def engines() -> None:
    """List the engines: what answers prompts."""
    from dragoman.engines import ENGINES

    _show("engine", ENGINES)


def formats() -> None:
    """List the formats: how something is asked, and how the reply is read."""
    from dragoman.formats import FORMATS

    _show("format", FORMATS)


def judges() -> None:
    """List the judges: who ranks a group."""
    from dragoman.judges import JUDGES

    _show("judge", JUDGES)


def metrics() -> None:
    """List the metrics that `--judge metric:NAME` takes."""
    from dragoman.metrics import METRICS

    _show("metric", METRICS)


def _show(kind: str, table: Mapping[str, str]) -> None:
    rows = Table(box=None, pad_edge=False, padding=(0, 3, 0, 0))
    rows.add_column(kind, style="bold")
    rows.add_column("what it is")
    rows.add_column("where", style="dim")
    for name, path in table.items():
        rows.add_row(name, _first_sentence(path), path)
    Console(highlight=False).print(rows)


def _first_sentence(path: str) -> str:
    module, _, attribute = path.partition(":")
    documentation = getattr(import_module(module), attribute).__doc__ or ""
    paragraph = " ".join(documentation.partition("\n\n")[0].split())
    return re.split(r"(?<=\.) (?=[A-Z`])", paragraph)[0]
