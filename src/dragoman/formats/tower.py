"""Tower: the source on one line, and the translation as the whole reply.

`tower-lastline` is for models that think first: the translation is the last line.
"""

from __future__ import annotations

from dragoman.formats import Takes, compat, plain
from dragoman.formats.base import BaseFormat
from dragoman.formats.strict import refuse, split_last_line
from dragoman.formats.template import fill, load, named_languages
from dragoman.types import Prompt, Segment


class Tower(BaseFormat):
    """The reply is the translation, as TowerInstruct writes it.

    The source was one line, so the reply is one line;
    more of them mean that the model went on to something else."""

    name = "tower"
    version = "1"
    takes: Takes = "segment"

    def write(self, item: Segment) -> Prompt:
        source = item.source.replace("\n", " ")
        return Prompt(fill(load("tower"), source=source, **named_languages(item)))

    def read(self, reply: str, item: Segment) -> str:
        if self.reading == "compat":
            return self.as_compat(reply)
        if self.reading == "lenient":
            reply = plain.after_thinking(plain.drop_end_tokens(reply))
        text = self.translation(reply)
        if not text:
            raise refuse("empty-translation", "the translation is empty")
        return text

    def translation(self, reply: str) -> str:
        text = reply.strip()
        if len(plain.split_lines(text)) > 1:
            raise refuse("extra-lines", "the translation of one line is one line")
        return text

    def as_compat(self, reply: str) -> str:
        return reply.strip()


class TowerLastLine(Tower):
    """The last line of the reply is the translation."""

    name = "tower-lastline"

    def translation(self, reply: str) -> str:
        return split_last_line(reply)[1]

    def as_compat(self, reply: str) -> str:
        return compat.last_line(reply)
