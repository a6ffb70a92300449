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
        if self.reading == "lenient":
            reply = plain.after_thinking(plain.drop_end_tokens(reply))
        text = reply.strip()
        fenced = None if _FENCED.fullmatch(item.source.strip()) else _FENCED.fullmatch(text)
        if self.reading == "strict" and (fenced or text.startswith("<think>")):
            raise refuse("extra-text", "there is more than the translation: thoughts, or a fence")
        if self.reading == "lenient" and fenced:
            text = fenced[2].strip()
        if not text:
            raise refuse("empty-translation", "the translation is empty")
        return text
