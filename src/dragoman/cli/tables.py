"""How a judgement looks on a terminal."""

from __future__ import annotations

from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from dragoman.cli.printing import printable
from dragoman.formats.letters import labels
from dragoman.formats.verdict_line import tidy
from dragoman.ranking import write_ranking
from dragoman.types import Judgement, Verdict

BAR_WIDTH = 12


def show_judgement(judgement: Judgement, console: Console | None = None) -> None:
    """Source, candidates best first with scores and bars, and the analysis."""
    console = console or Console(highlight=False)
    segment = judgement.group.segment
    languages = f"{segment.source_lang} → {segment.target_lang}"
    title = f"{languages}  "
    console.print(Text(printable(title), "dim") + Text(printable(segment.source), "bold"))
    if judgement.verdict is None:
        failure = judgement.failure
        reason = f"{failure.reason}: {failure.detail}" if failure else ""
        console.print(Text(f"not judged: {printable(reason)}", "red"))
    else:
        _show_verdict(judgement, judgement.verdict, console)
    for name, value in judgement.details.items():
        console.print(Text(printable(f"{name.replace('_', ' ')}: {value}"), "dim"))
    console.print(Text(printable(judgement.signature), "dim"), soft_wrap=True)


def _show_verdict(judgement: Judgement, verdict: Verdict, console: Console) -> None:
    group, names = judgement.group, labels(len(judgement.group))
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    table.add_column("", justify="right", style="dim")
    table.add_column("")
    if verdict.scores:
        table.add_column("score", justify="right")
        table.add_column("")
    systems = any(candidate.system for candidate in group.candidates)
    if systems:
        table.add_column("system", style="cyan")
    table.add_column("translation", overflow="fold")
    places = verdict.ranking.places
    for index in verdict.ranking.order:
        # As in sports: after two firsts comes a third.
        place = sum(other < places[index] for other in places)
        candidate = group.candidates[index]
        best = "bold green" if place == 0 and len(verdict.ranking.tiers) > 1 else ""
        row = [Text(str(place + 1)), Text(names[index], best)]
        if verdict.scores:
            row += [Text(_short(verdict.scores[index]), best), _bar(verdict.scores, index)]
        if systems:
            row.append(Text(printable(candidate.system or "")))
        row.append(Text(printable(candidate.text)))
        table.add_row(*row)
    console.print(table)
    console.print(Text(write_ranking(verdict.ranking, names), "bold"))
    if verdict.analysis:
        console.print(Padding(Text(printable(verdict.analysis)), (0, 0, 0, 2)))


def _short(score: float) -> str:
    whole = tidy(round(score, 2))
    return str(whole)


def _bar(scores: tuple[float, ...], index: int) -> Text:
    """A bar on the judge's own scale: up to 10, or up to 100 for metrics."""
    top = 10 if max(scores) <= 10 else 100
    filled = round(BAR_WIDTH * min(max(scores[index] / top, 0), 1))
    return Text("█" * filled, "green") + Text("░" * (BAR_WIDTH - filled), "dim")
