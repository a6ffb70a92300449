"""Files of a checkout, and what their lines hold."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from dragoman.errors import BadRecord, UserError
from dragoman.row_files import read_text_lines


def texts_of(path: Path) -> list[str]:
    """The lines of a file of segments."""
    return [line for _, line in read_text_lines(path)]


def system_texts(folder: Path, lines: int) -> dict[str, list[str]]:
    """What each file of a folder has, by its name; files of another length are refused."""
    if not folder.is_dir():
        raise UserError(f"{folder}: there is no such folder; is the checkout whole?")
    return {path.stem: same_length(path, lines) for path in sorted(folder.glob("*.txt"))}


def same_length(path: Path, lines: int) -> list[str]:
    texts = texts_of(path)
    if len(texts) != lines:
        raise UserError(f"{path}: {len(texts)} lines for {lines} segments")
    return texts


def documents_of(path: Path, lines: int) -> list[tuple[str, str]]:
    """Domain and document of every segment."""
    return [_two(path, number, line) for number, line in enumerate(same_length(path, lines), 1)]


def _two(path: Path, number: int, line: str) -> tuple[str, str]:
    cells = line.split("\t")
    if len(cells) != 2:
        raise BadRecord(path, number, f"{len(cells)} cells, not a domain and a document")
    return cells[0], cells[1]


def pairs_of_names(paths: Sequence[Path]) -> list[tuple[str, str]]:
    """Source and target languages of files called as `en-de.txt` or `en-de.mqm.seg.score`."""
    names = [path.name.partition(".")[0].split("-") for path in paths]
    return [(name[0], name[1]) for name in names if len(name) == 2]
