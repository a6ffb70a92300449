"""Any data set with the columns of published test sets (`src_text`, `trg_text`, `src_lang`,
`trg_lang`, perhaps `comment`) or with our own: a folder, or a name on the Hugging Face hub.

The package `datasets` reads it, in whatever form it is stored, and fetches it where it has to.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, cast

from dragoman.data.sources import in_our_names
from dragoman.errors import BadRecord, MissingExtra, UserError
from dragoman.records import segment_from_row, segment_to_row
from dragoman.row_files import Row

USUAL = "test"


def segments(
    place: str, subset: str | None = None, split: str | None = None
) -> Iterator[tuple[str, Row]]:
    """Without a split, the one called test, or the only one."""
    for number, row in enumerate(_rows(place, subset, split), 1):
        try:
            segment = segment_from_row(in_our_names(row, number))
        except ValueError as error:
            raise BadRecord(place, number, str(error)) from None
        document = row.get("doc_id")
        pair = f"{segment.source_lang}-{segment.target_lang}"
        yield pair, {**segment_to_row(segment), "doc_id": document or segment.id}


def _rows(place: str, subset: str | None, split: str | None) -> Iterator[Row]:
    try:
        import datasets
    except ModuleNotFoundError:
        raise MissingExtra("datasets", "hub") from None
    try:
        # Streamed, a folder is read where it lies, and no copy of it is kept.
        found: Any = cast(Any, datasets).load_dataset(place, subset, split=split, streaming=True)
        yield from found if split else _usual(place, found)
    except (OSError, ValueError, RuntimeError, KeyError) as error:
        raise UserError(f"{place}: datasets cannot load it: {error}") from error


def _usual(place: str, splits: dict[str, Any]) -> Iterator[Row]:
    names = [*splits]
    if USUAL not in splits and len(names) > 1:
        raise UserError(
            f"{place}: has no split called test; --split says which: {', '.join(names)}"
        )
    return cast(Iterator[Row], splits[USUAL if USUAL in splits else names[0]])
