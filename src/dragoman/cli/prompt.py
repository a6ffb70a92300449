"""`dragoman prompt`: the exact prompt that a format writes for a group or a segment."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from typing import TypeVar

from dragoman.cli.printing import printable
from dragoman.errors import UserError
from dragoman.judges.distinct import distinct
from dragoman.records import read_groups, read_segments

Item = TypeVar("Item")


def prompt(
    file: str,
    /,
    *,
    format: str = "gqm",
    id: str | None = None,
    index: int = 0,
) -> None:
    """Show the exact prompt for one group or segment of a file, byte for byte.

    As for a judge, identical candidates share one place.

    Parameters
    ----------
    file
        Groups, as for `dragoman rank`; for a format about a segment also segments, as for
        `dragoman translate`.
    format
        See `dragoman formats`.
    id
        The id of the group or segment; the first one if not given.
    index
        Which candidate a pointwise format is shown, from 0.
    """
    from dragoman.formats import make_format

    made = make_format(format)
    if made.takes == "segment":
        segments = ((segment.id, segment) for segment in read_segments(file))
        text = made.write(_first(file, id, "segment", segments)).text
    else:
        groups = ((group.segment.id, group) for group in read_groups(file))
        group, _ = distinct(_first(file, id, "group", groups))
        if made.takes == "candidate":
            if not 0 <= index < len(group):
                raise UserError(f"--index {index}: the group has 0 to {len(group) - 1}")
            group = group.pick((index,))
        elif len(group) < 2:
            raise UserError(f"{file}: group {group.segment.id} has nothing to compare")
        text = made.write(group).text
    sys.stdout.write(printable(text) if sys.stdout.isatty() else text)


def _first(file: str, id: str | None, noun: str, items: Iterable[tuple[str, Item]]) -> Item:
    """The item of this id, or the first one."""
    for own, item in items:
        if id in (None, own):
            return item
    raise UserError(f"{file}: no {noun} has the id {id!r}" if id else f"{file}: no {noun}s")
