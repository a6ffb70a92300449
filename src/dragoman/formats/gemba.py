"""GEMBA-SQM: each candidate alone on a continuous scale from 0 to 100.

The reference translation is shown where there is one, with the comment on what to look
out for below it. The misspelt `Oupur` is part of the published prompt. Without a reference
the published code fills the fields in the wrong order; here they are where they belong.
"""

from __future__ import annotations

from dragoman.formats import Reading, Takes, compat
from dragoman.formats.alone import Score, only_candidate
from dragoman.formats.base import BaseFormat
from dragoman.formats.sqm import READERS
from dragoman.formats.template import fenced, fill, load, named_languages
from dragoman.types import Group, Prompt, Segment

HIGHEST = 100


class GembaSQM(BaseFormat):
    """GEMBA-SQM, a score from 0 to 100 for one candidate, against a reference where there is one.

    `reference=False` hides references, to score without them what has them."""

    name = "gemba-sqm"
    version = "1"
    takes: Takes = "candidate"

    def __init__(self, reading: Reading = "strict", reference: bool = True):
        super().__init__(reading)
        self.reference = reference

    def write(self, item: Group) -> Prompt:
        candidate, segment = only_candidate(item), item.segment
        fields = {
            **named_languages(segment),
            "source": fenced(segment.source),
            "translation": fenced(candidate.text),
        }
        reference = _reference(segment) if self.reference else None
        if reference is None:
            return Prompt(fill(load("gemba-sqm"), **fields))
        return Prompt(fill(load("gemba-sqm-reference"), reference=fenced(reference), **fields))

    def read(self, reply: str, item: Group) -> Score:
        if self.reading == "compat":
            return compat.read_gemba(reply)
        return READERS[self.reading](reply, HIGHEST, whole=False)


def _reference(segment: Segment) -> str | None:
    if segment.reference is None or segment.comment is None:
        return segment.reference
    return f"{segment.reference}\n评估重点：\n{segment.comment}"
