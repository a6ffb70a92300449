"""Test sets as mt-metrics-eval lays them out: sources, references, system outputs, documents, and
human scores, a line a segment."""

from __future__ import annotations

from collections.abc import Iterator
from math import isfinite
from pathlib import Path

from dragoman.benchmarks.files import (
    documents_of,
    pairs_of_names,
    same_length,
    system_texts,
    texts_of,
)
from dragoman.benchmarks.rated import Rated, rated
from dragoman.errors import BadRecord, UserError
from dragoman.row_files import read_text_lines
from dragoman.types import Segment

WMT23 = Path("data/mt-metrics-eval-v2/wmt23")


def wmt23_mqm(repo: Path) -> Iterator[Rated]:
    return read_evalset(repo / WMT23, "wmt23", "mqm")


def wmt23_da_sqm(repo: Path) -> Iterator[Rated]:
    return read_evalset(repo / WMT23, "wmt23", "da-sqm")


def wmt23_esa(repo: Path) -> Iterator[Rated]:
    """The first campaign alone: others asked other people of the same texts."""
    scores = repo / "data/campaign-ruction-rc5/en-de.ESA-1.seg.score"
    return _language_pair(repo / WMT23, "wmt23", ("en", "de"), scores)


def any_evalset(repo: Path, scores: str = "mqm") -> Iterator[Rated]:
    return read_evalset(repo, repo.resolve().name, scores)


def read_evalset(folder: Path, name: str, kind: str) -> Iterator[Rated]:
    """Every language pair that has human scores of a kind for segments, such as mqm."""
    files = sorted((folder / "human-scores").glob(f"*.{kind}.seg.score"))
    if not files:
        there = {path.name.split(".", 1)[-1] for path in (folder / "human-scores").glob("*")}
        kinds = sorted({text.removesuffix(".seg.score") for text in there if ".seg.score" in text})
        known = f"there are {', '.join(kinds)}" if kinds else "there are none"
        raise UserError(f"{folder}/human-scores: no {kind} scores of segments; {known}")
    for file, languages in zip(files, pairs_of_names(files), strict=True):
        yield from _language_pair(folder, name, languages, file)


def _language_pair(
    folder: Path, name: str, languages: tuple[str, str], scores: Path
) -> Iterator[Rated]:
    pair = "-".join(languages)
    sources = texts_of(folder / "sources" / f"{pair}.txt")
    count = len(sources)
    documents = documents_of(folder / "documents" / f"{pair}.docs", count)
    reference, references = _reference(folder, pair, count)
    texts = system_texts(folder / "system-outputs" / pair, count)
    for place, told in enumerate(_by_segment(scores, texts, count)):
        domain, document = documents[place]
        segment = Segment(
            f"{name}.{pair}.{place + 1}", sources[place], *languages,
            references[place] if references else None,
        )  # fmt: skip
        written = {system: lines[place] for system, lines in texts.items()}
        if group := rated(segment, document, domain, written, told, (reference,)):
            yield group


def _reference(folder: Path, pair: str, count: int) -> tuple[str, list[str] | None]:
    """The first reference by name, and its lines."""
    file = next(iter(sorted((folder / "references").glob(f"{pair}.*.txt"))), None)
    if file is None:
        return "", None
    return file.name.split(".")[1], same_length(file, count)


def _by_segment(path: Path, texts: dict[str, list[str]], count: int) -> list[dict[str, float]]:
    """The score of each system, segment by segment; None is a segment that nobody rated."""
    scores: list[dict[str, float]] = [{} for _ in range(count)]
    seen: dict[str, int] = {}
    for number, line in read_text_lines(path):
        system, _, text = line.partition("\t")
        place = seen.get(system, 0)
        seen[system] = place + 1
        if place >= count:
            raise BadRecord(path, number, f"{system} has more scores than the {count} segments")
        if text in ("None", ""):
            continue
        if system not in texts:
            raise BadRecord(path, number, f"a score of {system}, which has no system output")
        try:
            scores[place][system] = float(text)
            if not isfinite(float(text)):
                raise ValueError
        except ValueError:
            raise BadRecord(path, number, f"{text!r} is no score") from None
    for system, lines in seen.items():
        if lines != count:
            raise UserError(f"{path}: {system} has {lines} scores for {count} segments")
    return scores
