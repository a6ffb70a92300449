"""`dragoman prompt`: the exact prompt that a format writes for a group."""

from __future__ import annotations

import sys
from typing import Annotated

from cyclopts import Parameter

from dragoman.errors import UserError
from dragoman.records import read_groups


def prompt(
    file: str,
    /,
    *,
    format: str = "gqm",
    id: str | None = None,
    candidate: Annotated[int, Parameter(name="--candidate")] = 0,
) -> None:
    """Show the exact prompt for one group of a file, byte for byte.

    Parameters
    ----------
    file
        Groups, as for `dragoman rank`.
    format
        See `dragoman formats`.
    id
        The group's id; the first group if not given.
    candidate
        Which candidate a pointwise format is shown, from 0.
    """
    from dragoman.formats import make_format

    group = next((g for g in read_groups(file) if id in (None, g.segment.id)), None)
    if group is None:
        raise UserError(f"{file}: no group has the id {id!r}" if id else f"{file}: no groups")
    made = make_format(format)
    item = group.segment if made.takes == "segment" else group
    if made.takes == "candidate":
        if not 0 <= candidate < len(group):
            raise UserError(f"--candidate {candidate}: the group has 0 to {len(group) - 1}")
        item = group.pick((candidate,))
    sys.stdout.write(made.write(item).text)
