"""The translations of a document's texts, one after the other, and a count of what is wrong."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from dragoman.errors import BadRecord, UserError
from dragoman.row_files import read_rows
from dragoman.translators.placeholders import changed_placeholders


class Translations:
    """Translation lines, read as a document asks for them.

    `untranslated` counts failed lines, `doubtful` those of which something was said; what is
    said of a segment goes to `say` at once.
    """

    def __init__(self, path: Path, say: Callable[[str], None]):
        self._path, self._say = path, say
        self._rows = read_rows(path)
        self._number = 0
        self.untranslated = self.doubtful = 0

    def next(self) -> str | None:
        """The translation of the next text; None if there is none, and the text stays."""
        self._number += 1
        line, row = next(self._rows, (0, None))
        if row is None:
            raise UserError(f"{self._path} ends before segment {self._number} of the document")
        if row.get("id") != str(self._number):
            problem = f"its id is {row.get('id')!r}, not '{self._number}'"
            raise BadRecord(self._path, line, problem)
        text: Any = row.get("translation")
        if text is None:
            self.untranslated += 1
        elif not isinstance(text, str):
            raise BadRecord(self._path, line, "'translation' must be text or null")
        return text

    def doubt(self, why: str) -> None:
        """Report the last text."""
        self.doubtful += 1
        self._say(f"segment {self._number}: {why}")

    def changed(self, source: str, text: str) -> bool:
        """Whether placeholders of the last text were lost or added, which is then reported."""
        why = changed_placeholders(source, text)
        if why:
            self.doubt(why)
        return bool(why)

    def end(self) -> None:
        """The document has no further text: then there must be no further line."""
        if next(self._rows, None):
            problem = f"has more lines than the document has segments, {self._number}"
            raise UserError(f"{self._path} {problem}; was it split in the same way?")
