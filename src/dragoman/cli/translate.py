"""`dragoman translate`: a text given on the command line, or every segment of a file."""

from __future__ import annotations

import sys
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from dragoman.asking import Asker, NoCache, Patience, ReplyCache
from dragoman.cli.choosing import ChoosingOptions
from dragoman.cli.guarding import GuardOptions
from dragoman.cli.options import EngineOptions
from dragoman.cli.printing import printable
from dragoman.cli.running import Job, RunOptions, Text
from dragoman.cli.searching import SearchOptions
from dragoman.engines import Engine
from dragoman.engines.metered import MeteredEngine
from dragoman.errors import UserError
from dragoman.formats import Reading
from dragoman.judges import Judge
from dragoman.languages import language_name
from dragoman.records import check_segments, read_segments, segment_to_row
from dragoman.row_files import STDIN, to_line
from dragoman.runs import Progress, Record, Worker, record_of
from dragoman.signature import digest
from dragoman.translators import Translator, make_translator
from dragoman.translators.best_of_n import Unjudged
from dragoman.translators.translation_line import translation_row
from dragoman.translators.tree.settings import TreeSettings
from dragoman.translators.warnings import KEY, warnings_in
from dragoman.types import Sampling, Segment, Translation


@Parameter(name="*")
@dataclass(frozen=True, kw_only=True)
class TranslatorOptions:
    """Who translates, what is asked, and how replies are read."""

    translator: str = "sample"
    """sample, best-of-n, tree, tree:bleu, mbr, mbr:chrf-pairwise, mbr:bleu, mbr:judge or
    module:Class."""
    samples: Annotated[int, Parameter(name=["--samples", "-n"])] = 1
    """Translations drawn of each text; several want a --temperature."""
    format: str | None = None
    """How the model is asked; see `dragoman formats`. codeblock-think if not given."""
    reading: Reading = "strict"
    """How replies are read: strict, lenient (what models write instead), compat (the reference)."""
    context: int = 0
    """Show so many of the texts before a segment, which its `context` holds, with it."""
    retries: int = 2
    """How often an unreadable reply is asked for again."""

    def make(
        self,
        engine: Engine | None,
        sampling: Sampling,
        cache: ReplyCache | None,
        judge: Judge | None = None,
        unjudged: Unjudged = "fail",
        tree: TreeSettings | None = None,
    ) -> Translator:
        """The translator these options describe."""
        if engine is None:
            raise UserError("say which engine translates, such as --engine phrasebook:translator")
        asker = Asker(engine, sampling, Patience(self.retries), cache or NoCache())
        return make_translator(
            self.translator,
            asker,
            format=self.format,
            reading=self.reading,
            samples=self.samples,
            judge=judge,
            unjudged=unjudged,
            tree=tree,
            context=self.context,
        )


def translate(
    text: Text,
    /,
    *,
    from_: Annotated[str | None, Parameter(name="--from")] = None,
    to: str | None = None,
    output: Annotated[Text | None, Parameter(name=["--output", "-o"])] = None,
    translator: TranslatorOptions = TranslatorOptions(),
    choosing: ChoosingOptions = ChoosingOptions(),
    search: SearchOptions = SearchOptions(),
    guards: GuardOptions = GuardOptions(),
    engine: EngineOptions = EngineOptions(),
    run: RunOptions = RunOptions(),
) -> int:
    """Translate a text, or a file of segments.

    Without --output translations are shown; with it they are written as JSON lines, - for
    standard output.

    Parameters
    ----------
    text
        The text, with --from and --to; or else a file of segments: .jsonl, .tsv, .parquet, or
        - for JSONL from standard input. {id, src_lang, tgt_lang, source}.
    from_
        The text's language, as a code (de, pt-BR) or an English name.
    to
        The language to translate into.
    output
        Where the translations go, one JSON line a segment, in input order.
    """
    if search != SearchOptions() and translator.translator.partition(":")[0] != "tree":
        raise UserError("rounds, bridges and the like are for --translator tree")
    segment = _segment(text, from_, to)
    file = None if segment else text
    run.check_places(file, output)
    total = 1 if segment else None if text == STDIN else check_segments(text)

    def hire(
        opened: MeteredEngine | None, cache: ReplyCache | None
    ) -> Worker[Segment, Translation]:
        judge = choosing.make(
            opened, engine.sampling, translator.retries, cache, engine.concurrency
        )
        check = guards.check()
        bare = translator.make(
            opened, engine.sampling, cache, judge, choosing.unjudged, search.settings(check)
        )
        made = guards.on(bare, check)
        return Worker(made.fields, translating(made))

    job = Job(
        lambda: [segment] if segment else read_segments(text), Progress(total), text == STDIN,
        engine, run, hire, _segment_key, partial(_show, named=file is not None),
        noun="segments", lacking="untranslated", warnings=warnings_in,
    )  # fmt: skip
    return job.do(output)


def _segment(text: str, source_lang: str | None, target_lang: str | None) -> Segment | None:
    """The text with its languages; without any it names a file."""
    is_file = text == STDIN or Path(text).suffix in (".jsonl", ".tsv", ".parquet", ".gz")
    if source_lang is None and target_lang is None:
        if not is_file:
            raise UserError("a text wants its languages: --from de --to en")
        return None
    if is_file:
        raise UserError(f"{text}: a file says its languages itself; leave out --from and --to")
    if not source_lang or not target_lang:
        raise UserError("a text wants both languages: --from de --to en")
    for language in (source_lang, target_lang):
        language_name(language)
    return Segment("1", text, source_lang, target_lang)


def translating(
    translator: Translator,
) -> Callable[[Segment, int], Awaitable[Record[Translation]]]:
    """A translator as work for a `Run`: a segment in, its translation line out."""

    async def work(segment: Segment, tries: int) -> Record[Translation]:
        translation = await translator.translate(segment, draw=tries)
        return record_of(to_line(translation_row(translation)), translation.failure, translation)

    return work


def _segment_key(segment: Segment) -> str:
    """The content address of a segment, for a run's ledger."""
    return digest(segment_to_row(segment))


def _show(translation: Translation, named: bool) -> None:
    """Texts on standard output; what is to be said on the other, `named` by the segment's id."""
    whose = f"{printable(translation.segment.id)}: " if named else ""
    if failure := translation.failure:
        reason = f"{failure.reason}: {failure.detail}"
        print(f"{whose}not translated: {printable(reason)}", file=sys.stderr)
    for kind, words in translation.details.get(KEY, {}).items():
        print(f"{whose}warning: {kind}: {printable(words)}", file=sys.stderr)
    for text in translation.texts:
        print(printable(text) if sys.stdout.isatty() else text)
