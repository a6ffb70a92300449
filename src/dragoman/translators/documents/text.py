"""Plain texts taken apart into segments, and put together again to the last blank.

A text is a run of gaps and pieces, each gap the white space before a piece. Splitting streams, so
that a long text takes no more memory than its longest paragraph.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeAlias

from dragoman.errors import BadRecord, UserError
from dragoman.row_files import replacing, writing
from dragoman.translators.documents.translations import Translations

By = Literal["paragraph", "line", "sentence"]
"""Where a text is split: at blank lines, at every line, or within paragraphs after sentences."""

Piece: TypeAlias = tuple[str, str]
"""A gap and the piece behind it; the last piece of a text may be empty."""

_EDGES = re.compile(r"([\s\ufeff]*)(.*?)(\s*)", re.S)
_SENTENCE_END = re.compile(
    r"(?<!\b\w)(?<!\b[A-ZÄÖÜ]\w)(?<!\b[A-ZÄÖÜ]\w\w)"  # no initial, no Dr., no Mrs.
    r"[.!?…]+[\"'”’»)\]]*(?=\s+(?P<next>\w))"
    r"|[。！？]+[”’」』）]*(?=\s*\S)"
)


@dataclass(frozen=True)
class TextDocument:
    """A plain text in UTF-8. Where a piece has no translation it stays in its own words."""

    path: Path
    by: By
    languages = None, None

    def texts(self) -> Iterator[str]:
        return (piece for _, piece in split(read_text(self.path), self.by) if piece)

    def put(self, translations: Translations, output: Path) -> None:
        with replacing(output) as partial, writing(output):
            with partial.open("w", encoding="utf-8", newline="") as stream:
                for gap, piece in split(read_text(self.path), self.by):
                    text = translations.next() if piece else None
                    if text is not None:
                        translations.changed(piece, text)
                    stream.write(gap + (piece if text is None else text))
            translations.end()


def read_text(path: str | Path) -> Iterator[str]:
    """The lines of a UTF-8 file with their ends, as they are."""
    try:
        with Path(path).open(encoding="utf-8", newline="") as stream:
            yield from stream
    except OSError as error:
        raise UserError(f"{path}: cannot read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise BadRecord(path, 1, f"not UTF-8 near byte {error.start + 1}") from None


def split(lines: Iterable[str], by: By) -> Iterator[Piece]:
    """The text's pieces, each with the gap before it; all together they are the text."""
    gap = ""
    for block in lines if by == "line" else _paragraphs(lines):
        for part in _sentences(block) if by == "sentence" else (block,):
            before, piece, after = edges(part)
            if not piece:
                gap += part
                continue
            yield gap + before, piece
            gap = after
    if gap:
        yield gap, ""


def edges(text: str) -> tuple[str, str, str]:
    """The text without the white space around it, and that before and behind it."""
    match = _EDGES.fullmatch(text)
    before, inner, after = match.groups() if match else ("", text, "")
    return before, inner, after


def _paragraphs(lines: Iterable[str]) -> Iterator[str]:
    block = ""
    for line in lines:
        block += line
        if not line.strip():
            yield block
            block = ""
    if block:
        yield block


def _sentences(block: str) -> Iterator[str]:
    start = 0
    for end in _SENTENCE_END.finditer(block):
        if (first := end["next"]) and (first.islower() or not first.isalpha()):
            continue
        yield block[start : end.end()]
        start = end.end()
    yield block[start:]
