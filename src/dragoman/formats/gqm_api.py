"""GQM as general language models are asked it: scores in the last line, by an example.

`analysis=False` asks for the scores without an analysis first.
"""

from __future__ import annotations

from dragoman.formats import Reading, Takes, compat
from dragoman.formats.base import BaseFormat
from dragoman.formats.gqm import READERS, fill_group
from dragoman.formats.letters import letters
from dragoman.types import Group, Prompt, Verdict


class GQMApi(BaseFormat):
    """Scores for a whole group, asked of a general model behind an API."""

    name = "gqm-api"
    version = "1"
    takes: Takes = "group"

    def __init__(self, reading: Reading = "strict", analysis: bool = True):
        super().__init__(reading)
        self.analysis = analysis

    def write(self, item: Group) -> Prompt:
        example = ",".join(f"{letter}: 0-10" for letter in letters(len(item)))
        template = "gqm-api" if self.analysis else "gqm-api-direct"
        return Prompt(fill_group(template, item, example=example))

    def read(self, reply: str, item: Group) -> Verdict:
        if self.reading == "compat":
            return compat.read_api_group(reply, len(item), self.analysis)
        return READERS[self.reading](reply, len(item), "score")
