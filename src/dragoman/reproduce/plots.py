"""Plots as SVG, by matplotlib: text stays text, and black is the colour of the page's text."""

from __future__ import annotations

import io
import re
from collections.abc import Mapping
from importlib import import_module
from typing import Any

from dragoman.errors import MissingExtra

# Told apart without colour too: by brightness, by the mark, and by the order of the legend.
COLOURS = ("#3b7dd8", "#e08a1e", "#2f9e6e", "#c2477f", "#8a63d2", "#7a7a7a")
MARKS = ("o", "s", "^", "D", "v", "P")


def draw(plot: Mapping[str, Any]) -> str:
    """A plot of the report as an SVG document; the same numbers give the same one."""
    try:
        matplotlib: Any = import_module("matplotlib")
    except ModuleNotFoundError as error:
        raise MissingExtra("matplotlib", "train") from error
    figures: Any = import_module("matplotlib.figure")
    settings = {"svg.fonttype": "none", "svg.hashsalt": plot["title"], "font.size": 10,
                "text.parse_math": False, "font.family": "sans-serif"}  # fmt: skip
    with matplotlib.rc_context(settings):
        figure = figures.Figure(figsize=(7.2, 3.6), layout="constrained")
        axes = figure.subplots()
        _DRAWERS[plot["kind"]](axes, plot)
        axes.set_xlabel(plot["x"])
        axes.set_ylabel(plot["y"])
        axes.spines[["top", "right"]].set_visible(False)
        if len(plot["series"]) > 1:
            axes.legend(frameon=False, fontsize=9)
        stream = io.StringIO()
        figure.savefig(stream, format="svg", transparent=True, metadata={"Date": None})
    return stream.getvalue()


def inline(svg: str, number: int, label: str) -> str:
    """The document as a part of a page: no address in it, ids of its own, a name to be read out."""
    svg = svg[svg.index("<svg") :]
    svg = re.sub(r"<metadata>.*?</metadata>", "", svg, flags=re.DOTALL)
    svg = re.sub(r' xmlns(:\w+)?="[^"]*"', "", svg).replace("xlink:href", "href")
    svg = re.sub(r'(id="|href="#|url\(#)', rf"\g<1>p{number}-", svg)
    svg = svg.replace("#000000", "currentColor").replace('"black"', '"currentColor"')
    svg = re.sub(r"<text (?![^>]*fill)", '<text fill="currentColor" ', svg)
    return svg.replace("<svg", f'<svg role="img" aria-label="{label}"', 1)


def _bars(axes: Any, plot: Mapping[str, Any]) -> None:
    width = 0.8 / max(1, len(plot["series"]))
    for number, one in enumerate(plot["series"]):
        shift = (number - (len(plot["series"]) - 1) / 2) * width
        axes.bar([x + shift for x in one["x"]], one["y"], width, label=one["name"],
                 yerr=_errors(one), color=_colour(number), error_kw={"capsize": 2})  # fmt: skip
    turned = sum(map(len, plot["names"])) > 70
    turn: dict[str, Any] = {"rotation": 20, "ha": "right"} if turned else {}
    axes.set_xticks(range(len(plot["names"])), plot["names"], fontsize=9, **turn)


def _lines(axes: Any, plot: Mapping[str, Any]) -> None:
    for number, one in enumerate(plot["series"]):
        axes.plot(one["x"], one["y"], label=one["name"], color=_colour(number),
                  marker=MARKS[number % len(MARKS)], markersize=4)  # fmt: skip


def _points(axes: Any, plot: Mapping[str, Any]) -> None:
    _marked(axes, plot)
    axes.axhline(0, color="#7a7a7a", linewidth=0.8, linestyle=":")


def _costs(axes: Any, plot: Mapping[str, Any]) -> None:
    """Points over what they cost, which doubles from place to place."""
    _marked(axes, plot)
    axes.set_xscale("log")


def _marked(axes: Any, plot: Mapping[str, Any]) -> None:
    for number, one in enumerate(plot["series"]):
        axes.errorbar(one["x"], one["y"], yerr=_errors(one), fmt=MARKS[number % len(MARKS)] + "-",
                      label=one["name"], color=_colour(number), capsize=2)  # fmt: skip


_DRAWERS = {"bars": _bars, "lines": _lines, "points": _points, "costs": _costs}


def _colour(number: int) -> str:
    return COLOURS[number % len(COLOURS)]


def _errors(one: Mapping[str, Any]) -> list[list[float]] | None:
    """How far an interval reaches below and above; its middle need not be the mean."""
    if not one["low"]:
        return None
    below = [max(0.0, y - low) for y, low in zip(one["y"], one["low"], strict=True)]
    above = [max(0.0, high - y) for y, high in zip(one["y"], one["high"], strict=True)]
    return [below, above]
