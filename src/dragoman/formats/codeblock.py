"""codeblock-think: the translator analyses, then writes its translation in a code block.

The reference reads it in two ways: its evaluation takes the text between the last two fences,
its training wants no fences but those two. Each is a format here. `compat` reads as published,
which keeps the info string of a fence and leaves a backtick behind where the fence is longer;
`strict` and `lenient` drop both.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import ClassVar

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
    published: ClassVar[Callable[[str], str]] = compat.evaluation_block
    alone: ClassVar[bool] = False
    """Whether the reply may hold no other fence, wherever it stands."""

    def write(self, item: Segment) -> Prompt:
        fields = named_languages(item)
        return Prompt(fill(load("codeblock-think"), source=fenced(item.source), **fields))

    def read(self, reply: str, item: Segment) -> str:
        if self.reading == "compat":
            return type(self).published(reply)
        if self.reading == "strict":
            return self._block(reply.split("\n"), _BACKTICKS)
        text = plain.after_thinking(plain.drop_end_tokens(reply))
        return self._block(plain.split_lines(text), _BACKTICKS_OR_TILDES)

    def _block(self, lines: list[str], fence: re.Pattern[str]) -> str:
        marks = sum(line.count(mark) for line in lines for mark in ("```", "~~~"))
        if self.alone and marks != 2:
            raise refuse("other-fence", f"the reply holds {marks} fences, not the two of one block")
        return last_block(lines, fence)


class CodeblockThinkTraining(CodeblockThink):
    """The same prompt, read as the reference's training reads the reply."""

    name = "codeblock-think-training"
    published = compat.training_block
    alone = True


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
