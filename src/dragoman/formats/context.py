"""Any format about a segment, with what stands before the segment shown above the question."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from dragoman.errors import UserError
from dragoman.formats import Format, Reading, Takes
from dragoman.formats.template import fenced, fill, load
from dragoman.types import Prompt, Segment


class WithContext:
    """Asks in the inner format and reads as it does; shows up to `count` texts of the segment's
    own context, the last ones."""

    version = "1"
    takes: Takes = "segment"

    def __init__(self, inner: Format[Segment, str], count: int):
        if count < 1:
            raise UserError(f"a context of {count} texts: there is at least one, or leave it out")
        self.inner, self.count = inner, count
        self.name = inner.name
        self.reading: Reading = inner.reading

    @property
    def fields(self) -> Mapping[str, object]:
        return {**self.inner.fields, "context": f"{self.count}.{self.version}"}

    def write(self, item: Segment) -> Prompt:
        prompt = self.inner.write(item)
        shown = "\n\n".join(item.context[-self.count :])
        if not shown.strip():
            return prompt
        if not prompt.chat:
            raise UserError(f"the format {self.name} has no room for a context; leave it out")
        return replace(
            prompt, text=fill(load("context"), context=fenced(shown), prompt=prompt.text)
        )

    def read(self, reply: str, item: Segment) -> str:
        return self.inner.read(reply, item)
