"""The report: every number as JSON, and from that alone the pages.

report.json   sections, claims, tables, plots; steps, their times and commands; the machine
report.md     for reading anywhere, with plots/NAME.svg beside it
report.html   one file with everything in it, light and dark
"""

from __future__ import annotations

import os
import platform
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from dragoman.reproduce import paper, plan, plots, running, sections
from dragoman.reproduce.html import as_html
from dragoman.reproduce.markdown import as_markdown
from dragoman.reproduce.plan import Place, Result
from dragoman.reproduce.results import Results
from dragoman.reproduce.sizes import Sizes
from dragoman.version import __version__

Report = Mapping[str, Any]


def make(
    place: Place, records: Mapping[str, Result], seeds: Sequence[int], sizes: Sizes
) -> dict[str, Any]:
    """The report of what is done; a section that lacks a step is not in it."""
    found = Results(records, seeds, sizes.noises)
    wanted = paper.sections(seeds, sizes)
    made = [
        asdict(sections.MAKERS[letter](found)) for letter in wanted if found.has(wanted[letter])
    ]
    steps = [
        {
            "step": name,
            "seconds": record["seconds"],
            "cpu_seconds": record["cpu_seconds"],
            "command": record["result"].get("command"),
        }
        for name, record in records.items()
    ]
    return {
        "size": sizes.name,
        "seeds": list(seeds),
        "settings": plan.read(place.folder / "settings.json"),
        "machine": machine(),
        "wall_seconds": running.wall_seconds(place),
        "step_seconds": round(sum(record["seconds"] for record in records.values()), 1),
        "cpu_seconds": round(sum(record["cpu_seconds"] for record in records.values()), 1),
        "sections": made,
        "missing": [letter for letter in wanted if not found.has(wanted[letter])],
        "samples": samples(records),
        "steps": steps,
    }


def samples(records: Mapping[str, Result]) -> list[dict[str, Any]]:
    """A few held-out translations of every translator, by source."""
    rows: dict[str, dict[str, Any]] = {}
    for name, record in records.items():
        for sample in record["result"].get("samples", ()):
            row = rows.setdefault(sample["id"], {"source": sample["source"], "texts": {}})
            row["texts"][name.removeprefix("translate-")] = sample["text"]
    return list(rows.values())


def save(place: Place, report: Report) -> Path:
    """Write all three forms; the page is what to look at."""
    drawings = [[plots.draw(plot) for plot in section["plots"]] for section in report["sections"]]
    for section, drawn in zip(report["sections"], drawings, strict=True):
        for number, svg in enumerate(drawn, start=1):
            plan.write_text(place.folder / "plots" / f"{section['letter']}{number}.svg", svg)
    plan.write(place.folder / "report.json", report)
    plan.write_text(place.folder / "report.md", as_markdown(report))
    page = place.folder / "report.html"
    plan.write_text(page, as_html(report, drawings))
    return page


def machine() -> dict[str, Any]:
    """What it ran on."""
    return {
        "processor": _processor(),
        "cores": len(os.sched_getaffinity(0)),
        "system": platform.platform(),
        "python": platform.python_version(),
        "dragoman": __version__,
    }


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text("utf-8").splitlines()
    except OSError:
        lines = []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or "unknown"
