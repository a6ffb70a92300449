"""The names of candidates: A, B, … Z in prompts and replies, and on to AA, AB, … in reports."""

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


def labels(n: int) -> list[str]:
    """Names for any number of candidates, for people to read: A … Z, AA, AB, …"""
    names: list[str] = []
    for i in range(n):
        name = ascii_uppercase[i % MOST]
        while i := i // MOST:
            i -= 1
            name = ascii_uppercase[i % MOST] + name
        names.append(name)
    return names
