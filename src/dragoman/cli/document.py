"""`dragoman document`: a plain text into segments, and their translations into a text again."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

from cyclopts import App, Parameter

from dragoman.cli.running import Flag
from dragoman.errors import BadRecord, UserError
from dragoman.languages import language_name
from dragoman.records import segment_to_row
from dragoman.row_files import Row, read_rows, to_line, write_lines
from dragoman.translators.documents import By, read_text, segments, split

document = App(
    name="document",
    help="Take a plain text apart into segments, and put their translations together again.",
    result_action="return_value",
)

Output = Annotated[Path, Parameter(name=["--output", "-o"])]


@document.command(name="split")
def take_apart(
    file: Path,
    /,
    *,
    from_: Annotated[str, Parameter(name="--from")],
    to: str,
    output: Output,
    by: By = "paragraph",
    context: int = 0,
    overwrite: Flag = False,
) -> None:
    """Write a text's segments, for `dragoman translate`.

    Parameters
    ----------
    file
        A plain text in UTF-8.
    from_
        Its language, as a code (de, pt-BR) or an English name.
    to
        The language to translate into.
    output
        Where the segments go, one JSON line each.
    by
        paragraph (at blank lines), line, or sentence.
    context
        With each segment go so many of those before it; `dragoman translate --context` shows them.
    overwrite
        Replace an output file.
    """
    for language in (from_, to):
        language_name(language)
    if context < 0:
        raise UserError(f"--context {context}: there is none, or more")
    _check_free(output, overwrite, file)
    count = 0
    with write_lines(output) as write:
        for segment in segments(split(read_text(file), by), from_, to, context):
            write(to_line(segment_to_row(segment)))
            count += 1
    print(f"{count} segments", file=sys.stderr)


@document.command(name="join")
def put_together(
    file: Path, translations: Path, /, *, output: Output, by: By = "paragraph",
    overwrite: Flag = False,
) -> int:  # fmt: skip
    """Put translations in the place of a text's segments; all white space stays.

    Where a segment was not translated its source stays, and the exit code is 1.

    Parameters
    ----------
    file
        The text that was split.
    translations
        What `dragoman translate` made of its segments.
    output
        Where the translated text goes.
    by
        As it was split.
    overwrite
        Replace an output file.
    """
    _check_free(output, overwrite, file, translations)
    partial, left = Path(f"{output}.partial"), 0
    try:
        with partial.open("w", encoding="utf-8", newline="") as stream:
            for gap, piece, row in _matched(file, translations, by):
                text: Any = row.get("translation") if row else None
                left += row is not None and text is None
                stream.write(gap + (piece if text is None else text))
        os.replace(partial, output)
    except OSError as error:
        raise UserError(f"{output}: cannot write: {error.strerror}") from error
    if left:
        print(
            f"dragoman: {left} segments were not translated and stay as they are", file=sys.stderr
        )
    return 1 if left else 0


def _matched(file: Path, translations: Path, by: By) -> Iterator[tuple[str, str, Row | None]]:
    """Each gap and piece with the translation line of the piece."""
    rows = read_rows(translations)
    number = 0
    for gap, piece in split(read_text(file), by):
        if not piece:
            yield gap, piece, None
            continue
        number += 1
        line, row = next(rows, (0, None))
        if row is None:
            raise UserError(f"{translations} ends before segment {number} of {file}")
        if row.get("id") != str(number):
            raise BadRecord(translations, line, f"its id is {row.get('id')!r}, not '{number}'")
        yield gap, piece, row
    if next(rows, None):
        raise UserError(f"{translations} has more lines than {file} has segments, split by {by}")


def _check_free(output: Path, overwrite: bool, *read: Path) -> None:
    if output.resolve() in [path.resolve() for path in read]:
        raise UserError(f"{output} is read and cannot be the --output too")
    if output.exists() and not overwrite:
        raise UserError(f"{output} exists; --overwrite replaces it")
