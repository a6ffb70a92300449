"""Seed-X: the source, then the tag of the target language, `<zh>`.

The model continues a plain text, so no chat template is put around it. `seedx-cot` asks
for an explanation, which follows the translation after `[COT]`. The published evaluation
code writes `<Chinese>` for the tag; the model knows only codes, and here it gets them.
"""

from __future__ import annotations

from dragoman.formats import Takes, compat, plain
from dragoman.formats.base import BaseFormat
from dragoman.formats.strict import refuse
from dragoman.formats.template import fill, load, named_languages
from dragoman.languages import language_code
from dragoman.types import Prompt, Segment

EXPLANATION = "[COT]"


class SeedX(BaseFormat):
    """The reply is the translation, as Seed-X writes it after a language tag."""

    name = "seedx"
    version = "1"
    takes: Takes = "segment"

    def write(self, item: Segment) -> Prompt:
        fields = {**named_languages(item), "tag": language_code(item.target_lang)}
        return Prompt(fill(load(self.name), source=item.source, **fields), chat=False)

    def read(self, reply: str, item: Segment) -> str:
        if self.reading == "compat":
            return self.as_compat(reply)
        if self.reading == "lenient":
            reply = plain.drop_end_tokens(reply)
        text = self.translation(reply).strip()
        if not text:
            raise refuse("empty-translation", "the translation is empty")
        return text

    def translation(self, reply: str) -> str:
        if EXPLANATION in reply:
            raise refuse("explained", f"a translation alone holds no {EXPLANATION}")
        return reply

    def as_compat(self, reply: str) -> str:
        return reply.strip()


class SeedXCot(SeedX):
    """A translation and then an explanation, as Seed-X writes them.

    Strict wants the explanation to be there; lenient lets a model skip it."""

    name = "seedx-cot"

    def translation(self, reply: str) -> str:
        translation, mark, _ = reply.partition(EXPLANATION)
        if not mark and self.reading == "strict":
            raise refuse("no-explanation", f"no {EXPLANATION} ends the translation")
        return translation

    def as_compat(self, reply: str) -> str:
        return compat.before_explanation(reply)
