"""Self-play (TRANS-ZERO): a translator learns from its own search trees, with no translation
to learn from but its own.

A round draws sentences, gives each a target language, searches a tree of translations for each
with the model of the moment, takes preference pairs from the trees, and trains on them; the next
round begins with the result. Nodes are valued by round trips, so texts in one language are enough.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dragoman.errors import UserError
from dragoman.language_check import make_language_check
from dragoman.languages import language_code
from dragoman.training import preference, run_folder
from dragoman.training.data import load_sentences, model_folder
from dragoman.training.recipe import Recipe
from dragoman.training.self_play_round import CONVERTED, Play
from dragoman.translators.preferences import Pairs

if TYPE_CHECKING:
    from dragoman.training.trainers import OnProgress
    from dragoman.training.watching import Validate


@dataclass(frozen=True, kw_only=True)
class SelfPlaySettings(preference.PreferenceSettings):
    """[self-play]: the paper's numbers by default. Translations are those of [preference]."""

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
    """What searches: an engine that takes a model folder: transformers, vllm, or openvino, for
    which each round's model is converted."""
    engine_options: Mapping[str, Any] = field(default_factory=dict[str, Any])
    concurrency: int = 64
    """Trees that are searched side by side."""


def train(
    recipe: Recipe, output: Path, *, resume: bool = False, on_progress: OnProgress | None = None
) -> None:
    """Play all rounds; the result is `output/model`."""
    from dragoman.training.watching import JsonLines
    from dragoman.training.watching import Progress as Told

    settings = _read(recipe)
    play = Play(
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
        before = model
        if number:
            model = play.model_after(number, model, anew=number > finished)
        if number > finished:
            numbers = {**(play.counts(number) if number else {}), **play.looked_at(model)}
            log.write(number, numbers)
            if on_progress:
                on_progress(Told(number, settings.rounds, numbers))
        if model != before and (output / "rounds") in before.parents:
            # The next round needs the newest alone.
            shutil.rmtree(before, ignore_errors=True)
    partial = output / "model.partial"
    shutil.rmtree(partial, ignore_errors=True)
    shutil.copytree(model, partial)
    run_folder.put_model(partial, output)
    shutil.rmtree(output / CONVERTED, ignore_errors=True)


def _read(recipe: Recipe) -> SelfPlaySettings:
    settings = recipe.settings(SelfPlaySettings)
    if recipe.judge is not None:
        raise UserError(f"{recipe.name}: round trips value the nodes; leave out [judge]")
    if int(os.environ.get("WORLD_SIZE", "1")) > 1:
        raise UserError("self-play runs in one process; its engine may use several GPUs")
    if min(settings.rounds, settings.sentences, settings.concurrency) < 1:
        raise UserError(
            f"{recipe.name}: [self-play]: rounds, sentences and concurrency are 1 or more"
        )
    codes = {language_code(language) for language in settings.languages}
    if len(codes) != len(settings.languages) or len(codes) < 2:
        raise UserError(f"{recipe.name}: [self-play]: languages are two or more, all different")
    return settings


def _validation(recipe: Recipe, settings: SelfPlaySettings) -> Validate | None:
    if recipe.validation is None:
        return None
    return preference.translated(recipe.validation, settings)


def _last_step(log: Path) -> int:
    lines = log.read_text("utf-8").splitlines() if log.exists() else []
    return json.loads(lines[-1])["step"] if lines else -1
