"""SQM: each candidate alone, a score from 0 to 10 in the last line. What GQM is better than."""

from __future__ import annotations

from collections.abc import Callable

from dragoman.formats import Takes, compat, lenient_alone, strict
from dragoman.formats.alone import Score, only_candidate
from dragoman.formats.base import BaseFormat
from dragoman.formats.template import fenced, fill, load, named_languages
from dragoman.types import Group, Prompt

READERS = {"strict": strict.read_alone, "lenient": lenient_alone.read_alone}


class SQM(BaseFormat):
    """A score from 0 to 10 for one candidate, as published pointwise judges are trained to give."""

    name = "sqm"
    version = "1"
    takes: Takes = "candidate"
    compat_reader: Callable[[str], Score] = staticmethod(compat.read_alone)

    def write(self, item: Group) -> Prompt:
        return Prompt(
            fill(
                load(self.name),
                source=fenced(item.segment.source),
                translation=fenced(only_candidate(item).text),
                **named_languages(item.segment),
            )
        )

    def respond(self, answer: Score) -> str:
        """The reply that gives this score: what a judge is trained to write."""
        if answer.value != int(answer.value):
            raise ValueError(f"this reply takes a whole score, not {answer.value}")
        return f"{answer.analysis.strip()}\n\n{int(answer.value)}"

    def read(self, reply: str, item: Group) -> Score:
        if self.reading == "compat":
            return self.compat_reader(reply)
        return READERS[self.reading](reply, strict.SCALE)
