"""Text for a terminal: hostile text must not steer it."""

from __future__ import annotations

import unicodedata


def printable(text: str) -> str:
    """The text with control characters spelled out instead of sent."""
    return "".join(
        c if c in "\n\t" or unicodedata.category(c) not in ("Cc", "Cf", "Cs") else _shown(c)
        for c in text
    )


def _shown(character: str) -> str:
    # Joiners are part of ordinary Persian, Hindi and emoji; everything else is spelled out.
    if character in "\u200c\u200d":
        return character
    return f"\\u{ord(character):04x}"
