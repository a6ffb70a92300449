"""Self-play from sentences of one language, beside its cold start and beside supervised training
on the gold translations of as many sentences.

All three translate the same segments of the test split greedily, half into German and half into
Chinese. Intervals are 95 %, of the mean and of the paired difference to the cold start, by
bootstrap over segments. A translation that cannot be read is not exact, and its number is given.
Of each round it says how often gold agrees with the pairs that were learnt from.

    python benchmarks/self_play.py [--output .bench/self-play] [--set self-play.rounds=2] ...

What OUTPUT holds already is gone on with, so the same command may be typed again after any stop.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from statistics import fmean
from types import ModuleType

from dragoman.asking import Asker, Patience
from dragoman.engines import make_engine
from dragoman.formats import make_format
from dragoman.metrics import make_metric
from dragoman.phrasebook.datasets import gold_quality, load
from dragoman.records import segment_from_row
from dragoman.training import run_folder, self_play, sft
from dragoman.training.data import model_folder
from dragoman.training.recipe import Recipe, load_recipe
from dragoman.training.self_play import SelfPlaySettings
from dragoman.types import Candidate, Group, Sampling, Segment

DRAWS = 2000
FORMAT = make_format("codeblock-think")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--output", type=Path, default=Path(".bench/self-play"))
    parser.add_argument("--set", action="append", default=[], help="of phrasebook/self-play")
    parser.add_argument("--segments", type=int, default=200)
    options = parser.parse_args()
    recipe = load_recipe("phrasebook/self-play", options.set)
    settings = recipe.settings(SelfPlaySettings)
    seen = settings.rounds * settings.sentences
    supervised = load_recipe(
        "phrasebook/translator-sft",
        [
            f"model={recipe.model}",
            f"data.options.size={seen}",
            "data.options.sloppy_share=0.0",
            "data.options.directions=['en-de', 'en-zh']",
            "trl.learning_rate=1e-4",
            "trl.per_device_train_batch_size=16",
        ],
    )
    models = {
        "cold start": model_folder(recipe.model),
        f"self-play, {settings.rounds} rounds": trained(
            self_play, recipe, options.output / "self-play"
        ),
        f"supervised, {seen} gold pairs": trained(sft, supervised, options.output / "sft"),
    }
    for round in sorted((options.output / "self-play" / "rounds").iterdir()):
        print(f"round {int(round.name)}: {agreement(round)}")
    rows = load("segments", split="test", seed=1, size=options.segments)
    segments = [segment_from_row(row) for row in rows]
    texts = {name: asyncio.run(translate(model, segments)) for name, model in models.items()}
    for target in ("de", "zh"):
        print(f"en-{target}, {sum(one.target_lang == target for one in segments)} segments")
        cold: dict[str, list[float]] = {}
        for name, found in texts.items():
            pairs = [
                (segment, text)
                for segment, text in zip(segments, found, strict=True)
                if segment.target_lang == target
            ]
            measured = measure(pairs)
            cold = cold or measured
            told = [
                f"{metric} {shown(values)} ({shown(differences(values, cold[metric]))})"
                for metric, values in measured.items()
            ]
            unread = sum(text is None for _, text in pairs)
            print(f"  {name}: {'; '.join(told)}; unreadable {unread}", flush=True)


def trained(stage: ModuleType, recipe: Recipe, output: Path) -> Path:
    """The stage's model, trained as far as it is not yet."""
    if not run_folder.is_finished(recipe, output):
        stage.train(recipe, output, resume=True)
    return output / "model"


def agreement(round: Path) -> str:
    """What gold says of the pairs of a round: whether what was chosen is the better text."""
    found = Counter[str]()
    for row in map(json.loads, (round / "pairs.jsonl").read_text("utf-8").splitlines()):
        segment = Segment(row["id"], "", row["src_lang"], row["tgt_lang"])
        chosen, rejected = (
            gold_quality(segment, FORMAT.read(row[side][0]["content"], segment))
            for side in ("chosen", "rejected")
        )
        found["against" if chosen < rejected else "for" if chosen > rejected else "neither"] += 1
    shares = ", ".join(f"{told} {found[told] / found.total():.2f}" for told in sorted(found))
    return f"{found.total()} pairs; gold is {shares or 'not asked'}"


async def translate(model: Path, segments: Sequence[Segment]) -> list[str | None]:
    engine = make_engine(f"transformers:{model}")
    asker = Asker(engine, Sampling(max_tokens=80), Patience(0))
    try:
        asked = await asyncio.gather(*(asker.ask(FORMAT, segment) for segment in segments))
    finally:
        await engine.close()
    return [one.answer for one in asked]


def measure(pairs: Sequence[tuple[Segment, str | None]]) -> dict[str, list[float]]:
    """For each segment: the exact reference, chrF, and the gold quality from 0 to 10."""
    metric = make_metric("chrf")
    return {
        "exact": [float(text == segment.reference) for segment, text in pairs],
        "chrF": [
            metric.scores(Group(segment, (Candidate(text),)))[0] if text else 0.0
            for segment, text in pairs
        ],
        "gold": [gold_quality(segment, text) if text else 0.0 for segment, text in pairs],
    }


def differences(values: Sequence[float], others: Sequence[float]) -> list[float]:
    return [one - other for one, other in zip(values, others, strict=True)]


def shown(values: Sequence[float]) -> str:
    """The mean and its interval."""
    rng = random.Random(1)
    means = sorted(fmean(rng.choices(values, k=len(values))) for _ in range(DRAWS))
    low, high = means[round(0.025 * DRAWS)], means[round(0.975 * DRAWS) - 1]
    return f"{fmean(values):.3f} [{low:.3f}, {high:.3f}]"


if __name__ == "__main__":
    main()
