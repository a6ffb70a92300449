"""`dragoman preferences`: pairs of a better and a worse translation, for training."""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

from cyclopts import Parameter

from dragoman.cli.guarding import GuardOptions
from dragoman.cli.running import Flag, Text
from dragoman.errors import BadRecord, UserError
from dragoman.formats import make_format
from dragoman.language_check import LanguageCheck
from dragoman.records import group_from_row, segment_from_row
from dragoman.row_files import STDIN, Row, read_rows, to_line, write_lines
from dragoman.translators import DEFAULT_FORMAT
from dragoman.translators.guards import in_wrong_language
from dragoman.translators.preferences import (
    Form,
    Pairs,
    Preference,
    compared_in,
    dataset_info,
    preference_row,
    preferences,
)
from dragoman.types import Group, Segment


def pairs(
    file: Text,
    /,
    *,
    of: Text,
    output: Annotated[Text, Parameter(name=["--output", "-o"])],
    form: Form = "trl",
    format: str = DEFAULT_FORMAT,
    pairs: Pairs | None = None,
    language_check: str | None = None,
    overwrite: Flag = False,
) -> int:
    """Take preference pairs from translations or verdicts.

    Search trees, best-of-n groups and verdicts all give pairs. Nothing in the wrong language is
    chosen, and what failed gives none.

    Parameters
    ----------
    file
        What `dragoman translate` wrote with --translator tree or best-of-n, or `dragoman rank`.
    of
        The segments or groups that it was made of, in the same order.
    output
        Where the pairs go, one JSON line each.
    form
        trl (conversational preferences), llama-factory (its entry for dataset_info.json goes to
        standard error), or rows (our own, without a prompt).
    format
        How the translator will be asked, and so what its replies look like.
    pairs
        swaps (of the sort, as TRANS-ZERO's paper has it; for trees if not given), best-worst (for
        groups if not given), all, or compat (what TRANS-ZERO's code takes).
    language_check
        How languages are guessed: langid (the default where it is installed), none or module:Class.
    overwrite
        Replace an output file.
    """
    if output != STDIN and Path(output).exists() and not overwrite:
        raise UserError(f"{output} exists; --overwrite replaces it")
    if output != STDIN and Path(output).resolve() in (Path(file).resolve(), Path(of).resolve()):
        raise UserError(f"{output} is read and cannot be the --output too")
    made = make_format(format)
    if made.takes != "segment":
        raise UserError(f"{format} is about a {made.takes}; a translator is asked about a segment")
    counts, skipped = Counter[str](), Counter[str]()
    check = GuardOptions(language_check=language_check).check()
    with write_lines(output) as write:
        for found in _found(file, of, pairs, check, skipped):
            counts["segments"] += 1
            for preference in found:
                row = preference_row(preference, form, made)
                if row is None:
                    skipped["unwritable"] += 1
                    continue
                counts["pairs"] += 1
                write(to_line(row))
    lacking = ", ".join(f"{why} {n}" for why, n in skipped.most_common())
    told = f"{counts['pairs']} pairs from {counts['segments']} segments"
    print(told + (f" · left out: {lacking}" if lacking else ""), file=sys.stderr)
    if form == "llama-factory" and output != STDIN:
        entry = {Path(output).stem: dataset_info(Path(output).name)}
        print(json.dumps(entry, indent=2), file=sys.stderr)
    return 0 if counts["pairs"] else 1


def _found(
    file: str, of: str, pairs: Pairs | None, check: LanguageCheck, skipped: Counter[str]
) -> Iterator[list[Preference]]:
    """The pairs of each segment, in the order of the files, which must tell of the same ones."""
    sources = read_rows(of)
    for number, row in read_rows(file):
        given = _given(of, next(sources, None), file, number, row)
        segment = given.segment if isinstance(given, Group) else given

        def is_wrong(text: str, segment: Segment = segment) -> bool:
            return in_wrong_language(segment, text, check)

        try:
            compared = compared_in(row, given, is_wrong)
        except (ValueError, TypeError, KeyError, IndexError) as error:
            raise BadRecord(file, number, str(error)) from None
        if isinstance(compared, str):
            skipped[compared] += 1
            yield []
            continue
        found = preferences(segment, compared, pairs, is_wrong)
        if not found:
            skipped["no better text"] += 1
        yield found
    if next(sources, None):
        raise UserError(f"{of} has more lines than {file}; they are to tell of the same segments")


def _given(
    of: str, source: tuple[int, Row] | None, file: str, number: int, row: Row
) -> Segment | Group:
    if source is None:
        raise BadRecord(file, number, f"{of} has no line for it")
    line, fields = source
    if fields.get("id") != row.get("id"):
        raise BadRecord(
            file, number, f"its id is {row.get('id')!r}, and in {of}:{line} {fields.get('id')!r}"
        )
    given: Any = fields.get("candidates")
    try:
        return group_from_row(fields) if given else segment_from_row(fields)
    except ValueError as error:
        raise BadRecord(of, line, str(error)) from None
