"""One round of self-play: sentences are drawn, trees are grown, pairs are taken from them, and
the model of the moment is trained on those. Each step is done once, whatever kills it."""

from __future__ import annotations

import asyncio
import json
import logging
import os
import random
import shutil
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dragoman.asking import Asker, NoCache, Patience, ReplyCache
from dragoman.data.rows import Sentence
from dragoman.engines import ENGINES, Engine, make_engine
from dragoman.engines.conversion import convert_model
from dragoman.engines.model_folder import content_digest
from dragoman.engines.scripted import ScriptedEngine
from dragoman.errors import UserError
from dragoman.language_check import LanguageCheck
from dragoman.languages import language_code
from dragoman.ledger import Ledger
from dragoman.plugins import find
from dragoman.records import segment_to_row
from dragoman.row_files import to_line, write_lines
from dragoman.runs import Progress, Record, Run, record_of
from dragoman.signature import digest
from dragoman.training import preference, run_folder
from dragoman.training.recipe import DataTable, Recipe
from dragoman.translators import Translator, make_translator
from dragoman.translators.guards import in_wrong_language
from dragoman.translators.preferences import compared_in, preference_row, preferences
from dragoman.translators.translation_line import translation_row
from dragoman.translators.tree.settings import TreeSettings
from dragoman.types import Sampling, Segment, Translation

if TYPE_CHECKING:
    from dragoman.training.self_play import SelfPlaySettings
    from dragoman.training.watching import Numbers, Validate

logger = logging.getLogger(__name__)

Counts = Mapping[str, float]

CONVERTED = "openvino"


@dataclass(frozen=True)
class Play:
    """The game: what is played with, and where its rounds lie.

    rounds/007/search.ledger   every reply and tree of this round, for going on
    rounds/007/trees.jsonl     as `dragoman translate` writes them
    rounds/007/pairs.jsonl     as `dragoman preferences` writes them
    rounds/007/search.json     counts; it is written last, when the search is done
    rounds/007/update/         the run of training on the pairs
    openvino/                  the newest model as the engine of that name opens it
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
        find("engine", self.settings.engine, ENGINES)
        # A search that cannot be says so when it is made; nothing is asked of this one.
        one, other = self.settings.languages[:2]
        mute = ScriptedEngine(rules=[{"error": "refused"}])
        self._searcher(mute, NoCache(), Segment("", "", one, other))
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

    def _searcher(self, engine: Engine, cache: ReplyCache, segment: Segment) -> Translator:
        told = self.settings
        sampling = Sampling(told.temperature, max_tokens=told.max_tokens, seed=self.recipe.seed)
        own = (segment.source_lang, segment.target_lang)
        bridges = [one for one in told.languages if not any(_same(one, other) for other in own)]
        return make_translator(
            f"tree:{told.similarity}",
            Asker(engine, sampling, Patience(0), cache),
            format=told.format,
            reading=told.reading,
            samples=told.samples,
            # A leader that cannot be caught ends a search for a translation; here the others
            # are wanted as well.
            tree=TreeSettings(
                told.search_rounds,
                told.depth,
                tuple(bridges),
                every_round=True,
                check=self.check_language,
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
        folder = self._converted(model) if told.engine == "openvino" else model
        engine = make_engine(f"{told.engine}:{folder}", **told.engine_options)
        try:
            return await work(engine)
        finally:
            await engine.close()

    def _converted(self, model: Path) -> Path:
        """The model in OpenVINO form. It is asked twice, at the end of a round and in the next
        one's search, and made once, of the newest model alone."""
        places = self.output / CONVERTED
        place = places / content_digest(model)
        if not place.exists():
            shutil.rmtree(places, ignore_errors=True)
            convert_model(model, place, "f32", logger.info)
        return place


def _same(one: str, other: str) -> bool:
    return language_code(one) == language_code(other)
