"""What the steps have in common: where the rows go, and what is said at the end."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any

from cyclopts import Parameter

from dragoman.cli.printing import printable
from dragoman.cli.running import Flag, Text
from dragoman.data.step import Step, Tally, write_step


@Parameter(name="*")
@dataclass(frozen=True, kw_only=True)
class OutputOptions:
    """Where the rows go."""

    output: Annotated[Text, Parameter(name=["--output", "-o"])]
    """A JSONL file, beside which OUTPUT.provenance.json says where the rows came from; - for
    standard output, which has no such file."""
    overwrite: Flag = False
    """Replace a file that is there."""

    def write(self, step: Step, make: Callable[[Tally], Iterable[Mapping[str, Any]]]) -> None:
        """Write what the step makes, and say how many rows came of how many."""
        tally = Tally()
        write_step(step, self.output, make(tally), tally, overwrite=self.overwrite)
        print(tally, file=sys.stderr)
        if tally.first_left_out:
            print(f"first left out: {printable(tally.first_left_out)}", file=sys.stderr)
