"""`dragoman tree`: draws the search trees in a file of translations."""

from __future__ import annotations

from typing import Annotated

from cyclopts import Parameter

from dragoman.cli.printing import printable
from dragoman.cli.running import Text
from dragoman.errors import BadRecord, UserError
from dragoman.row_files import read_rows
from dragoman.translators.tree.drawing import drawn
from dragoman.translators.tree.nodes import object_in, tree_from_rows


def tree(file: Text, /, *, id: Annotated[Text | None, Parameter(name="--id")] = None) -> int:
    """Draw search trees.

    A line is a node: its utility, its visits, its text and how it was made, under the node that
    it was made from. The first line is the source.

    Parameters
    ----------
    file
        Translations, as `dragoman translate --translator tree` writes them.
    id
        Only the tree of this segment.
    """
    shown = 0
    for number, row in read_rows(file):
        try:
            rows = object_in(row, "details").get("tree")
            if not rows or (id is not None and row.get("id") != id):
                continue
            nodes = tree_from_rows(rows)
        except ValueError as error:
            raise BadRecord(file, number, str(error)) from None
        print(("\n" if shown else "") + printable(str(row.get("id"))))
        for line in drawn(nodes):
            print(printable(line))
        shown += 1
    if not shown:
        which = "" if id is None else f" of the segment {id}"
        raise UserError(f"{file}: there is no tree{which} in it; --translator tree writes them")
    return 0
