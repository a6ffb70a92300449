"""`dragoman benchmark`: public benchmarks, from checkouts that the user has or by name."""

from __future__ import annotations

import random
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

from cyclopts import App, Parameter

from dragoman.benchmarks import BENCHMARKS, Benchmark
from dragoman.benchmarks.rated import Rated, fewer
from dragoman.cli.running import Flag, Text
from dragoman.errors import UnknownName, UserError
from dragoman.row_files import Row, to_line, write_lines

benchmark = App(
    name="benchmark",
    help="Make groups with human scores and test sets from public benchmarks.",
    result_action="return_value",
)


@benchmark.command(name="list")
def list_all() -> None:
    """List the benchmarks: where each is to be had, under which licence, and what is in it."""
    for name, told in BENCHMARKS.items():
        print(f"{name}: {told.title}\n  {told.url}\n  {told.licence}")


@benchmark.command
def prepare(
    name: Text,
    /,
    *,
    repo: Annotated[Path | None, Parameter(allow_leading_hyphen=True)] = None,
    output: Annotated[Path, Parameter(name=["--output", "-o"], allow_leading_hyphen=True)],
    pair: Annotated[tuple[Text, ...], Parameter(negative=(), show_default=False)] = (),
    candidates: int | None = None,
    seed: int = 0,
    scores: Text | None = None,
    subset: Text | None = None,
    split: Text | None = None,
    overwrite: Flag = False,
) -> int:
    """Make the files of a benchmark, one a language pair: from a checkout, or by name.

    A group has every system that people rated on a segment, with their scores, and is what
    `dragoman evaluate ranking` takes; a test set is what `dragoman translate` and `dragoman
    evaluate translation` take. Counts are printed, and held against those of the checkout that
    this was written for: if they differ, the exit code is 1. Only what has a name, sacrebleu:SET
    and dataset:PLACE, may be fetched; of the rest you bring the checkout.

    Parameters
    ----------
    name
        One of `dragoman benchmark list`.
    repo
        The folder of the checkout.
    output
        A folder; the files are OUTPUT/NAME.PAIR.jsonl.
    pair
        Only such language pairs, such as en-de, of sacrebleu or BenchMAX. BenchMAX has any two of
        its languages, but without this only those with English.
    candidates
        Draw a smaller group from each, of 2 up to so many: with no two texts the same, and not
        all of one score. Segments without such a group are left out.
    seed
        Another seed draws others.
    scores
        Which scores of an evalset, such as mqm or esa.
    subset
        Which part of a data set, where its card names several.
    split
        Which split of a data set: test, or its only one, if not given.
    overwrite
        Replace files that are there.
    """
    told, place, called = _find(name, repo)
    if candidates is not None and (told.segments or candidates < 2):
        problem = "has no groups" if told.segments else "wants at least 2"
        raise UserError(f"--candidates {candidates}: {name} {problem}")
    options = {"pair": pair, "scores": scores, "subset": subset, "split": split}
    options = {key: value for key, value in options.items() if value}
    for key in options:
        if key not in told.takes:
            takers = ", ".join(other for other, one in BENCHMARKS.items() if key in one.takes)
            raise UserError(f"--{key} is for {takers}; not for {name}")
    rows, counts = _read(told, place, options)
    if candidates is not None:
        rows = {key: list(_smaller(many, candidates, seed)) for key, many in rows.items()}
    output.mkdir(parents=True, exist_ok=True)
    files = {key: output / f"{called}.{key}.jsonl" for key in rows}
    for file in files.values():
        if file.exists() and not overwrite:
            raise UserError(f"{file} is there already; --overwrite replaces it")
    for key, file in files.items():
        with write_lines(file) as write:
            for one in rows[key]:
                write(to_line(one.row if isinstance(one, Rated) else one))
    print(f"{told.title}\nlicence: {told.licence}", file=sys.stderr)
    return _tell(told, counts, rows)


def _find(name: str, repo: Path | None) -> tuple[Benchmark, Path | str, str]:
    """The benchmark; the checkout, or the name that it is had by; and what its files are called."""
    kind, _, place = name.partition(":")
    told = BENCHMARKS.get(kind)
    if told is None or (place and not told.by_name):
        raise UnknownName(f"no benchmark is called {name!r}; there are {', '.join(BENCHMARKS)}")
    if told.by_name:
        if not place or repo is not None:
            raise UserError(f"{name}: it is had by name, without --repo: {told.title}")
        called = Path(place).name if Path(place).is_dir() else place.replace("/", "-")
        return told, place, f"{kind}.{called}"
    if repo is None or not repo.is_dir():
        problem = f"{name} wants a --repo" if repo is None else f"{repo}: no folder"
        raise UserError(f"{problem}; git clone {told.url}")
    return told, repo, name


Rows = Mapping[str, Sequence[Rated | Row]]


def _read(
    told: Benchmark, place: Path | str, options: Mapping[str, Any]
) -> tuple[Rows, dict[str, tuple[int, int]]]:
    """Everything, by language pair, before anything is written; and how much it is."""
    rows: dict[str, list[Any]] = {}
    for one in told.read(place, **options):
        pair, row = one if told.segments else (one.languages, one)
        rows.setdefault(pair, []).append(row)
    if not rows:
        what = "no segments in it" if told.segments else "nothing in it that people rated"
        raise UserError(f"{place}: {what}; is it whole?")
    if told.segments:
        return rows, {
            pair: (len(many), len({row["doc_id"] for row in many})) for pair, many in rows.items()
        }
    return rows, {
        pair: (len(many), sum(len(one.texts) for one in many)) for pair, many in rows.items()
    }


def _smaller(groups: Sequence[Any], most: int, seed: int) -> Iterator[Rated]:
    for group in groups:
        drawn = fewer(group, most, random.Random(f"{seed}/{group.segment.id}"))
        if drawn:
            yield drawn


def _tell(told: Benchmark, counts: Mapping[str, tuple[int, int]], rows: Rows) -> int:
    """A line for each language pair; 1 if a count is not what it should be."""
    nouns = ("segments", "documents") if told.segments else ("groups", "candidates")
    code = 0
    for pair in sorted({*counts, *told.counts}):
        there, wanted = counts.get(pair, (0, 0)), told.counts.get(pair)
        line = f"{pair}: {there[0]} {nouns[0]}, {there[1]} {nouns[1]}"
        if told.counts and there != wanted:
            wanted = wanted or (0, 0)
            line += f"; expected {wanted[0]} and {wanted[1]}: another revision of the repository?"
            code = 1
        if pair in rows and len(rows[pair]) != there[0]:
            line += f"; {len(rows[pair])} written"
        print(line, file=sys.stderr)
    return code
