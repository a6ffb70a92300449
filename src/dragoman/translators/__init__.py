"""Translators: a segment in, a translation out.

`sample` asks a model; `mbr` chooses among its samples the one that most of them agree with,
`best-of-n` the one that a judge likes best; `tree` searches on from them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Protocol

from dragoman.asking import Asker
from dragoman.errors import UserError
from dragoman.formats import Format, Reading, make_format
from dragoman.judges import Judge
from dragoman.plugins import find
from dragoman.types import Segment, Translation

if TYPE_CHECKING:
    from dragoman.translators.best_of_n import Unjudged
    from dragoman.translators.tree.settings import TreeSettings

TRANSLATORS = {
    "sample": "dragoman.translators.sample:SampleTranslator",
    "mbr": "dragoman.translators.mbr:MbrTranslator",
    "mbr:judge": "dragoman.translators.mbr_judged:JudgedMbrTranslator",
    "best-of-n": "dragoman.translators.best_of_n:BestOfTranslator",
    "tree": "dragoman.translators.tree.search:TreeTranslator",
}

DEFAULT_FORMAT = "codeblock-think"


class Translator(Protocol):
    """Translates segments, one a call.

    `fields` says what the translator is, for signatures. Translations with different `draw`s
    are independent attempts at one segment.
    """

    @property
    def fields(self) -> Mapping[str, object]: ...

    async def translate(self, segment: Segment, draw: int = 0) -> Translation: ...


def make_translator(
    name: str,
    asker: Asker,
    *,
    format: str | Format[Any, Any] | None = None,
    reading: Reading = "strict",
    samples: int = 1,
    judge: Judge | None = None,
    unjudged: Unjudged = "fail",
    tree: TreeSettings | None = None,
    context: int = 0,
) -> Translator:
    """The translator called `name`, which asks by way of `asker`.

    `mbr:UTILITY` chooses by a utility, `chrf` if none is named; `mbr:judge` by the judge, beside
    each sample as the reference; `best-of-n` by the judge alone;
    `tree:METRIC` values nodes by round trips, by chrF if no metric is named, or by the judge;
    `module:Class` is called with the asker, the format and the number of samples.
    `context` is how many of the texts before a segment are shown with it.
    """
    if format is None or isinstance(format, str):
        format = make_format(format or DEFAULT_FORMAT, reading)
    if format.takes != "segment":
        raise UserError(
            f"a translator wants a format about a segment, such as {DEFAULT_FORMAT}; "
            f"{format.name} is about a {format.takes}"
        )
    if context:
        from dragoman.formats.context import WithContext

        format = WithContext(format, context)
    kind, _, rest = name.partition(":")
    if judge and name != "mbr:judge" and kind not in ("best-of-n", "tree"):
        raise UserError(f"the translator {name} asks no judge; leave that out")
    if name == "best-of-n":
        if judge is None:
            raise UserError("best-of-n wants a judge, such as --judge group or --judge metric:chrf")
        sampler = make_translator("sample", asker, format=format, samples=samples)
        return find("translator", name, TRANSLATORS)(sampler, judge, unjudged)
    if name == "mbr:judge":
        if judge is None:
            raise UserError("mbr:judge wants a judge that looks at references: --judge metric:chrf")
        sampler = make_translator("sample", asker, format=format, samples=samples)
        return find("translator", name, TRANSLATORS)(sampler, judge)
    if kind == "tree":
        from dragoman.translators.tree.settings import TreeSettings

        sampler = find("translator", "sample", TRANSLATORS)(asker, format, samples)
        return (tree or TreeSettings()).make(sampler, judge, rest)
    if kind == "mbr":
        from dragoman.translators.utilities import make_utility

        sampler = make_translator("sample", asker, format=format, samples=samples)
        return find("translator", kind, TRANSLATORS)(sampler, make_utility(rest or "chrf"))
    return find("translator", name, TRANSLATORS)(asker, format, samples)
