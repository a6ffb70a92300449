"""`dragoman data convert`: rows for other programs, and back."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Annotated, Any, Literal, cast

from cyclopts import Parameter

from dragoman.cli.running import Flag, Text
from dragoman.data.exports import WRITERS, dataset_info, from_any
from dragoman.data.mbrs_text import FILES, read_mbrs, write_mbrs
from dragoman.data.mtme import is_mtme, read_mtme, write_mtme
from dragoman.data.sources import read_items, read_source
from dragoman.data.step import check_output
from dragoman.errors import UserError
from dragoman.row_files import Row, to_line, write_lines, write_parquet

INFO = "dataset_info.json"


def convert(
    file: Text,
    /,
    *,
    output: Annotated[Text, Parameter(name=["--output", "-o"])],
    to: Literal["ours", "trl", "llama-factory", "verl", "mbrs", "mtme"],
    overwrite: Flag = False,
) -> None:
    """Write rows as other programs read them, or turn such rows back into ours.

    trl takes lessons, groups and segments. llama-factory takes lessons, and gets an entry in
    dataset_info.json beside the file. verl takes gold groups and segments. mbrs takes groups of
    one size, and OUTPUT is a folder. mtme, an evaluation set of mt-metrics-eval, takes groups of
    the same named systems, and OUTPUT is a new folder. Back, with --to ours, every row is as it
    was; an evaluation set of others is read too.

    Parameters
    ----------
    file
        Rows of ours, or of any of these programs: .jsonl, .tsv, .parquet, or a folder.
    output
        A .jsonl or .parquet file; for mbrs and mtme a folder.
    to
        Who reads it.
    overwrite
        Replace what is there.
    """
    if to == "mbrs":
        for name in FILES:
            check_output([file], str(Path(output) / name), overwrite=overwrite)
        size = write_mbrs(Path(output), read_source(file), file)
        print(f"type: mbrs-decode {output}/hypotheses.txt --num_candidates {size}", file=sys.stderr)
        return
    if to == "mtme":
        print(f"{write_mtme(Path(output), read_source(file), file)} groups", file=sys.stderr)
        return
    if to == "llama-factory":
        check_info(Path(output), overwrite=overwrite)
    check_output([file], output, overwrite=overwrite)
    count = 0
    with _writing(output) as write:
        for row in _rows(file, WRITERS[to] if to != "ours" else from_any):
            write(row)
            count += 1
        if not count:
            raise UserError(f"{file}: there are no rows in it")
    if to == "llama-factory":
        _tell_llama_factory(Path(output))
    print(f"{count} rows", file=sys.stderr)


def check_info(output: Path, *, overwrite: bool) -> None:
    """An entry of that name is replaced only if asked for."""
    if output.stem in _info(output) and not overwrite:
        raise UserError(f"{output.with_name(INFO)} has an entry {output.stem}; --overwrite")


def _rows(file: str, make: Callable[[Row], dict[str, Any]]) -> Iterator[dict[str, Any]]:
    if (Path(file) / "hypotheses.txt").exists():
        yield from read_mbrs(Path(file))
        return
    if is_mtme(Path(file)):
        yield from read_mtme(Path(file))
        return
    for _, _, row in read_items(file, make):
        yield row


def _writing(output: str) -> AbstractContextManager[Callable[[Mapping[str, Any]], None]]:
    return write_parquet(output) if output.endswith(".parquet") else _writing_lines(output)


@contextmanager
def _writing_lines(output: str) -> Generator[Callable[[Mapping[str, Any]], None]]:
    with write_lines(output) as write:
        yield lambda row: write(to_line(row))


def _info(output: Path) -> dict[str, Any]:
    place = output.with_name(INFO)
    if not place.exists():
        return {}
    try:
        info: object = json.loads(place.read_text(encoding="utf-8"))
    except ValueError as error:
        raise UserError(f"{place}: not JSON: {error}") from None
    if not isinstance(info, dict):
        raise UserError(f"{place}: must be an object")
    return cast(dict[str, Any], info)


def _tell_llama_factory(output: Path) -> None:
    """Add the file to dataset_info.json beside it; other entries stay."""
    info = {**_info(output), output.stem: dataset_info(output.name)}
    with write_lines(output.with_name(INFO)) as write:
        write(json.dumps(info, ensure_ascii=False, indent=2))
