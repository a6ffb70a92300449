"""`dragoman data sample`: groups of candidates from segments."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from dragoman.asking import ReplyCache
from dragoman.cli.data.running import PaidStep
from dragoman.cli.options import EngineOptions
from dragoman.cli.running import RunOptions, Text
from dragoman.cli.translate import TranslatorOptions
from dragoman.data.pool import Choosing
from dragoman.data.sample import Pool, Sampler, pools
from dragoman.data.sources import read_items
from dragoman.engines import Engine
from dragoman.errors import UserError
from dragoman.language_check import NONE, make_language_check
from dragoman.records import segment_from_row, segment_to_row
from dragoman.runs import Worker
from dragoman.signature import digest
from dragoman.translators import Translator
from dragoman.types import Group

Several = Annotated[tuple[str, ...], Parameter(consume_multiple=True, negative=())]
Numbers = Annotated[tuple[float, ...], Parameter(consume_multiple=True, negative=())]


def sample(
    file: Text,
    /,
    *,
    output: Annotated[Text, Parameter(name=["--output", "-o"])],
    temperatures: Numbers = (),
    also: Several = (),
    candidates: int = 4,
    alike: float = 0.98,
    language_check: str = NONE,
    translator: TranslatorOptions = TranslatorOptions(),
    engine: EngineOptions = EngineOptions(),
    run: RunOptions = RunOptions(),
) -> int:
    """Make groups of candidates: draw translations, pool them with others, choose.

    Empty texts, copies of the source, texts in another language and texts that hardly differ are
    left out. Of more than --candidates, those are taken that stand evenly between the text most
    like all others and the one least like them. A segment with fewer than two texts gives no
    group. For several engines, `dragoman translate` with each, and give the outputs to --also.

    Parameters
    ----------
    file
        Segments: .jsonl, .tsv, .parquet, a folder, or - for JSONL from standard input.
    output
        A JSONL file of groups, beside which OUTPUT.provenance.json says where the rows came
        from; - for standard output.
    temperatures
        Draw --samples at each of these, and one at 0; --temperature if not given.
    also
        SYSTEM=FILE of translations to pool with: lines of `dragoman translate` or groups, in the
        order of the segments.
    candidates
        The most that a group gets.
    alike
        Texts that share this much of their character trigrams hardly differ.
    language_check
        How other languages are found: langid, module:Name or none.
    """
    there = dict(_named(text) for text in also)
    if engine.engine is None and not there:
        raise UserError("nothing to draw from: name an --engine, or translations with --also")
    chosen = Choosing(make_language_check(language_check), candidates, alike)

    def hire(opened: Engine | None, cache: ReplyCache | None) -> Worker[Pool, Group]:
        made: dict[str, Translator] = {}
        for heat in temperatures or (engine.temperature,):
            if opened is None:
                break
            options = replace(translator, samples=1) if heat == 0 else translator
            sampling = replace(engine.sampling, temperature=heat)
            name = f"{engine.model or opened.identity} at {heat:g}"
            made[name] = options.make(opened, sampling, cache)
        sampler = Sampler(made, chosen)
        return Worker({**sampler.fields, "also": sorted(there)}, sampler.sample)

    def start() -> Iterator[Pool]:
        return pools((segment for _, _, segment in read_items(file, segment_from_row)), there)

    step = PaidStep(
        "sample", [file, *there.values()], segment_from_row, start, _pool_key, hire, "segments",
        "without a group",
    )  # fmt: skip
    return step.do(output, engine, run)


def _named(text: str) -> tuple[str, str]:
    """`SYSTEM=FILE`, or a file whose name is the system's."""
    name, equals, path = text.partition("=")
    return (name, path) if equals else (Path(text).name.split(".")[0], text)


def _pool_key(pool: Pool) -> str:
    """The content address of a segment and what is there of it, for a run's ledger."""
    there: Sequence[object] = [[text.text, text.system] for text in pool.candidates]
    return digest([segment_to_row(pool.segment), there])
