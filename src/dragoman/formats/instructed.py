"""chat: a translation asked of any instructed model, in a plain message.

Nothing was trained for it, so the reader looks for what such models put around a translation:
thoughts before it, and a fence around it. Strict refuses them, lenient takes them off.
"""

from __future__ import annotations

import re

from dragoman.formats import Takes, plain
from dragoman.formats.base import BaseFormat
from dragoman.formats.strict import refuse
from dragoman.formats.template import fill, load, named_languages
from dragoman.types import Prompt, Segment

_FENCED = re.compile(r"(`{3,})[^\n`]*\n(.*)\n\1", re.S)


class Chat(BaseFormat):
    """The reply is the translation, from any instructed model; its lines are kept."""

    name = "chat"
    version = "1"
    takes: Takes = "segment"

    def write(self, item: Segment) -> Prompt:
        return Prompt(fill(load("chat"), source=item.source, **named_languages(item)))

    def read(self, reply: str, item: Segment) -> str:
        text = reply.strip()
        if self.reading != "compat":
            bare = _bare(text, item.source)
            if self.reading == "strict" and bare != text:
                raise refuse("extra-text", "more than the translation: thoughts, or a fence")
            text = bare
        if not text:
            raise refuse("empty-translation", "the translation is empty")
        return text


def _bare(text: str, source: str) -> str:
    """Without thoughts and a fence, but where the source has such itself: they may be its own."""
    text = plain.drop_end_tokens(text)
    if not plain.THINKING.search(source):
        text = plain.after_thinking(text).strip()
    fenced = None if _FENCED.fullmatch(source.strip()) else _FENCED.fullmatch(text)
    return fenced[2].strip() if fenced else text
