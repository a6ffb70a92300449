"""Systems beside references: BLEU, chrF and TER by sacrebleu, as it gives them itself.

Systems are compared on the segments that all of them translated; how many each failed on stands
beside its figures. The first system is the baseline of the tests, which are sacrebleu's too.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal, TypeAlias

from dragoman.evaluation.translations import System
from dragoman.languages import language_code
from dragoman.metrics.sacrebleu import TOKENIZERS, corpus_metrics, corpus_scores, paired_test
from dragoman.scripts import wrong_script
from dragoman.types import Segment

Paired: TypeAlias = Literal["bs", "ar"]


def translation_report(
    segments: Sequence[Segment], systems: Sequence[System], paired: Sequence[Paired] = ()
) -> dict[str, Any]:
    """For each language pair every system's figures, what guards count, and the tests."""
    pairs = {segment: _languages(segment) for segment in segments}
    return {
        "evaluation": "translation",
        "segments": len(segments),
        "systems": [{"name": one.name, "signature": one.signature} for one in systems],
        "language_pairs": [
            {"languages": pair, **_of_pair([s for s in segments if pairs[s] == pair],
                                           _only(segments, systems, pair), paired)}
            for pair in dict.fromkeys(pairs.values())
        ],
    }  # fmt: skip


def _only(segments: Sequence[Segment], systems: Sequence[System], pair: str) -> list[System]:
    """The systems with their translations of this language pair alone."""
    return [
        System(
            system.name,
            tuple(
                text
                for segment, text in zip(segments, system.texts, strict=True)
                if _languages(segment) == pair
            ),
        )
        for system in systems
    ]


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
