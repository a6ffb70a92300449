"""WMT24: its news systems' texts, and the scores of Error Span Annotation (ESA), from 0 to 100.

Every file of texts begins with a line that marks it as test data; it is no segment.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path
from statistics import fmean

from dragoman.benchmarks.files import (
    documents_of,
    pairs_of_names,
    same_length,
    system_texts,
    texts_of,
)
from dragoman.benchmarks.rated import Rated, rated
from dragoman.errors import BadRecord, UserError
from dragoman.records import segment_to_row
from dragoman.row_files import Row
from dragoman.types import Segment

WAVES = ("wave2", "wave3")
LANGUAGES = {"eng": "en", "ces": "cs", "hin": "hi", "zho": "zh", "jpn": "ja", "rus": "ru",
             "ukr": "uk", "deu": "de", "isl": "is", "spa": "es"}  # fmt: skip
CELLS = 12

# By language pair, then by line and system: what each annotator said last.
_Answers = dict[tuple[str, str], dict[int, dict[str, dict[str, float]]]]


def segments(repo: Path) -> Iterator[tuple[str, Row]]:
    """All segments with their first reference."""
    folder = repo / "txt"
    for pair in pairs_of_names(sorted((folder / "sources").glob("*.txt"))):
        for line, segment, domain, document in _lines(folder, pair):
            if line:
                row = {**segment_to_row(segment), "domain": domain, "doc_id": document}
                yield "-".join(pair), row


def esa(repo: Path) -> Iterator[Rated]:
    for pair, lines in sorted(_answers(repo / "humeval").items()):
        told = list(_lines(repo / "txt", pair))
        texts = system_texts(repo / "txt/system-outputs" / "-".join(pair), len(told))
        for line, systems in sorted(lines.items()):
            if not 0 < line < len(told):
                raise UserError(
                    f"{repo}: a score of {'-'.join(pair)}, segment {line}, of {len(told)}"
                )
            _, segment, domain, document = told[line]
            written = {name: each[line] for name, each in texts.items()}
            scores = {name: fmean(said.values()) for name, said in systems.items()}
            if group := rated(segment, document, domain, written, scores):
                yield group


def _lines(folder: Path, pair: tuple[str, str]) -> Iterator[tuple[int, Segment, str, str]]:
    name = "-".join(pair)
    sources = texts_of(folder / "sources" / f"{name}.txt")
    documents = documents_of(folder / "documents" / f"{name}.docs", len(sources))
    references = same_length(folder / "references" / f"{name}.refA.txt", len(sources))
    for line, (source, reference) in enumerate(zip(sources, references, strict=True)):
        domain, document = documents[line]
        yield line, Segment(f"wmt24.{name}.{line}", source, *pair, reference), domain, document


def _answers(folder: Path) -> _Answers:
    """Tutorials, controls, and documents that fill up an annotator's time are left out."""
    found: _Answers = {}
    latest: dict[tuple[object, ...], float] = {}
    for wave in WAVES:
        path = folder / f"esa_generalMT2024_{wave}.csv"
        for number, row in _rows(path):
            annotator, system, line, kind, source, target, score, document, *rest = row
            if kind != "TGT" or "#" in document or "tutorial" in document + system:
                continue
            try:
                pair = LANGUAGES[source], LANGUAGES[target]
                place, value, ended = int(line), float(score), float(rest[3])
            except (KeyError, ValueError):
                raise BadRecord(path, number, f"cannot be read: {','.join(row)[:80]}") from None
            key = pair, place, system, annotator
            if ended >= latest.get(key, 0.0):
                latest[key] = ended
                systems = found.setdefault(pair, {}).setdefault(place, {})
                systems.setdefault(system, {})[annotator] = value
    return found


def _rows(path: Path) -> Iterator[tuple[int, list[str]]]:
    try:
        with path.open(encoding="utf-8", newline="") as stream:
            for number, row in enumerate(csv.reader(stream), 1):
                if len(row) != CELLS:
                    raise BadRecord(path, number, f"{len(row)} cells, not {CELLS}")
                yield number, row
    except OSError as error:
        raise UserError(f"{path}: cannot read: {error.strerror}") from None
    except (csv.Error, UnicodeDecodeError) as error:
        raise UserError(f"{path}: no table: {error}") from None
