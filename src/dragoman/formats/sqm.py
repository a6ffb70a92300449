"""SQM: each candidate alone, a score from 0 to 10 in the last line. What GQM is better than."""

from __future__ import annotations

from collections.abc import Callable

from dragoman.formats import Reading, Takes, compat, lenient_alone, strict
from dragoman.formats.alone import Score, only_candidate
from dragoman.formats.template import fenced, fill, load
from dragoman.languages import language_name
from dragoman.types import Group, Prompt


class SQM:
    """A score from 0 to 10 for one candidate, as published pointwise judges are trained to give."""

    name = "sqm"
    version = "1"
    takes: Takes = "candidate"
    compat_reader: Callable[[str], Score] = staticmethod(compat.read_alone)

    def __init__(self, reading: Reading = "strict"):
        self.reading: Reading = reading

    def write(self, item: Group) -> Prompt:
        candidate, segment = only_candidate(item), item.segment
        return Prompt(
            fill(
                load(self.name),
                source_lang=language_name(segment.source_lang),
                target_lang=language_name(segment.target_lang),
                source=fenced(segment.source),
                translation=fenced(candidate.text),
            )
        )

    def read(self, reply: str, item: Group) -> Score:
        if self.reading == "compat":
            return self.compat_reader(reply)
        reader = strict if self.reading == "strict" else lenient_alone
        return reader.read_alone(reply, strict.SCALE)
