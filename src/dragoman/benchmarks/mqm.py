"""MQM ratings: errors that people marked, and what each costs.

Google's tables have a line an error, several raters a segment, and `<v>` around what is marked. A
rater's score is minus the sum of weights, a translation's the mean over its raters.
"""

from __future__ import annotations

import io
import re
import tarfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from statistics import fmean

from dragoman.benchmarks.rated import Rated, rated
from dragoman.errors import BadRecord, UserError
from dragoman.row_files import read_text_lines
from dragoman.types import Segment

MARK = re.compile("</?v>")
LARGEST = 512 * 2**20
COLUMNS = ("system", "doc", "rater", "source", "target", "category", "severity")
SEGMENT = ("globalSegId", "seg_id")


def weight(category: str, severity: str) -> float:
    """Minor 1, major 5, minor punctuation 0.1, no translation 25; the rest costs nothing."""
    if severity in ("Major", "Minor") and category.startswith("Non-translation"):
        return 25
    if severity == "Minor":
        return 0.1 if category == "Fluency/Punctuation" else 1
    return 5 if severity == "Major" else 0


@dataclass
class _Marked:
    """A segment: what each system wrote, and the errors of each sitting of each rater."""

    source: str
    document: str
    texts: dict[str, str] = field(default_factory=dict[str, str])
    sums: dict[str, dict[str, float]] = field(default_factory=dict[str, dict[str, float]])

    def scores(self) -> dict[str, float]:
        return {name: -fmean(raters.values()) for name, raters in self.sums.items()}


def ted21(repo: Path) -> Iterator[Rated]:
    for pair, languages, reference in (
        ("zhen", ("zh", "en"), "refB"), ("ende", ("en", "de"), "ref")
    ):  # fmt: skip
        path = repo / "ted" / pair / f"mqm_ted_{pair}.tsv"
        yield from _groups(path, read_text_lines(path), "ted21", languages, reference, "ted")


def wmt23_sxs(repo: Path) -> Iterator[Rated]:
    """Side by side, three raters each. Where a reference was rated, it is the reference."""
    for pair, languages in (("zhen", ("zh", "en")), ("ende", ("en", "de"))):
        name = f"sxs_mqm_generalMT2023_{pair}.3ratingsPerSegment.tsv"
        path = repo / "generalMT2023" / pair / f"{name}.tar.gz"
        yield from _groups(path, _packed_lines(path), "wmt23-sxs", languages, "refA", None)


def _groups(
    path: Path,
    lines: Iterable[tuple[int, str]],
    name: str,
    languages: tuple[str, str],
    reference: str,
    domain: str | None,
) -> Iterator[Rated]:
    for key, marked in _read(path, lines).items():
        document, of_document = marked.document, domain
        if domain is None:
            # Such as news_chinanews.com.280744:zh-en
            of_document, _, document = document.partition(":")[0].partition("_")
        segment = Segment(
            f"{name}.{'-'.join(languages)}.{key}", marked.source, *languages,
            marked.texts.get(reference),
        )  # fmt: skip
        scores = marked.scores()
        if group := rated(segment, document, of_document, marked.texts, scores, (reference,)):
            yield group


def _read(path: Path, lines: Iterable[tuple[int, str]]) -> dict[str, _Marked]:
    found: dict[str, _Marked] = {}
    rest = iter(lines)
    number, first = next(rest, (1, ""))
    header = first.split("\t")
    if missing := {*COLUMNS} - {*header}:
        raise BadRecord(path, number, f"no column is called {sorted(missing)[0]!r}")
    segment = next((name for name in SEGMENT if name in header), None)
    if segment is None:
        raise BadRecord(path, number, "no column has the number of the segment")
    for number, line in rest:
        cells = line.split("\t")
        if len(cells) < len(COLUMNS) + 1:
            raise BadRecord(path, number, f"{len(cells)} cells under {len(header)} column names")
        row = dict(zip(header, cells, strict=False))
        # A translation in two sittings is one translation: GPT4-5shot_with_refA.
        system = row["system"].partition("_with_")[0]
        source, target = (MARK.sub("", row[name]) for name in ("source", "target"))
        marked = found.setdefault(row[segment], _Marked(source, row["doc"]))
        marked.texts.setdefault(system, target)
        raters = marked.sums.setdefault(system, {})
        sitting = f"{row['rater']} {row['system']}"
        cost = weight(row["category"], row["severity"])
        raters[sitting] = raters.get(sitting, 0) + cost
    return found


def _packed_lines(path: Path) -> Iterator[tuple[int, str]]:
    """The lines of the one file in an archive."""
    try:
        with tarfile.open(path) as archive:
            member = next((one for one in archive if one.isfile()), None)
            stream = archive.extractfile(member) if member and member.size <= LARGEST else None
            if stream is None:
                raise UserError(f"{path}: no table in it of at most {LARGEST} bytes")
            text = io.TextIOWrapper(stream, encoding="utf-8", newline="\n")
            for number, line in enumerate(text, 1):
                yield number, line.rstrip("\r\n")
    except (OSError, tarfile.TarError, EOFError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or error
        raise UserError(f"{path}: cannot read: {reason}") from None
