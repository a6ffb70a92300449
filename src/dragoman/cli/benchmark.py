"""`dragoman benchmark`: public benchmarks from checkouts that the user has."""

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
        print(f"{name}: {told.title}\n  https://github.com/{told.repository}\n  {told.licence}")


@benchmark.command
def prepare(
    name: Text,
    /,
    *,
    repo: Annotated[Path, Parameter(allow_leading_hyphen=True)],
    output: Annotated[Path, Parameter(name=["--output", "-o"], allow_leading_hyphen=True)],
    candidates: int | None = None,
    seed: int = 0,
    scores: Text | None = None,
    overwrite: Flag = False,
) -> int:
    """Make the files of a benchmark from a checkout of its repository, one a language pair.

    Nothing is fetched. A group has every system that people rated on a segment, with their
    scores, and is what `dragoman evaluate ranking` takes; a test set is what `dragoman translate`
    and `dragoman evaluate translation` take. Counts are printed, and held against those of the
    checkout that this was written for: if they differ, the exit code is 1.

    Parameters
    ----------
    name
        One of `dragoman benchmark list`.
    repo
        The folder of the checkout.
    output
        A folder; the files are OUTPUT/NAME.PAIR.jsonl.
    candidates
        Draw a smaller group from each, of 2 up to so many: with no two texts the same, and not
        all of one score. Segments without such a group are left out.
    seed
        Another seed draws others.
    scores
        Which scores of an evalset, such as mqm or esa.
    overwrite
        Replace files that are there.
    """
    told = _find(name)
    if not repo.is_dir():
        raise UserError(f"{repo}: no folder; git clone https://github.com/{told.repository}")
    if candidates is not None and (told.segments or candidates < 2):
        problem = "has no groups" if told.segments else "wants at least 2"
        raise UserError(f"--candidates {candidates}: {name} {problem}")
    if scores is not None and name != "evalset":
        raise UserError(f"--scores is for an evalset; {name} has its own")
    rows, counts = _read(told, repo, {"scores": scores} if scores else {})
    if candidates is not None:
        rows = {pair: list(_smaller(many, candidates, seed)) for pair, many in rows.items()}
    output.mkdir(parents=True, exist_ok=True)
    places = {pair: output / f"{name}.{pair}.jsonl" for pair in rows}
    for place in places.values():
        if place.exists() and not overwrite:
            raise UserError(f"{place} is there already; --overwrite replaces it")
    for pair, place in places.items():
        with write_lines(place) as write:
            for one in rows[pair]:
                write(to_line(one.row if isinstance(one, Rated) else one))
    print(f"{told.title}\nlicence: {told.licence}", file=sys.stderr)
    return _tell(told, counts, rows)


def _find(name: str) -> Benchmark:
    if name not in BENCHMARKS:
        raise UnknownName(f"no benchmark is called {name!r}; there are {', '.join(BENCHMARKS)}")
    return BENCHMARKS[name]


Rows = Mapping[str, Sequence[Rated | Row]]


def _read(
    told: Benchmark, repo: Path, options: Mapping[str, Any]
) -> tuple[Rows, dict[str, tuple[int, int]]]:
    """Everything, by language pair, before anything is written; and how much it is."""
    rows: dict[str, list[Any]] = {}
    for one in told.read(repo, **options):
        pair, row = one if told.segments else (one.languages, one)
        rows.setdefault(pair, []).append(row)
    if not rows:
        raise UserError(f"{repo}: nothing in it that people rated; is the checkout whole?")
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
