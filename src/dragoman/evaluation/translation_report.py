"""Systems beside references: BLEU, chrF and TER by sacrebleu, as it gives them itself.

Systems are compared on the segments that all of them translated; how many each failed on stands
beside its figures. The first system is the baseline of the tests, which are sacrebleu's too.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from typing import Any, Literal, TypeAlias

from dragoman.evaluation.opinions import Opinion, opinion_rows
from dragoman.evaluation.rewards_used import was_reward
from dragoman.evaluation.translations import System
from dragoman.languages import language_code
from dragoman.metrics.sacrebleu import TOKENIZERS, corpus_metrics, corpus_scores, paired_test
from dragoman.scripts import wrong_script
from dragoman.types import Segment

Paired: TypeAlias = Literal["bs", "ar"]


def translation_report(
    segments: Sequence[Segment],
    systems: Sequence[System],
    paired: Sequence[Paired] = (),
    opinions: Sequence[Opinion] = (),
    rewards: Collection[str] = (),
) -> dict[str, Any]:
    """For each language pair every system's figures, what guards count, and the tests. `rewards`
    are what a system was trained towards: such a number is marked."""
    pairs = [_languages(segment) for segment in segments]
    report: dict[str, Any] = {
        "evaluation": "translation",
        "segments": len(segments),
        "systems": [{"name": one.name, "signature": one.signature} for one in systems],
        "language_pairs": [],
    }
    for pair in dict.fromkeys(pairs):
        places = [place for place, languages in enumerate(pairs) if languages == pair]
        some = [segments[place] for place in places]
        told = [_only(system, places) for system in systems]
        made = _of_pair(some, told, paired)
        texts = [system.texts for system in told]
        names = [system.name for system in told]
        made["opinions"] = [
            opinion_rows(_part(one, places), names, texts, [segment.id for segment in some])
            for one in opinions
        ]
        report["language_pairs"].append({"languages": pair, **made})
    _mark(report, rewards)
    return report


def _only(system: System, places: Sequence[int]) -> System:
    """A system with its translations of some segments alone."""
    return System(system.name, tuple(system.texts[place] for place in places))


def _part(opinion: Opinion, places: Sequence[int]) -> Opinion:
    runs = [[[column[place] for place in places] for column in run] for run in opinion.runs]
    return replace(opinion, runs=runs)


def _mark(report: dict[str, Any], rewards: Collection[str]) -> None:
    """Say of every number that was a reward that it was."""
    for pair in report["language_pairs"]:
        for row in [*(score for one in pair["systems"] for score in one["scores"]),
                    *pair["opinions"]]:  # fmt: skip
            if was_reward(row["name"], rewards):
                row["was_reward"] = True


def _of_pair(
    segments: Sequence[Segment], systems: Sequence[System], paired: Sequence[Paired]
) -> dict[str, Any]:
    common = [
        place
        for place in range(len(segments))
        if all(system.texts[place] is not None for system in systems)
    ]
    references = [segments[place].reference or "" for place in common]
    texts = {s.name: [s.texts[place] or "" for place in common] for s in systems}
    metrics = corpus_metrics(TOKENIZERS.get(language_code(segments[0].target_lang), "13a"))
    return {
        "segments": len(segments),
        "common": len(common),
        "systems": [
            {
                "name": system.name,
                "failed": sum(text is None for text in system.texts),
                "guards": guards(segments, system.texts),
                "scores": corpus_scores(metrics, texts[system.name], references) if common else [],
            }
            for system in systems
        ],
        "paired": {
            kind: paired_test(metrics, list(texts.items()), references, kind)
            for kind in (paired if common and len(systems) > 1 else ())
        },
    }


def guards(segments: Sequence[Segment], texts: Sequence[str | None]) -> Mapping[str, int]:
    """Translations that are none: empty, the source again, or in another script."""
    there = [(s, text) for s, text in zip(segments, texts, strict=True) if text is not None]
    return {
        "empty": sum(not text.strip() for _, text in there),
        "copied": sum(text.strip() == segment.source.strip() for segment, text in there),
        "wrong_script": sum(wrong_script(text, segment) for segment, text in there),
    }


def _languages(segment: Segment) -> str:
    return f"{language_code(segment.source_lang)}-{language_code(segment.target_lang)}"
