"""codeblock-think: the translator analyses, then writes its translation in a code block.

`compat` is the reference's evaluation reader, which takes the text between the last two
fences; its training reader, which wants exactly two, is `compat.training_block`. Both keep
an info string and leave a backtick behind where the fence is longer.
"""

from __future__ import annotations

import re

from dragoman.formats import Takes, compat, plain
from dragoman.formats.base import BaseFormat
from dragoman.formats.strict import refuse
from dragoman.formats.template import fenced, fill, load, named_languages
from dragoman.types import Prompt, Segment

_BACKTICKS = re.compile(r" {0,3}(`{3,})([^`]*)")
_BACKTICKS_OR_TILDES = re.compile(r" {0,3}(`{3,}|~{3,})([^`]*)")


class CodeblockThink(BaseFormat):
    """A translation in a code block at the end, after an analysis."""

    name = "codeblock-think"
    version = "1"
    takes: Takes = "segment"

    def write(self, item: Segment) -> Prompt:
        fields = named_languages(item)
        return Prompt(fill(load("codeblock-think"), source=fenced(item.source), **fields))

    def read(self, reply: str, item: Segment) -> str:
        if self.reading == "compat":
            return compat.evaluation_block(reply)
        if self.reading == "strict":
            return last_block(reply.split("\n"), _BACKTICKS)
        text = plain.after_thinking(plain.drop_end_tokens(reply))
        return last_block(plain.split_lines(text), _BACKTICKS_OR_TILDES)


def last_block(lines: list[str], fence: re.Pattern[str]) -> str:
    """The text of the fenced block that ends the reply, fences read as CommonMark does.

    What follows the opening fence on its line, such as `text`, is no part of it. A fence
    within the block makes it doubtful where the translation begins, and is refused.
    """
    while lines and not lines[-1].strip():
        lines.pop()
    if not lines:
        raise refuse("empty", "the reply is empty")
    opening, start, ended, nested = "", 0, -1, False
    for at, line in enumerate(lines):
        match = fence.fullmatch(line.rstrip())
        if not match:
            continue
        marks, info = match[1], match[2].strip()
        if not opening:
            opening, start, nested = marks, at + 1, False
        elif marks.startswith(opening) and not info:
            opening, ended = "", at
        else:
            nested = nested or len(marks) >= len(opening)
    if opening or ended != len(lines) - 1:
        raise refuse("no-block", "the reply does not end with a code block")
    if nested:
        raise refuse("nested-fence", "the code block holds another fence")
    text = "\n".join(lines[start:ended]).strip()
    if not text:
        raise refuse("empty-translation", "the code block is empty")
    return text
