"""Self-play (TRANS-ZERO): a translator learns from its own search trees, with no translation
to learn from but its own.

A round draws sentences, gives each a target language, searches a tree of translations for each
with the model of the moment, takes preference pairs from the trees, and trains on them; the next
round begins with the result. Nodes are valued by round trips, so texts in one language are enough.
"""

from __future__ import annotations

import asyncio
import json
import os
import random
import shutil
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dragoman.asking import Asker, Patience
from dragoman.data.rows import Sentence
from dragoman.engines import Engine, make_engine
from dragoman.errors import UserError
from dragoman.formats import Reading
from dragoman.language_check import LanguageCheck, make_language_check
from dragoman.languages import language_code
from dragoman.ledger import Ledger
from dragoman.records import segment_to_row
from dragoman.row_files import to_line, write_lines
from dragoman.runs import Progress, Record, Run, record_of
from dragoman.signature import digest
from dragoman.training import preference, run_folder
from dragoman.training.data import load_sentences, model_folder
from dragoman.training.recipe import DataTable, Recipe
from dragoman.translators import Translator, make_translator
from dragoman.translators.guards import in_wrong_language
from dragoman.translators.preferences import Pairs, compared_in, preference_row, preferences
from dragoman.translators.translation_line import translation_row
from dragoman.translators.tree.settings import TreeSettings
from dragoman.types import Sampling, Segment, Translation

if TYPE_CHECKING:
    from dragoman.training.trainers import OnProgress
    from dragoman.training.watching import Numbers, Validate

Counts = Mapping[str, float]


@dataclass(frozen=True, kw_only=True)
class SelfPlaySettings:
    """[self-play]: the paper's numbers by default."""

    languages: tuple[str, ...]
    """A sentence in one of them is translated into another, drawn anew each time; the others
    are the bridges of its round trips."""
    rounds: int = 200
    sentences: int = 10
    """Drawn in each round."""
    samples: int = 5
    search_rounds: int = 20
    depth: int = 2
    temperature: float = 0.5
    similarity: str = "chrf"
    """The metric that holds round trips against the source."""
    pairs: Pairs = "swaps"
    language_check: str = "langid"
    engine: str = "transformers"
    """What searches: an engine that takes a model folder, such as transformers or vllm."""
    engine_options: Mapping[str, Any] = field(default_factory=dict[str, Any])
    concurrency: int = 64
    """Trees that are searched side by side."""
    format: str = "codeblock-think"
    reading: Reading = "strict"
    max_tokens: int = 512
    metric: str = "chrf"
    """Of held-out segments, where there is a [validation]."""
    quality: str | None = None
    """module:function of a segment and a text, on any scale."""


def train(
    recipe: Recipe, output: Path, *, resume: bool = False, on_progress: OnProgress | None = None
) -> None:
    """Play all rounds; the result is `output/model`."""
    from dragoman.training.watching import JsonLines
    from dragoman.training.watching import Progress as Told

    settings = _read(recipe)
    play = _Play(
        recipe,
        settings,
        output,
        load_sentences(recipe.data),
        make_language_check(settings.language_check),
        _validation(recipe, settings),
    )
    play.check()
    model = model_folder(recipe.model)
    run_folder.begin(recipe, output, resume=resume)
    log = JsonLines(output / "log.jsonl")
    log.keep_until(settings.rounds)
    finished = _last_step(output / "log.jsonl")
    for number in range(settings.rounds + 1):
        if number:
            before, model = model, play.model_after(number, model, anew=number > finished)
        if number > finished:
            numbers = {**(play.counts(number) if number else {}), **play.looked_at(model)}
            log.write(number, numbers)
            if on_progress:
                on_progress(Told(number, settings.rounds, numbers))
        if number and model != before and (output / "rounds") in before.parents:
            # The next round needs the newest alone.
            shutil.rmtree(before, ignore_errors=True)
    partial = output / "model.partial"
    shutil.rmtree(partial, ignore_errors=True)
    shutil.copytree(model, partial)
    run_folder.put_model(partial, output)


def _read(recipe: Recipe) -> SelfPlaySettings:
    settings = recipe.settings(SelfPlaySettings)
    if recipe.judge is not None:
        raise UserError(f"{recipe.name}: round trips value the nodes; leave out [judge]")
    if int(os.environ.get("WORLD_SIZE", "1")) > 1:
        raise UserError("self-play runs in one process; its engine may use several GPUs")
    if settings.rounds < 1 or settings.sentences < 1:
        raise UserError(f"{recipe.name}: [self-play]: rounds and sentences are 1 or more")
    codes = {language_code(language) for language in settings.languages}
    if len(codes) != len(settings.languages) or len(codes) < 2:
        raise UserError(f"{recipe.name}: [self-play]: languages are two or more, all different")
    return settings


def _validation(recipe: Recipe, settings: SelfPlaySettings) -> Validate | None:
    if recipe.validation is None:
        return None
    shared = ("format", "reading", "max_tokens", "metric", "quality")
    same = {name: getattr(settings, name) for name in shared}
    return preference.translated(recipe.validation, preference.PreferenceSettings(**same))


def _last_step(log: Path) -> int:
    lines = log.read_text("utf-8").splitlines() if log.exists() else []
    return json.loads(lines[-1])["step"] if lines else -1


@dataclass(frozen=True)
class _Play:
    """The game: what is played with, and where its rounds lie.

    rounds/007/search.ledger   every reply and tree of this round, for going on
    rounds/007/trees.jsonl     as `dragoman translate` writes them
    rounds/007/pairs.jsonl     as `dragoman preferences` writes them
    rounds/007/search.json     counts; it is written last, when the search is done
    rounds/007/update/         the run of training on the pairs
    """

    recipe: Recipe
    settings: SelfPlaySettings
    output: Path
    sentences: Sequence[Sentence]
    check_language: LanguageCheck
    validate: Validate | None

    def check(self) -> None:
        """Everything is found out before anything is begun."""
        preference.translation_format(self.settings.format, self.settings.reading)
        known = {language_code(language) for language in self.settings.languages}
        for sentence in self.sentences:
            if language_code(sentence.lang) not in known:
                raise UserError(
                    f"{self.recipe.data.rows}: a sentence in {sentence.lang}, which is not among "
                    f"the languages of [self-play]: {', '.join(self.settings.languages)}"
                )

    def model_after(self, number: int, model: Path, *, anew: bool) -> Path:
        """The model that a round ends with: the one it began with, where it found no pairs."""
        place = self._place(number)
        if anew:
            self._search(number, model)
            if self.counts(number)["pairs"]:
                self._update(number, model)
        trained = place / "update" / "model"
        return trained if trained.exists() else model

    def counts(self, number: int) -> Counts:
        return json.loads((self._place(number) / "search.json").read_text("utf-8"))

    def looked_at(self, model: Path) -> Numbers:
        """How well this model translates what was held out."""
        if self.validate is None:
            return {}
        found = asyncio.run(self._with_engine(model, self.validate))
        return {f"validation/{name}": value for name, value in found.items()}

    def _place(self, number: int) -> Path:
        return self.output / "rounds" / f"{number:03}"

    def _drawn(self, number: int) -> list[Segment]:
        """The sentences of a round, and into which language each goes."""
        rng = random.Random(f"{self.recipe.seed}/{number}")
        count = min(self.settings.sentences, len(self.sentences))
        drawn: list[Segment] = []
        for index in sorted(rng.sample(range(len(self.sentences)), count)):
            sentence = self.sentences[index]
            targets = [one for one in self.settings.languages if not _same(one, sentence.lang)]
            target = rng.choice(targets)
            drawn.append(
                Segment(sentence.id or str(index + 1), sentence.text, sentence.lang, target)
            )
        return drawn

    def _search(self, number: int, model: Path) -> None:
        place = self._place(number)
        if (place / "search.json").exists():
            return
        place.mkdir(parents=True, exist_ok=True)
        segments = self._drawn(number)
        lines = asyncio.run(self._with_engine(model, lambda e: self._grow(e, segments, place)))
        counts = self._write_pairs(segments, lines, place)
        partial = place / "search.json.partial"
        partial.write_text(json.dumps(counts), encoding="utf-8")
        os.replace(partial, place / "search.json")
        # The trees are written; the replies they were made of are no longer needed.
        for rest in place.glob("search.ledger*"):
            rest.unlink()

    async def _grow(self, engine: Engine, segments: Sequence[Segment], place: Path) -> list[str]:
        """The line of each segment's tree; those of a search that was killed are not grown
        anew, and none of its replies is asked for again."""
        with Ledger(place / "search.ledger") as ledger:

            async def work(segment: Segment, tries: int) -> Record[Translation]:
                translation = await self._searcher(engine, ledger, segment).translate(segment)
                line = to_line(translation_row(translation))
                return record_of(line, translation.failure, translation)

            run = Run(
                work,
                lambda segment: digest(segment_to_row(segment)),
                ledger,
                self.settings.concurrency,
            )
            async with aclosing(run.records(segments, Progress(len(segments)))) as records:
                return [record.line async for record in records]

    def _searcher(self, engine: Engine, ledger: Ledger, segment: Segment) -> Translator:
        told = self.settings
        sampling = Sampling(told.temperature, max_tokens=told.max_tokens, seed=self.recipe.seed)
        own = (segment.source_lang, segment.target_lang)
        bridges = [one for one in told.languages if not any(_same(one, other) for other in own)]
        return make_translator(
            f"tree:{told.similarity}",
            Asker(engine, sampling, Patience(0), ledger),
            format=told.format,
            reading=told.reading,
            samples=told.samples,
            tree=TreeSettings(
                told.search_rounds, told.depth, tuple(bridges), check=self.check_language
            ),
        )

    def _write_pairs(
        self, segments: Sequence[Segment], lines: Sequence[str], place: Path
    ) -> Counts:
        format = preference.translation_format(self.settings.format, self.settings.reading)
        counts = Counter({"sentences": len(segments), "pairs": 0})
        with write_lines(place / "trees.jsonl") as tree, write_lines(place / "pairs.jsonl") as pair:
            for segment, line in zip(segments, lines, strict=True):
                tree(line)

                def is_wrong(text: str, segment: Segment = segment) -> bool:
                    return in_wrong_language(segment, text, self.check_language)

                compared = compared_in(json.loads(line), segment, is_wrong)
                if isinstance(compared, str):
                    counts[f"left_out/{compared}"] += 1
                    continue
                found = preferences(segment, compared, self.settings.pairs, is_wrong)
                counts["left_out/no better text"] += not found
                for one in found:
                    row = preference_row(one, "trl", format)
                    counts["left_out/unwritable" if row is None else "pairs"] += 1
                    if row is not None:
                        pair(to_line(row))
        return dict(counts)

    def _update(self, number: int, model: Path) -> None:
        place = self._place(number)
        recipe = replace(
            self.recipe,
            name=f"{self.recipe.name}, round {number}",
            stage="preference",
            model=str(model),
            seed=self.recipe.seed + number,
            data=DataTable(rows=str(place / "pairs.jsonl")),
            validation=None,
            own={},
        )
        if not run_folder.is_finished(recipe, place / "update"):
            preference.train(recipe, place / "update", resume=True)
        for checkpoint in (place / "update").glob("checkpoint-*"):
            shutil.rmtree(checkpoint)

    async def _with_engine(self, model: Path, work: Callable[[Engine], Awaitable[Any]]) -> Any:
        told = self.settings
        engine = make_engine(f"{told.engine}:{model}", **told.engine_options)
        try:
            return await work(engine)
        finally:
            await engine.close()


def _same(one: str, other: str) -> bool:
    return language_code(one) == language_code(other)
