"""What servers write, made fit to be shown and kept: no secret, nothing that steers a terminal."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable

# Nobody guards anything with less, and blotting out a `1` would ruin every score.
SHORTEST_SECRET = 8
# As much of a text is looked at when its beginning is to be shown.
LOOKED_AT = 2**16


class Censor:
    """Blots out secrets, also where a server wrote them with the escapes of JSON or of URLs."""

    def __init__(self, secrets: Iterable[str] = ()):
        patterns = ["".join(map(_spellings, s)) for s in secrets if len(s) >= SHORTEST_SECRET]
        self._pattern = re.compile("|".join(patterns)) if patterns else None

    def hide(self, text: str) -> str:
        """The text without the secrets."""
        return self._pattern.sub("***", text) if self._pattern else text

    def show(self, text: object, most: int = 500) -> str:
        """The text's beginning for a message: without secrets, all of it printable.

        Control characters, marks of direction and halves of surrogate pairs are escaped.
        """
        begun = self.hide(str(text)[:LOOKED_AT])[:most]
        return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in begun)

    def excerpt(self, content: bytes) -> str:
        """The beginning of an answer that is not what it should be, for a message."""
        text = content[: 4 * LOOKED_AT].decode(json.detect_encoding(content), "replace")
        return self.show(text, 100) + ("…" if len(text) > 100 else "")


NO_SECRETS = Censor()


def _spellings(char: str) -> str:
    """The ways to write a character: as it is, with backslashes, `\\u002f`, `%2F`."""
    percent = "".join(f"%{byte:02x}" for byte in char.encode("utf-8", "surrogatepass"))
    # Few backslashes, because a search among very many would take very long.
    return rf"(?:\\{{0,4}}(?:{re.escape(char)}|(?i:u{ord(char):04x}))|(?i:{percent}))"
