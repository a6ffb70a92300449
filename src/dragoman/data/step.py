"""A step of making data: rows in, rows out, and a sidecar that says where they came from.

Beside `OUTPUT` stands `OUTPUT.provenance.json`: the step's signature with all its settings and
its seed, the SHA-256 of each input, and how many rows were read, written, and left out for which
reason. Which row came from which stands in the rows themselves, under `origin`. Nothing in
either depends on the time, the machine or the number of processes.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from dragoman.data.sources import files_of
from dragoman.errors import UserError
from dragoman.row_files import STDIN, to_line, write_lines
from dragoman.signature import digest, signature

SIDECAR = ".provenance.json"


@dataclass(slots=True)
class Tally:
    """How many rows a step has read, written, and left out for which reason."""

    read: int = 0
    written: int = 0
    left_out: Counter[str] = field(default_factory=Counter[str])
    first_left_out: str = ""
    notes: Counter[str] = field(default_factory=Counter[str])

    def leave_out(self, reason: str, where: str) -> None:
        """Count a row that is not written; the first is kept to be shown."""
        self.left_out[reason] += 1
        self.first_left_out = self.first_left_out or f"{where}: {reason}"

    def note(self, what: str) -> None:
        """Count something else that a reader of the rows should know."""
        self.notes[what] += 1

    def __str__(self) -> str:
        parts = [f"{self.read} rows read", f"{self.written} written"]
        parts += [f"{count} left out: {reason}" for reason, count in self.left_out.most_common()]
        parts += [f"{count} {what}" for what, count in self.notes.most_common()]
        return " · ".join(parts)


@dataclass(frozen=True, slots=True)
class Step:
    """What is made, from what, and with which settings."""

    name: str
    inputs: Sequence[str]
    settings: Mapping[str, object]

    @property
    def signature(self) -> str:
        return signature({"data": self.name, **self.settings})

    def provenance(self, tally: Tally) -> dict[str, Any]:
        """What the sidecar says."""
        return {
            "signature": self.signature,
            "settings": dict(self.settings),
            "inputs": [{"path": path, "sha256": file_digest(path)} for path in self.inputs],
            "rows": {
                "read": tally.read,
                "written": tally.written,
                "left_out": dict(sorted(tally.left_out.items())),
                "notes": dict(sorted(tally.notes.items())),
            },
        }


def write_step(
    step: Step, output: str, rows: Iterable[Mapping[str, Any]], tally: Tally, *, overwrite: bool
) -> None:
    """Write the rows, whole or not at all, and the sidecar."""
    check_output(step.inputs, output, overwrite=overwrite)
    if output == STDIN:
        with write_lines(output) as write:
            _write(rows, tally, write)
        return
    with write_lines(output) as write:
        _write(rows, tally, write)
        if not tally.read:
            raise UserError(f"{', '.join(step.inputs)}: there are no rows in it")
    write_sidecar(step, output, tally)


def write_sidecar(step: Step, output: str, tally: Tally) -> None:
    """Say beside the output where it came from."""
    with write_lines(f"{output}{SIDECAR}") as tell:
        tell(json.dumps(step.provenance(tally), ensure_ascii=False, indent=1))


def check_output(inputs: Sequence[str], output: str, *, overwrite: bool) -> None:
    """Nothing is replaced unasked, and no input ever."""
    check_apart(inputs, output)
    if output != STDIN and Path(output).exists() and not overwrite:
        raise UserError(f"{output} is there already; --overwrite replaces it")


def check_apart(inputs: Sequence[str], output: str) -> None:
    """No input may lie where the output is written."""
    taken = {Path(f"{output}{end}").resolve() for end in ("", ".partial", SIDECAR)}
    for path in inputs:
        if STDIN not in (path, output) and Path(path).resolve() in taken:
            raise UserError(f"the input and --output are one file, {path}")


def file_digest(path: str) -> str | None:
    """The SHA-256 of a file, or of the files in a folder; None for a pipe."""
    if path == STDIN:
        return None
    digests: list[str] = []
    for file in files_of(path):
        with file.open("rb") as stream:
            digests.append(hashlib.file_digest(stream, "sha256").hexdigest())
    return digests[0] if Path(path).is_file() else digest(digests)


class Seen:
    """Tells whether the like of a row has been written already, at some 70 bytes a row."""

    def __init__(self) -> None:
        self._digests: set[bytes] = set()

    def add(self, value: object) -> bool:
        """Remember it; False if it was there already."""
        before = len(self._digests)
        self._digests.add(bytes.fromhex(digest(value)[:20]))
        return len(self._digests) > before


def _write(rows: Iterable[Mapping[str, Any]], tally: Tally, write: Callable[[str], None]) -> None:
    for row in rows:
        write(to_line(row))
        tally.written += 1
