"""The names of candidates in prompts and replies: A, B, … Z."""

from __future__ import annotations

from string import ascii_uppercase

from dragoman.errors import UserError

MOST = len(ascii_uppercase)


def letters(n: int) -> str:
    """The first n letters, one per candidate, in index order."""
    if n > MOST:
        raise UserError(
            f"{n} different candidates, but one prompt has letters for {MOST}; "
            "judge larger groups with --slots 4"
        )
    return ascii_uppercase[:n]
