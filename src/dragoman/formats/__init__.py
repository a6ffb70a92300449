"""Wire formats: how something to judge or translate is written as a prompt, and how the
reply is read. One format a file; letters for candidates live here and nowhere else.

Adding one: docs/how-to-add-a-format.md.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, Protocol, TypeVar, get_args

from dragoman.errors import UserError
from dragoman.plugins import find
from dragoman.types import Prompt

FORMATS = {
    "gqm": "dragoman.formats.gqm:GQM",
    "gqm-ranking": "dragoman.formats.gqm:GQMRanking",
    "gqm-score": "dragoman.formats.gqm:GQMScore",
    "gqm-api": "dragoman.formats.gqm_api:GQMApi",
    "sqm": "dragoman.formats.sqm:SQM",
    "sqm-api": "dragoman.formats.sqm_api:SQMApi",
    "sqm-api-strict": "dragoman.formats.sqm_api:SQMApiStrict",
    "gemba-sqm": "dragoman.formats.gemba:GembaSQM",
    "codeblock-think": "dragoman.formats.codeblock:CodeblockThink",
    "codeblock-think-training": "dragoman.formats.codeblock:CodeblockThinkTraining",
    "tower": "dragoman.formats.tower:Tower",
    "tower-lastline": "dragoman.formats.tower:TowerLastLine",
    "seedx": "dragoman.formats.seedx:SeedX",
    "seedx-cot": "dragoman.formats.seedx:SeedXCot",
    "ssr": "dragoman.formats.ssr:SSR",
    "ssr-card": "dragoman.formats.ssr:SSRCard",
    "chat": "dragoman.formats.instructed:Chat",
}

Reading = Literal["strict", "lenient", "compat"]
"""How replies are read. `strict` takes only what the format asks for; `lenient` also what
language models write instead, but never guesses which candidate is meant; `compat` is the
reference implementation's own reader, for reproducing its numbers."""

Takes = Literal["group", "candidate", "segment"]
"""What a format writes about: a group, a group of one candidate, or a segment to translate."""

Item = TypeVar("Item", contravariant=True)
Answer = TypeVar("Answer", covariant=True)


class Format(Protocol[Item, Answer]):
    """Writes an item as a prompt and reads the reply to it.

    `version` is part of every cache key and signature: raise it when `write` or `read`
    changes what it does.
    """

    name: str
    version: str
    takes: Takes
    reading: Reading

    @property
    def fields(self) -> Mapping[str, object]:
        """Its part of the signature: name, version, reading, and options that are not default."""
        ...

    def write(self, item: Item) -> Prompt: ...

    def read(self, reply: str, item: Item) -> Answer:
        """The answer, or `UnreadableReply`; never any other error, never a guess."""
        ...


def make_format(name: str, reading: Reading = "strict", **options: Any) -> Format[Any, Any]:
    """The format called `name` (or `module:Name`), with its reader."""
    if reading not in get_args(Reading):
        raise UserError(f"no reading is called {reading!r}; there are strict, lenient, compat")
    return find("format", name, FORMATS)(reading=reading, **options)
