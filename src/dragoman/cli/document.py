"""`dragoman document`: a document into segments, and their translations into a document again."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

from cyclopts import App, Parameter

from dragoman.cli.printing import printable
from dragoman.cli.running import Flag
from dragoman.errors import UserError
from dragoman.records import segment_to_row
from dragoman.row_files import to_line, write_lines
from dragoman.translators.documents import By, Translations, open_document, segments

document = App(
    name="document",
    help="Take a document apart into segments, and put their translations together again.",
    result_action="return_value",
)

Output = Annotated[Path, Parameter(name=["--output", "-o"])]


@document.command(name="split")
def take_apart(
    file: Path,
    /,
    *,
    from_: Annotated[str | None, Parameter(name="--from")] = None,
    to: str | None = None,
    output: Output,
    by: By | None = None,
    column: str | None = None,
    context: int = 0,
    overwrite: Flag = False,
) -> None:
    """Write a document's segments, for `dragoman translate`.

    Parameters
    ----------
    file
        A plain text in UTF-8; rows (.jsonl, .tsv, .parquet); a catalogue (.po, .pot, .xlf, .xliff),
        of which what is not yet translated is taken.
    from_
        Its language, as a code (de, pt-BR) or an English name, where the file does not say.
    to
        The language to translate into, where the file does not say.
    output
        Where the segments go, one JSON line each.
    by
        For plain texts: paragraph (at blank lines, the default), line, or sentence.
    column
        For rows: which texts; source if not given.
    context
        With each segment go so many of those before it; `dragoman translate --context` shows them.
    overwrite
        Replace an output file.
    """
    if context < 0:
        raise UserError(f"--context {context}: there is none, or more")
    _check_free(output, overwrite, file)
    count = 0
    with write_lines(output) as write:
        for segment in segments(open_document(file, by, column), from_, to, context):
            write(to_line(segment_to_row(segment)))
            count += 1
    print(f"{count} segments", file=sys.stderr)


@document.command(name="join")
def put_together(
    file: Path, translations: Path, /, *, output: Output, by: By | None = None,
    column: str | None = None, overwrite: Flag = False,
) -> int:  # fmt: skip
    """Put translations in the place of a document's segments; all else stays.

    Where a segment was not translated, a text keeps its source, and rows and catalogues have
    nothing. Lost and new placeholders are reported, and what has them is marked in catalogues as
    still to be done. The exit code is then 1.

    Parameters
    ----------
    file
        The document that was split.
    translations
        What `dragoman translate` made of its segments.
    output
        Where the translated document goes.
    by
        As it was split.
    column
        As it was split.
    overwrite
        Replace an output file.
    """
    _check_free(output, overwrite, file, translations)
    made = Translations(translations, _say)
    open_document(file, by, column).put(made, output)
    if made.untranslated:
        _say(f"{made.untranslated} segments were not translated and stay as they are")
    if made.doubtful:
        _say(f"{made.doubtful} segments are to be looked at")
    return 1 if made.untranslated or made.doubtful else 0


def _say(words: str) -> None:
    print(f"dragoman: {printable(words)}", file=sys.stderr)


def _check_free(output: Path, overwrite: bool, *read: Path) -> None:
    if output.resolve() in [path.resolve() for path in read]:
        raise UserError(f"{output} is read and cannot be the --output too")
    if output.exists() and not overwrite:
        raise UserError(f"{output} exists; --overwrite replaces it")
