"""`dragoman prompt`: the exact prompt that a format writes for a group."""

from __future__ import annotations

import sys

from dragoman.cli.printing import printable
from dragoman.errors import UserError
from dragoman.judges.distinct import distinct
from dragoman.records import read_groups


def prompt(
    file: str,
    /,
    *,
    format: str = "gqm",
    id: str | None = None,
    index: int = 0,
) -> None:
    """Show the exact prompt for one group of a file, byte for byte.

    As for a judge, identical candidates share one place.

    Parameters
    ----------
    file
        Groups, as for `dragoman rank`.
    format
        See `dragoman formats`.
    id
        The group's id; the first group if not given.
    index
        Which candidate a pointwise format is shown, from 0.
    """
    from dragoman.formats import make_format

    found = next((g for g in read_groups(file) if id in (None, g.segment.id)), None)
    if found is None:
        raise UserError(f"{file}: no group has the id {id!r}" if id else f"{file}: no groups")
    group, _ = distinct(found)
    made = make_format(format)
    item = group.segment if made.takes == "segment" else group
    if made.takes == "candidate":
        if not 0 <= index < len(group):
            raise UserError(f"--index {index}: the group has 0 to {len(group) - 1}")
        item = group.pick((index,))
    if made.takes == "group" and len(group) < 2:
        raise UserError(f"{file}: group {group.segment.id} has nothing to compare")
    text = made.write(item).text
    sys.stdout.write(printable(text) if sys.stdout.isatty() else text)
