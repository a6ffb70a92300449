"""A catalogue of gettext: PO, or the template of one (POT).

Entries without a translation are translated, and fuzzy ones anew. What is doubtful is put in as
fuzzy, which gettext does not use and people look at. A language with more plural forms than the
source gets the plural in all but the first, and that is doubtful too.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

from dragoman.errors import BadRecord, MissingExtra, UserError
from dragoman.row_files import read_text_lines, replacing, writing
from dragoman.translators.documents.text import edges
from dragoman.translators.documents.translations import Translations

FUZZY = "fuzzy"


class PoDocument:
    """The whole catalogue, in memory."""

    def __init__(self, path: Path):
        try:
            import polib
        except ModuleNotFoundError:
            raise MissingExtra("polib", "files") from None
        for _ in read_text_lines(path):  # it can be read, and is UTF-8
            pass
        try:
            self._file: Any = cast(Any, polib).pofile(str(path), encoding="utf-8")
        except (OSError, ValueError) as error:
            # "Syntax error in po file … (line 3): unescaped double quote found"
            said = re.search(r"\(line (\d+)\):? ?(.*)", str(error))
            line, problem = (int(said[1]), said[2]) if said else (1, str(error))
            raise BadRecord(
                path, line, f"not PO: {problem or 'a line that says nothing'}"
            ) from None
        self._path = path
        content = self._file.metadata.get("Content-Type", "")
        charset = content.partition("charset=")[2] or "UTF-8"
        if charset.upper() not in ("UTF-8", "ASCII", "US-ASCII", "CHARSET"):
            raise UserError(f"{path} is in {charset}; type: msgconv -t UTF-8 {path}")
        if content:
            self._file.metadata["Content-Type"] = content.replace(charset, "UTF-8")

    @property
    def languages(self) -> tuple[str | None, str | None]:
        """Catalogues do not say what language their keys are in."""
        return None, self._file.metadata.get("Language", "").replace("_", "-") or None

    def texts(self) -> Iterator[str]:
        for entry in self._open_entries():
            yield from self._sources(entry)

    def put(self, translations: Translations, output: Path) -> None:
        for entry in self._open_entries():
            self._fill(entry, translations)
        translations.end()
        with replacing(output) as partial, writing(output):
            partial.write_text(str(self._file).rstrip("\n") + "\n", encoding="utf-8", newline="\n")

    def _open_entries(self) -> Iterator[Any]:
        for entry in self._file:
            if not entry.obsolete and not entry.translated() and entry.msgid.strip():
                yield entry

    def _sources(self, entry: Any) -> list[str]:
        """The texts of an entry: one, or its singular and plural, or where there is one form
        only the plural."""
        keys = [entry.msgid]
        if entry.msgid_plural:
            keys = [entry.msgid, entry.msgid_plural] if self._forms() > 1 else [entry.msgid_plural]
        return [edges(key)[1] for key in keys]

    def _forms(self) -> int:
        """How many forms a plural has in the language of the catalogue."""
        said = self._file.metadata.get("Plural-Forms", "")
        if not (number := re.match(r"\s*nplurals\s*=\s*([1-6])\s*;", said)):
            problem = "its header has no Plural-Forms, which its plurals want"
            raise UserError(f"{self._path}: {problem}")
        return int(number[1])

    def _fill(self, entry: Any, translations: Translations) -> None:
        made, doubtful = list[str](), False
        for source in self._sources(entry):
            text = translations.next()
            if text is None:
                continue
            doubtful |= translations.changed(source, text)
            before, _, after = edges(entry.msgid)  # gettext wants the line ends of the key
            made.append(before + text + after)
        if len(made) < len(self._sources(entry)):
            return
        if entry.msgid_plural:
            forms = self._forms()
            if forms > len(made):
                translations.doubt(f"{forms} plural forms from {len(made)}")
                doubtful = True
            entry.msgstr_plural = {i: made[min(i, len(made) - 1)] for i in range(forms)}
        else:
            entry.msgstr = made[0]
        entry.flags = [flag for flag in entry.flags if flag != FUZZY] + [FUZZY] * doubtful
        entry.previous_msgid = entry.previous_msgid_plural = entry.previous_msgctxt = None
