"""Documents: files whose texts are taken out, translated, and put back where they stood.

Plain texts, tables (JSONL, TSV, Parquet), and the catalogues of translators: gettext's PO and
XLIFF. What is not a text to translate stays as it is.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

from dragoman.errors import UserError
from dragoman.languages import language_name
from dragoman.translators.documents.text import By, TextDocument
from dragoman.translators.documents.translations import Translations
from dragoman.types import Segment

TABLES = (".jsonl", ".ndjson", ".tsv", ".parquet")


class Document(Protocol):
    """A file, opened and looked at.

    `languages` are those that the file itself names, source and target. `texts` gives what is to
    be translated; `put` takes the translation of each, in this order, and writes the file anew.
    """

    @property
    def languages(self) -> tuple[str | None, str | None]: ...

    def texts(self) -> Iterator[str]: ...

    def put(self, translations: Translations, output: Path) -> None: ...


def open_document(path: Path, by: By | None = None, column: str | None = None) -> Document:
    """The document at `path`, by its suffix; any that is not known is a plain text.

    `by` says where a text is split, `column` which texts of a table are meant.
    """
    suffix = path.suffix.lower()
    if column and suffix not in TABLES:
        raise UserError(f"{path} has no columns; --column is for {', '.join(TABLES)}")
    if by and suffix in (*TABLES, ".po", ".pot", ".xlf", ".xliff"):
        raise UserError(f"{path} is split already; --by is for plain texts")
    if suffix in TABLES:
        from dragoman.translators.documents.table import TableDocument

        return TableDocument(path, column or "source")
    if suffix in (".po", ".pot"):
        from dragoman.translators.documents.po import PoDocument

        return PoDocument(path)
    if suffix in (".xlf", ".xliff"):
        from dragoman.translators.documents.xliff import XliffDocument

        return XliffDocument(path)
    return TextDocument(path, by or "paragraph")


def segments(
    document: Document, source_lang: str | None, target_lang: str | None, context: int = 0
) -> Iterator[Segment]:
    """The document's texts as segments, numbered from 1, with so many of those before as context.

    A language that is not given is the one that the file names.
    """
    given = source_lang or document.languages[0], target_lang or document.languages[1]
    for language, flag in zip(given, ("--from", "--to"), strict=True):
        if not language:
            raise UserError(f"the file names no language here; say it by {flag}")
        language_name(language)
    source, target = map(str, given)
    before: deque[str] = deque(maxlen=context)
    for number, text in enumerate(document.texts(), start=1):
        yield Segment(str(number), text, source, target, context=tuple(before))
        before.append(text)
