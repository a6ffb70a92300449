"""Progress of a run on standard error: a live line on a terminal, a last line always."""

from __future__ import annotations

import sys
from collections.abc import Callable, Generator
from contextlib import contextmanager

from rich.console import Console
from rich.live import Live
from rich.text import Text

from dragoman.cli.printing import printable
from dragoman.engines.metered import MeteredEngine
from dragoman.runs import Progress


@contextmanager
def shown_progress(
    progress: Progress, engine: MeteredEngine | None, noun: str, lacking: str
) -> Generator[Callable[[Progress], None]]:
    """A progress callback that draws; a summary is printed when the run ends, however it ends.

    `noun` and `lacking` say what is counted, and what a failed one is called.
    """
    console = Console(stderr=True, highlight=False)
    with Live(console=console, transient=True, auto_refresh=False) as live:

        def line() -> str:
            return _line(progress, engine, noun, lacking)

        def draw(_: Progress) -> None:
            if console.is_terminal:
                live.update(Text(line()), refresh=True)

        try:
            yield draw
        finally:
            live.stop()
            print(line(), file=sys.stderr)
            if progress.first_failure:
                print(f"first {lacking}: {printable(progress.first_failure)}", file=sys.stderr)


def _line(progress: Progress, engine: MeteredEngine | None, noun: str, lacking: str) -> str:
    of = f" of {progress.total}" if progress.total is not None else ""
    parts = [f"{progress.done}{of} {noun}"]
    if progress.resumed:
        parts.append(f"{progress.resumed} from the ledger")
    if progress.failed:
        reasons = ", ".join(f"{reason} {n}" for reason, n in progress.failures.most_common())
        parts.append(f"{progress.failed} {lacking} ({reasons})")
    if progress.warnings:
        parts.append(
            "warnings: " + ", ".join(f"{w} {n}" for w, n in progress.warnings.most_common())
        )
    parts.append(f"{progress.rate:.1f} a second")
    if progress.seconds_left:
        parts.append(f"{_duration(progress.seconds_left)} left")
    if engine:
        tokens = engine.usage.prompt_tokens + engine.usage.reply_tokens
        repeats = max(0, engine.usage.calls - engine.begun)
        again = f" and {repeats} repeats" if repeats else ""
        parts.append(f"{engine.begun} calls{again}, {tokens} tokens")
        if engine.cost:
            parts.append(f"cost {engine.cost:.4g}")
    return " · ".join(parts)


def _duration(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
