"""`dragoman data qe`: wrong translations with labels, for quality estimation."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Literal

from cyclopts import Parameter

from dragoman.asking import ReplyCache
from dragoman.cli.data.running import PaidStep
from dragoman.cli.options import EngineOptions
from dragoman.cli.running import RunOptions, Text
from dragoman.data.qe.labels import HIGHEST_RANKS
from dragoman.data.qe.making import (
    NONE,
    Maker,
    check_different,
    make_parser,
    referenced_from_row,
)
from dragoman.data.qe.networks import Network, Search
from dragoman.data.qe.pull import Pull
from dragoman.data.qe.tokens import Wording
from dragoman.data.sources import read_items
from dragoman.engines import Engine
from dragoman.errors import UserError
from dragoman.phrasebook.models import model_folder
from dragoman.records import segment_to_row
from dragoman.runs import Worker
from dragoman.signature import digest
from dragoman.types import Group, Segment

PHRASEBOOK = "phrasebook:"
Codes = Annotated[tuple[str, ...], Parameter(consume_multiple=True, negative=())]


def qe(
    file: Text,
    /,
    *,
    output: Annotated[Text, Parameter(name=["--output", "-o"])],
    generator: str,
    annotator: str,
    own_share: float = 0.55,
    threshold: float = 0.1,
    pull_temperature: float = 0.2,
    beams: int = 5,
    max_tokens: int = 256,
    ranks: tuple[int, int, int] = HIGHEST_RANKS,
    parser: str = NONE,
    format: str = "tower",
    before: Text = "",
    after: Text = "",
    language_codes: Codes = (),
    batch: int = 8,
    dtype: Literal["float32", "bfloat16", "float16"] = "float32",
    run: RunOptions = RunOptions(),
) -> int:
    """Make wrong translations on purpose and label their words, for models that estimate quality.

    The generator translates while the reference pulls it along: where it finds the reference's
    next token likely enough, the reference's tokens ahead get a share of the choice. A word that
    the reference has is right; another is as wrong as it ranks among what the annotator would
    have said. Runs of wrong words grow to phrases. Both are models of transformers, causal or
    seq2seq, and never the same one.

    Parameters
    ----------
    file
        Segments with references: .jsonl, .tsv, .parquet, a folder, or - for JSONL from standard
        input.
    output
        A JSONL file of groups of one translation with its labels, beside which
        OUTPUT.provenance.json says where the rows came from; - for standard output.
    generator
        Who translates: a model folder, OWNER/NAME[@REVISION] of the hub, or phrasebook:base.
    annotator
        Who labels: another model.
    own_share
        The share of each choice that stays the generator's own; 1 for no pull.
    threshold
        The reference pulls where its next token has more than this probability.
    pull_temperature
        Lower pulls to the reference's next token alone.
    beams
        How many beginnings of a translation are kept side by side.
    max_tokens
        The longest translation; a longer one is left out.
    ranks
        The last rank of a right word, of a minor and of a major error among what the annotator
        would have said; beyond is critical.
    parser
        Who gives the heads that bound phrases: module:Name, or none, and a run of wrong words is
        a phrase.
    format
        How causal models are asked.
    before
        What causal models write before a translation, such as the opening of a code block.
    after
        What they write behind it.
    language_codes
        LANGUAGE=CODE where a seq2seq model has other codes than ours, such as de=deu_Latn.
    batch
        How many segments are worked on at once.
    dtype
        The numbers that the models reckon with. In float32 the rows do not depend on --batch.
    """
    if batch < 1:
        raise UserError(f"batch {batch}: at least one")
    if not 0 < ranks[0] <= ranks[1] <= ranks[2]:
        raise UserError(f"ranks {' '.join(map(str, ranks))}: three that do not fall, from 1")
    pull = Pull(own_share, threshold, pull_temperature)
    search = Search(pull, beams, max_tokens)
    wording = Wording(format, before, after, dict(map(_code, language_codes)))
    heads = make_parser(parser)

    def hire(opened: Engine | None, cache: ReplyCache | None) -> Worker[Segment, Group]:
        models = (
            Network(_place(generator), wording, dtype),
            Network(_place(annotator), wording, dtype),
        )
        check_different(*models)
        settings = {
            "parser": parser,
            "format": format,
            "before": before,
            "after": after,
            "language_codes": " ".join(language_codes),
            "dtype": dtype,
        }
        maker = Maker(*models, search, heads, ranks, batch, settings)
        return Worker(maker.fields, maker.make)

    def segments() -> Iterator[Segment]:
        return (segment for _, _, segment in read_items(file, referenced_from_row))

    step = PaidStep(
        "qe", [file], referenced_from_row, segments, _key, hire, "segments",
        "without a translation",
    )  # fmt: skip
    # A batch is worked on while the next one gathers.
    return step.do(output, EngineOptions(concurrency=2 * batch), run)


def _key(segment: Segment) -> str:
    """The content address of a segment, for a run's ledger."""
    return digest(segment_to_row(segment))


def _place(name: str) -> str:
    if name.startswith(PHRASEBOOK):
        return str(model_folder(name.removeprefix(PHRASEBOOK)))
    return name


def _code(text: str) -> tuple[str, str]:
    language, equals, code = text.partition("=")
    if not (language and equals and code):
        raise UserError(f"--language-codes {text}: write LANGUAGE=CODE")
    return language, code
