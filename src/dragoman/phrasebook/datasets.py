"""The phrasebook's data sets, by name: rows for training and validation, by seed.

    translations   {"prompt", "response"}: to translate; `sloppy` as the hasty translator does
    judge          {"prompt", "response"}: to compare, rank and score groups (GQM)
    judge-alone    {"prompt", "response"}: to score candidates one by one (SQM)
    groups         groups of candidates with planted errors, and their gold scores
    pairs          {"prompt", "chosen", "rejected"}: the best and the worst translation of a group
    segments       sentences to translate, with references
    sentences      {"lang", "text"}: the source sides of `directions` alone

Every set takes `split`, `seed`, `size` and `directions`. A segment's id says where it came
from, so that its gold quality can be computed from the id and a text alone.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from itertools import islice
from typing import Any, Literal

from dragoman.errors import UserError
from dragoman.phrasebook import gold, tasks
from dragoman.phrasebook.lexicon import LANGUAGES
from dragoman.phrasebook.meaning import Meaning
from dragoman.phrasebook.sloppy import sloppy
from dragoman.phrasebook.world import Split, meanings
from dragoman.records import group_to_row, segment_to_row
from dragoman.types import Candidate, Group, Segment

Row = dict[str, Any]

SPLITS = ("train", "validation", "test")
EN_TO_BOTH = ("en-de", "en-zh")
TASK = "phrasebook"


def load(
    name: str,
    *,
    split: str = "train",
    seed: int = 1,
    size: int = 2000,
    directions: Sequence[str] = EN_TO_BOTH,
    **more: Any,
) -> Iterator[Row]:
    """The rows of a data set; the same seed gives the same ones."""
    if name not in _SETS:
        raise UserError(f"the phrasebook has no data set {name!r}; there are {', '.join(_SETS)}")
    known_split = check_split(split)
    pairs = [_direction(direction) for direction in directions]
    make, options = _SETS[name]
    given = {"seed": seed, "size": size, "directions": pairs, **more}
    for option, value in given.items():
        if option in more and option not in options:
            known = ", ".join(("split", "seed", "size", "directions", *options))
            raise UserError(f"phrasebook:{name} has no option {option!r}; there are {known}")
        wanted, fits = _OPTIONS[option]
        if not fits(value):
            raise UserError(f"phrasebook:{name}: {option} is {wanted}, not {value!r}")
    rng = random.Random(f"{name}/{split}/{seed}")
    return make(_segments(known_split, seed, size, pairs), rng, **more)


def check_split(split: str) -> Split:
    """The split of that name."""
    if split not in SPLITS:
        raise UserError(f"the phrasebook's splits are {', '.join(SPLITS)}, not {split!r}")
    return split


def segment_id(split: Split, seed: int, number: int, source: str, target: str) -> str:
    """Where a segment came from; `segment_meaning` finds the way back."""
    return f"{TASK}/{split}/{seed}/{number}/{source}-{target}"


def segment_meaning(segment: Segment) -> Meaning | None:
    """The meaning behind a segment of a data set; None for one from elsewhere."""
    parts = segment.id.split("/")
    if len(parts) != 5 or parts[0] != TASK or parts[1] not in SPLITS:
        return None
    if not (parts[2].isdecimal() and parts[3].isdecimal()):
        return None
    return _nth_meaning(parts[1], int(parts[2]), int(parts[3]))


def gold_quality(segment: Segment, text: str) -> float:
    """The gold score of a translation of one of our segments, from 0 to 10."""
    meaning = segment_meaning(segment)
    if meaning is None:
        raise UserError(f"segment {segment.id!r} is not of the phrasebook: it has no gold quality")
    return float(gold.score(text, meaning, segment.target_lang))


def _direction(text: str) -> tuple[str, str]:
    source, _, target = text.partition("-")
    if source not in LANGUAGES or target not in LANGUAGES or source == target:
        known = ", ".join(LANGUAGES)
        raise UserError(f"direction {text!r}: write two different ones of {known}, as en-de")
    return source, target


Stream = Iterator[tuple[Meaning, Segment]]


def _segments(split: Split, seed: int, size: int, pairs: list[tuple[str, str]]) -> Stream:
    """`size` meanings, each in one direction, by turns."""
    for number in range(size):
        source, target = pairs[number % len(pairs)]
        meaning = _nth_meaning(split, seed, number)
        id = segment_id(split, seed, number, source, target)
        yield meaning, tasks.segment(meaning, source, target, id)


def _nth_meaning(split: Split, seed: int, number: int) -> Meaning:
    drawn, stream = _drawn(split, seed)
    if len(drawn) <= number:
        drawn += islice(stream, number + 1 - len(drawn))
    return drawn[number]


@lru_cache(64)
def _drawn(split: Split, seed: int) -> tuple[list[Meaning], Iterator[Meaning]]:
    return [], meanings(split, seed)


def _translations(stream: Stream, rng: random.Random, sloppy_share: float = 0.0) -> Iterator[Row]:
    for meaning, segment in stream:
        target = segment.target_lang
        text = sloppy(meaning, target, rng) if rng.random() < sloppy_share else None
        yield _lesson(tasks.translation_task(meaning, segment.source_lang, target, text))


def _judge(stream: Stream, rng: random.Random, most: int = 4) -> Iterator[Row]:
    for meaning, segment in stream:
        texts = _candidates(meaning, segment, rng, most)
        yield _lesson(tasks.group_task(meaning, segment, texts))


def _judge_alone(stream: Stream, rng: random.Random) -> Iterator[Row]:
    for meaning, segment in stream:
        text = tasks.candidates(meaning, segment.source_lang, segment.target_lang, rng, 1)[0]
        yield _lesson(tasks.alone_task(meaning, segment, text))


Candidates = Literal["planted", "mixed"]


def _groups(
    stream: Stream, rng: random.Random, most: int = 4, candidates: Candidates = "planted"
) -> Iterator[Row]:
    for meaning, segment in stream:
        texts = _candidates(meaning, segment, rng, most, candidates)
        group = Group(segment, tuple(map(Candidate, texts)))
        scores = [gold.score(text, meaning, segment.target_lang) for text in texts]
        yield {**group_to_row(group), "scores": scores}


def _candidates(
    meaning: Meaning,
    segment: Segment,
    rng: random.Random,
    most: int,
    kind: Candidates = "mixed",
) -> list[str]:
    """Different candidates that are not all of one quality."""
    source, target = segment.source_lang, segment.target_lang
    count = rng.choice([n for n in (2, 3, 4, 4) if n <= most])
    make = tasks.planted if kind == "planted" else tasks.candidates
    while True:
        texts = make(meaning, source, target, rng, count)
        if len({gold.score(text, meaning, target) for text in texts}) > 1:
            return texts


def _plain_segments(
    stream: Stream, rng: random.Random, cross_lingual: bool = False
) -> Iterator[Row]:
    """With `cross_lingual`, each sentence also into another language, without a reference."""
    for _, segment in stream:
        yield segment_to_row(segment)
        if cross_lingual:
            others = [c for c in LANGUAGES if c not in (segment.source_lang, segment.target_lang)]
            other = rng.choice(others)
            head = segment.id.rpartition("/")[0]
            yield segment_to_row(
                Segment(f"{head}/{segment.source_lang}-{other}", segment.source,
                        segment.source_lang, other)
            )  # fmt: skip


def _pairs(
    stream: Stream, rng: random.Random, most: int = 4, candidates: Candidates = "planted"
) -> Iterator[Row]:
    for meaning, segment in stream:
        source, target = segment.source_lang, segment.target_lang
        texts = _candidates(meaning, segment, rng, most, candidates)
        texts.sort(key=lambda text: gold.score(text, meaning, target))
        best, worst = (
            tasks.translation_task(meaning, source, target, text) for text in (texts[-1], texts[0])
        )
        yield {"prompt": best.prompt, "chosen": best.reply, "rejected": worst.reply}


def _sentences(stream: Stream, rng: random.Random) -> Iterator[Row]:
    for _, segment in stream:
        yield {"id": segment.id, "lang": segment.source_lang, "text": segment.source}


def _lesson(task: tasks.Task) -> Row:
    return {"prompt": task.prompt, "response": task.reply}


_SETS: dict[str, tuple[Callable[..., Iterator[Row]], tuple[str, ...]]] = {
    "translations": (_translations, ("sloppy_share",)),
    "judge": (_judge, ("most",)),
    "judge-alone": (_judge_alone, ()),
    "groups": (_groups, ("most", "candidates")),
    "pairs": (_pairs, ("most", "candidates")),
    "sentences": (_sentences, ()),
    "segments": (_plain_segments, ("cross_lingual",)),
}

_OPTIONS: dict[str, tuple[str, Callable[[Any], bool]]] = {
    "seed": ("a whole number from 0", lambda value: type(value) is int and value >= 0),
    "size": ("a whole number from 0", lambda value: type(value) is int and value >= 0),
    "directions": ("a list such as en-de, en-zh", bool),
    "sloppy_share": (
        "a share from 0 to 1",
        lambda value: type(value) in (int, float) and 0 <= value <= 1,
    ),
    "most": ("a whole number from 2", lambda value: type(value) is int and value >= 2),
    "candidates": ("planted or mixed", lambda value: value in ("planted", "mixed")),
    "cross_lingual": ("true or false", lambda value: type(value) is bool),
}
"""What each option wants."""
