"""A table with a column of texts: JSONL, TSV or Parquet. It gets a column `translation`."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from dragoman.errors import BadRecord, UserError
from dragoman.row_files import (
    add_parquet_column,
    read_rows,
    read_text_lines,
    to_line,
    write_lines,
)
from dragoman.translators.documents.translations import Translations

NAME = "translation"


@dataclass(frozen=True)
class TableDocument:
    """Rows whose `column` is translated. Where it is blank or has no translation, nothing stands
    under `translation`; all else stays."""

    path: Path
    column: str
    languages = None, None

    def texts(self) -> Iterator[str]:
        found = False
        for number, row in read_rows(self.path):
            if NAME in row:
                raise BadRecord(self.path, number, f"has a {NAME!r} already; call it otherwise")
            if text := self._checked(number, row.get(self.column)):
                found = True
                yield text
        if not found:
            raise UserError(f"{self.path}: there is no text in a column {self.column!r}")

    def put(self, translations: Translations, output: Path) -> None:
        if output.suffix != self.path.suffix:
            raise UserError(f"{output} must end in {self.path.suffix}, as {self.path} does")
        for _ in self.texts():  # What is wrong with the table is said before anything is written.
            pass
        if self.path.suffix == ".parquet":
            make = partial(self._translated, translations)
            add_parquet_column(self.path, output, self.column, NAME, make, translations.end)
            return
        lines = self._tsv if self.path.suffix == ".tsv" else self._jsonl
        with write_lines(output) as write:
            for line in lines(translations):
                write(line)
            translations.end()

    def _jsonl(self, translations: Translations) -> Iterator[str]:
        for _, row in read_rows(self.path):
            yield to_line({**row, NAME: self._translated(translations, row.get(self.column))})

    def _tsv(self, translations: Translations) -> Iterator[str]:
        lines = read_text_lines(self.path)
        _, header = next(lines)
        yield f"{header}\t{NAME}"
        at = header.split("\t").index(self.column)
        for _, line in lines:
            text = self._translated(translations, line.split("\t")[at]) or ""
            if any(c in text for c in "\t\r\n"):
                translations.doubt("a tab or a line end, which no cell can hold; left out")
                text = ""
            yield f"{line}\t{text}"

    def _translated(self, translations: Translations, source: Any) -> str | None:
        if not source or not source.strip():
            return None
        text = translations.next()
        if text is not None:
            translations.changed(source, text)
        return text

    def _checked(self, number: int, text: object) -> str:
        """The text of a row, or nothing."""
        if text is None:
            return ""
        if not isinstance(text, str):
            raise BadRecord(self.path, number, f"{self.column!r} must be text")
        return text if text.strip() else ""
