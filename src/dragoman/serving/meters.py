"""Counters, in the text form that Prometheus reads."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"

HELP = {
    "requests": "Requests answered, by path and status.",
    "judgements": "Groups judged, by outcome: ok, or the reason of the failure.",
    "judging_seconds": "Seconds spent before the judge, over all asks.",
    "hedges": "Further asks about slow groups that ended, by outcome: won, lost, failed.",
    "cohorts": "Cohorts settled, by outcome.",
    "groups_waiting": "Groups of requests under way.",
    "rollouts_waiting": "Rollouts that wait for their siblings or their judge.",
}


class Meters:
    """Numbers that only grow."""

    def __init__(self) -> None:
        self._counts: defaultdict[tuple[str, str], float] = defaultdict(float)

    def count(self, name: str, by: float = 1, **labels: str) -> None:
        text = ",".join(f'{key}="{_escaped(value)}"' for key, value in labels.items())
        self._counts[name, f"{{{text}}}" if text else ""] += by

    def text(self, gauges: Mapping[str, float]) -> str:
        """All of them, and these numbers of the moment."""
        lines: list[str] = []
        for name, words in HELP.items():
            if name in gauges:
                lines += [f"# HELP dragoman_{name} {words}", f"# TYPE dragoman_{name} gauge"]
                lines.append(f"dragoman_{name} {gauges[name]:g}")
                continue
            full = f"dragoman_{name}_total"
            lines += [f"# HELP {full} {words}", f"# TYPE {full} counter"]
            for (counted, labels), value in sorted(self._counts.items()):
                if counted == name:
                    lines.append(f"{full}{labels} {value:.12g}")
        return "\n".join(lines) + "\n"


def _escaped(value: str) -> str:
    return value.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")
