"""Whether a text is in the script of its language, where that can be told cheaply.

It tells Chinese, Japanese and Korean from the rest, and nothing within the rest: German in
place of English passes. It is a number to watch, not a reward.
"""

from __future__ import annotations

import re

from dragoman.languages import language_code
from dragoman.types import Segment

_SCRIPTS = {"zh": "\u3400-\u9fff", "ja": "\u3040-\u30ff\u3400-\u9fff", "ko": "\uac00-\ud7af"}
_EAST_ASIAN = re.compile("[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")


def wrong_script(text: str, segment: Segment) -> bool:
    """Whether most letters of a text are of another script than its language is written in."""
    letters = [character for character in text if character.isalpha()]
    if not letters:
        return False
    own = _SCRIPTS.get(language_code(segment.target_lang))
    if own is None:
        return sum(map(bool, map(_EAST_ASIAN.match, letters))) > len(letters) / 2
    return len(re.findall(f"[{own}]", text)) < len(letters) / 2
