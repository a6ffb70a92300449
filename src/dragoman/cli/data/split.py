"""`dragoman data split`: a file into parts without leaks between them."""

from __future__ import annotations

import sys
from contextlib import ExitStack
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from dragoman.cli.running import Flag, Text
from dragoman.data.split import Splitting
from dragoman.data.split import split as split_rows
from dragoman.data.step import Step, Tally, check_output, write_sidecar
from dragoman.errors import UserError
from dragoman.row_files import STDIN, to_line, write_lines

Several = Annotated[tuple[str, ...], Parameter(consume_multiple=True, negative=())]
USUAL = ("train=0.9", "validation=0.05", "test=0.05")


def split(
    file: Text,
    /,
    *,
    output: Annotated[Path, Parameter(name=["--output", "-o"], allow_leading_hyphen=True)],
    parts: Several = USUAL,
    by: str = "document",
    seed: int = 0,
    overwrite: Flag = False,
) -> None:
    """Split a file into parts, documents whole, without leaks.

    A source that also stands in a later part is left out of the earlier one, and counted.

    Parameters
    ----------
    file
        Segments, groups or lessons: .jsonl, .tsv, .parquet, or a folder.
    output
        A folder, in which each part becomes PART.jsonl.
    parts
        NAME=SHARE of each; the shares add up to 1. Parts for measuring come last.
    by
        The field with the name of a row's document. Rows without it are kept together by source.
    seed
        Another seed draws other documents.
    overwrite
        Replace files that are there.
    """
    if file == STDIN:
        raise UserError("splitting reads its input three times, which a pipe cannot give")
    splitting = Splitting(dict(map(_share, parts)), by, seed)
    places = {part: str(output / f"{part}.jsonl") for part in splitting.shares}
    for place in places.values():
        check_output([file], place, overwrite=overwrite)
    tally, sizes = Tally(), dict.fromkeys(places, 0)
    output.mkdir(parents=True, exist_ok=True)
    with ExitStack() as opened:
        writers = {part: opened.enter_context(write_lines(places[part])) for part in places}
        for part, row in split_rows(file, splitting, tally):
            writers[part](to_line(row))
            sizes[part] += 1
            tally.written += 1
        if not tally.read:
            raise UserError(f"{file}: there are no rows in it")
    for part, place in places.items():
        settings = {"parts": " ".join(parts), "by": by, "seed": seed, "part": part}
        own = Tally(tally.read, sizes[part], tally.left_out)
        write_sidecar(Step("split", [file], settings), place, own)
    print(tally, *(f"{part} {size}" for part, size in sizes.items()), sep=" · ", file=sys.stderr)


def _share(text: str) -> tuple[str, float]:
    name, _, share = text.partition("=")
    try:
        if name.isidentifier():
            return name, float(share)
    except ValueError:
        pass
    raise UserError(f"--parts {text}: write NAME=SHARE, such as train=0.9")
