"""Groups as an evaluation set of mt-metrics-eval, and back.

    sources/LP.txt               a line a segment
    references/LP.refA.txt       where every group has one
    documents/LP.docs            domain, tab, document
    system-outputs/LP/NAME.txt   a line a segment
    human-scores/LP.human.seg.score    system, tab, score or None; a system after another

The groups that go out are of one language pair `LP`, and have the same named systems each. What the
set has no place for stands in `rows.jsonl`, so that they come back as they were; a set without that
file, as they are published, is read too.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, suppress
from itertools import zip_longest
from math import isfinite
from pathlib import Path
from typing import Any, cast

from dragoman.data.mbrs_text import one_line, with_text, without_texts
from dragoman.errors import BadRecord, UserError
from dragoman.languages import language_code
from dragoman.records import group_from_row
from dragoman.row_files import Row, read_rows, read_text_lines, to_line, write_lines
from dragoman.types import Group

REST = "rows.jsonl"
# A system's name becomes a file's: it must not lead out of the folder.
_NAME = re.compile(r"[\w+-][\w.+-]*")


def is_mtme(folder: Path) -> bool:
    return (folder / "system-outputs").is_dir() and (folder / "sources").is_dir()


def write_mtme(folder: Path, rows: Iterable[tuple[int, Row]], path: str) -> int:
    """Write the set, whole or not at all; the number of groups. Errors name the row."""
    if folder.exists():
        raise UserError(f"{folder} is there already; an evaluation set wants a new folder")
    partial = Path(f"{folder}.partial")
    with suppress(FileNotFoundError):
        shutil.rmtree(partial)
    try:
        count = _Writing(partial, path).write(rows)
    except UserError:
        shutil.rmtree(partial, ignore_errors=True)
        raise
    except OSError as error:
        raise UserError(f"{folder}: cannot write: {error.strerror}") from error
    partial.rename(folder)
    return count


class _Writing:
    def __init__(self, folder: Path, path: str):
        self._folder, self._path = folder, path
        self._pair = ""
        self._systems: list[str] = []
        self._scores: list[Sequence[float] | None] = []
        self._references = 0

    def write(self, rows: Iterable[tuple[int, Row]]) -> int:
        with ExitStack() as opened:
            for number, row in rows:
                try:
                    group = group_from_row(row)
                    systems = [_name(candidate.system) for candidate in group.candidates]
                    if not self._pair:
                        self._begin(group, systems, opened)
                    self._add(group, systems, row)
                except ValueError as error:
                    raise BadRecord(self._path, number, str(error)) from None
        count = len(self._scores)
        if not count:
            raise UserError(f"{self._path}: there are no rows in it")
        if self._references == 0:
            shutil.rmtree(self._folder / "references")
        elif self._references < count:
            words = f"{self._references} of {count} groups have a reference"
            raise UserError(f"{self._path}: {words}; an evaluation set wants all or none")
        if any(self._scores):
            self._write_scores()
        return count

    def _begin(self, group: Group, systems: list[str], opened: ExitStack) -> None:
        if len(set(systems)) < len(systems):
            raise ValueError("two candidates of one system")
        self._pair, self._systems = _pair(group), systems
        places = ["sources", "references", "documents", f"system-outputs/{self._pair}"]
        for place in (*places, "human-scores"):
            (self._folder / place).mkdir(parents=True)

        def open_file(place: str) -> Any:
            return opened.enter_context(write_lines(self._folder / place))

        self._source = open_file(f"sources/{self._pair}.txt")
        self._reference = open_file(f"references/{self._pair}.refA.txt")
        self._document = open_file(f"documents/{self._pair}.docs")
        self._rest = open_file(REST)
        self._outputs = {
            system: open_file(f"system-outputs/{self._pair}/{system}.txt") for system in systems
        }

    def _add(self, group: Group, systems: list[str], row: Row) -> None:
        segment = group.segment
        if (pair := _pair(group)) != self._pair:
            raise ValueError(f"{pair} after {self._pair}; an evaluation set has one pair")
        if set(systems) != set(self._systems) or len(systems) != len(self._systems):
            raise ValueError("other systems than those of the first group")
        self._source(one_line(segment.source))
        for system, candidate in zip(systems, group.candidates, strict=True):
            self._outputs[system](one_line(candidate.text))
        if segment.reference is not None:
            self._reference(one_line(segment.reference))
            self._references += 1
        document: object = row.get("doc_id") or segment.id
        self._document(f"dragoman\t{one_line(str(document))}")
        self._rest(to_line(without_texts(row)))
        scores = _scores(row, len(group))
        by_name = dict(zip(systems, scores, strict=True)) if scores else {}
        self._scores.append([by_name[system] for system in self._systems] if scores else None)

    def _write_scores(self) -> None:
        place = self._folder / "human-scores" / f"{self._pair}.human.seg.score"
        with write_lines(place) as write:
            for at, system in enumerate(self._systems):
                for scores in self._scores:
                    write(f"{system}\t{scores[at] if scores else None}")


def read_mtme(folder: Path) -> Iterator[dict[str, Any]]:
    """The groups of a set, language pair by language pair."""
    for sources in sorted((folder / "sources").glob("*.txt")):
        pair = sources.stem
        outputs = sorted((folder / "system-outputs" / pair).glob("*.txt"))
        references = sorted((folder / "references").glob(f"{pair}.*.txt"))[:1]
        files = [sources, *references, *outputs]
        lines = zip_longest(*((text for _, text in read_text_lines(file)) for file in files))
        names = [file.stem for file in outputs]
        rest = read_rows(folder / REST) if (folder / REST).exists() else None
        published = None if rest else _Published(folder, pair, names)
        for number, (texts, told) in enumerate(zip_longest(lines, rest or ()), start=1):
            if not texts or None in texts or (rest and told is None):
                raise UserError(f"{folder}: the files of {pair} are of different lengths")
            source, *others = cast(tuple[str, ...], texts)
            reference = others.pop(0) if references else None
            said = dict(zip(names, others, strict=True))
            if published is None:
                yield _as_it_was(folder, told[1], source, reference, said)
            elif row := published.row(number, source, reference, said):
                yield row


def _as_it_was(
    folder: Path, row: Row, source: str, reference: str | None, said: dict[str, str]
) -> dict[str, Any]:
    back = {**row, "source": source}
    if reference is not None:
        back["reference"] = reference
    try:
        back["candidates"] = [with_text(one, said[one["system"]]) for one in row["candidates"]]
    except (KeyError, TypeError):
        raise UserError(f"{folder}: {REST} is not of these systems") from None
    return back


class _Published:
    """Rows of a set that others made: the best known human scores, and no candidate without one
    where there are any."""

    def __init__(self, folder: Path, pair: str, names: Sequence[str]):
        self._pair = pair
        self._documents: list[str] = []
        if (documents := folder / "documents" / f"{pair}.docs").exists():
            told = (text.split() for _, text in read_text_lines(documents))
            self._documents = ["".join(words[-1:]) for words in told]
        self._scores: dict[str, list[float | None]] = {}
        places = sorted((folder / "human-scores").glob(f"{pair}.*.seg.score"))
        named = [place for place in places if place.name == f"{pair}.mqm.seg.score"]
        for place in (named or places)[:1]:
            self._scores = _read_scores(place, names)

    def row(
        self, number: int, source: str, reference: str | None, said: dict[str, str]
    ) -> dict[str, Any] | None:
        scores = {
            name: values[number - 1]
            for name, values in self._scores.items()
            if len(values) >= number and values[number - 1] is not None
        }
        shown = [name for name in said if name in scores or not self._scores]
        if not shown:
            return None
        source_lang, _, target_lang = self._pair.partition("-")
        row: dict[str, Any] = {
            "id": f"{self._pair}:{number}",
            "src_lang": source_lang,
            "tgt_lang": target_lang,
            "source": source,
        }
        if reference is not None:
            row["reference"] = reference
        if len(self._documents) >= number:
            row["doc_id"] = self._documents[number - 1]
        row["candidates"] = [{"system": name, "text": said[name]} for name in shown]
        if self._scores:
            row["human_scores"] = [scores[name] for name in shown]
        return row


def _read_scores(place: Path, names: Sequence[str]) -> dict[str, list[float | None]]:
    scores: dict[str, list[float | None]] = {}
    for line, text in read_text_lines(place):
        name, _, value = text.replace(" ", "\t").partition("\t")
        try:
            number = None if value == "None" else float(value)
        except ValueError:
            raise BadRecord(place, line, f"{value!r} is neither a score nor None") from None
        if name in names:
            scores.setdefault(name, []).append(number)
    return scores


def _scores(row: Row, size: int) -> Sequence[float] | None:
    given: object = row.get("human_scores", row.get("scores"))
    if given is None:
        return None
    numbers = cast(list[object], given) if isinstance(given, list) else []
    good = [n for n in numbers if isinstance(n, int | float) and isfinite(n)]
    if len(good) != size or len(numbers) != size:
        raise ValueError(f"the scores must be {size} numbers, one a candidate")
    return good


def _pair(group: Group) -> str:
    segment = group.segment
    return f"{language_code(segment.source_lang)}-{language_code(segment.target_lang)}"


def _name(system: str | None) -> str:
    if system is None or not _NAME.fullmatch(system):
        raise ValueError(f"a system called {system!r}; its name becomes a file's: letters, digits")
    return system
