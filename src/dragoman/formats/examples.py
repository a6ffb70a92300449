"""Any format about a segment, with translations of similar texts shown before the question."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from dragoman.formats import Format, Reading, Takes
from dragoman.formats.template import fenced, fill, load, named_languages
from dragoman.types import Prompt, Segment


class WithExamples:
    """Asks in the inner format and reads as it does; `pairs` are (text, translation)."""

    name = "examples"
    version = "1"
    takes: Takes = "segment"

    def __init__(self, inner: Format[Segment, str], pairs: Sequence[tuple[str, str]]):
        self.inner, self.pairs = inner, pairs
        self.reading: Reading = inner.reading

    @property
    def fields(self) -> Mapping[str, object]:
        return {**self.inner.fields, "examples": self.version}

    def write(self, item: Segment) -> Prompt:
        prompt = self.inner.write(item)
        examples = "\n\n".join(f"{fenced(text)}\n{fenced(other)}" for text, other in self.pairs)
        text = fill(
            load("examples"), examples=examples, prompt=prompt.text, **named_languages(item)
        )
        return replace(prompt, text=text)

    def read(self, reply: str, item: Segment) -> str:
        return self.inner.read(reply, item)
