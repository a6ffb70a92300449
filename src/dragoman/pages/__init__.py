"""What our pages have in common: the report of a judge, and the page of the server.

`parts.css` is their look, `parts.js` their lists, letters and marked differences. Both are
plain files that a browser takes as they are.
"""

from __future__ import annotations

from importlib.resources import files


def part(name: str) -> str:
    """The text of a file that pages share."""
    return (files("dragoman.pages") / name).read_text(encoding="utf-8")
