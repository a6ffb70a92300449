"""How far synthetic labels of wrong words agree with gold, on the phrasebook.

python benchmarks/qe.py [--segments 120] [--noise 0.25]

The generator is phrasebook:base with noise on every matrix, of so many of its standard
deviations, so that it errs; the annotator is phrasebook:base itself. Gold compares a translation
with the nearest acceptable one, by the meaning. Sentences without idioms and notes, because the
reply is made to begin with the words of such. Beside the whole method: without the pull, with
the generator as its own annotator, with every word wrong that the reference has not, and with
other ranks.
"""

from __future__ import annotations

import argparse
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import torch
from safetensors.torch import load_file, save_file

from dragoman.data.qe.labels import (
    CRITICAL,
    HIGHEST_RANKS,
    MAJOR,
    MINOR,
    NAMES,
    OK,
    WEIGHTS,
    Ranked,
    by_phrases,
)  # fmt: skip
from dragoman.data.qe.making import check_different, labelled
from dragoman.data.qe.networks import Network, Search
from dragoman.data.qe.pull import Pull
from dragoman.data.qe.tokens import Wording
from dragoman.data.qe.words import kept, words_in
from dragoman.phrasebook.datasets import load, segment_meaning
from dragoman.phrasebook.gold import compare
from dragoman.phrasebook.models import model_folder
from dragoman.phrasebook.replies import thought
from dragoman.phrasebook.vocabulary import vocabulary, words_of
from dragoman.records import segment_from_row
from dragoman.types import Segment

WORDING = Wording("codeblock-think", "No idiom.\n\n```\n", "\n```")
THOUGHT = "No idiom."
BATCH = 16
SEED = 1
RESAMPLES = 1000

Span = tuple[int, int, str]


@dataclass(frozen=True)
class Counts:
    """Of one sentence: words by (synthetic, gold) wrong, spans found, said, true, and those with
    their severity, severities that agree, and both scores."""

    words: tuple[int, int, int, int]
    spans: tuple[int, int, int]
    severe: int
    same: int
    scores: tuple[float, float]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--segments", type=int, default=120)
    parser.add_argument("--noise", type=float, default=0.25)
    args = parser.parse_args()
    annotator = Network(str(model_folder("base")), WORDING)
    with TemporaryDirectory() as folder:
        generator = Network(str(noisy(model_folder("base"), Path(folder), args.noise)), WORDING)
        check_different(generator, annotator)
    rows = load("segments", split="test", seed=1, size=4 * args.segments)
    plain = (s for s in map(segment_from_row, rows) if thought(segment_meaning(s)) == THOUGHT)
    segments = list(islice(plain, args.segments))
    print(f"{len(segments)} segments, noise {args.noise:g}, seed {SEED}")
    pulled = translated(generator, segments, Pull())
    free = translated(generator, segments, Pull(own=1))
    ranks = ranked(annotator, pulled)
    tell("whole method", pulled, ranks)
    tell("no pull", free, ranked(annotator, free))
    tell("own annotator", pulled, ranked(generator, pulled))
    tell("whole method, ranks 1 2 8", pulled, ranks, (1, 2, 8))
    tell("own annotator, ranks 1 2 8", pulled, ranked(generator, pulled), (1, 2, 8))
    of_reference = [[Ranked(0, len(text), CRITICAL_RANK)] for _, text in pulled]
    tell("reference alone", pulled, of_reference)


def noisy(folder: Path, copy: Path, noise: float) -> Path:
    """The model with noise on its matrices."""
    for file in folder.iterdir():
        if file.is_file():
            shutil.copy(file, copy)
    weights = load_file(copy / "model.safetensors")
    dice = torch.Generator().manual_seed(SEED)
    for name in sorted(weights):
        matrix = weights[name].float()
        if matrix.ndim == 2:
            matrix += noise * matrix.std() * torch.randn(matrix.shape, generator=dice)
        weights[name] = matrix.to(weights[name].dtype)
    save_file(weights, copy / "model.safetensors", metadata={"format": "pt"})
    return copy


CRITICAL_RANK = 10**9
Texts = list[tuple[Segment, str]]


def translated(generator: Network, segments: Sequence[Segment], pull: Pull) -> Texts:
    search = Search(pull, max_tokens=48)
    texts: list[str | None] = []
    for start in range(0, len(segments), BATCH):
        texts += generator.translate(segments[start : start + BATCH], search)
    return [(s, text) for s, text in zip(segments, texts, strict=True) if text]


def ranked(annotator: Network, texts: Texts) -> list[list[Ranked]]:
    ranks: list[list[Ranked]] = []
    for start in range(0, len(texts), BATCH):
        batch = texts[start : start + BATCH]
        ranks += annotator.rank([s for s, _ in batch], [text for _, text in batch])
    return ranks


def tell(
    name: str,
    texts: Texts,
    ranks: Sequence[Sequence[Ranked]],
    highest: Sequence[int] = HIGHEST_RANKS,
) -> None:
    counts = [
        counted(segment, text, tokens, highest)
        for (segment, text), tokens in zip(texts, ranks, strict=True)
    ]
    words = np.array([it.words for it in counts])
    spans = np.array([it.spans for it in counts])
    severe = np.array([it.severe for it in counts])
    same = np.array([it.same for it in counts])
    scores = np.array([it.scores for it in counts])
    picks = np.random.default_rng(0).integers(len(counts), size=(RESAMPLES, len(counts)))

    def figure(what: str, of) -> str:
        drawn = [of(pick) for pick in picks]
        known = [it for it in drawn if it == it] or [float("nan")]
        low, high = np.percentile(known, (2.5, 97.5))
        return f"{what} {of(np.arange(len(counts))):.3f} [{low:.3f}, {high:.3f}]"

    both, said, true, _ = total = words.sum(0)
    found, of_said, of_true = spans.sum(0)
    print(f"\n{name}: {len(texts)} translations, {total.sum()} words; wrong by gold "
          f"{both + true}, by label {both + said}, by both {both}; spans {of_true}, {of_said}, "
          f"{found}")  # fmt: skip
    print("  " + figure("word MCC", lambda pick: mcc(*words[pick].sum(0))))
    print("  " + figure("span F1", lambda pick: f1(*spans[pick].sum(0))))
    print("  " + figure("span F1 with severity",
                        lambda pick: f1(severe[pick].sum(), *spans[pick].sum(0)[1:])))  # fmt: skip
    print("  " + figure("severities that agree, of words wrong by both",
                        lambda pick: ratio(same[pick].sum(), words[pick].sum(0)[0])))  # fmt: skip
    print("  " + figure("Pearson of scores", lambda pick: pearson(scores[pick])))


def counted(
    segment: Segment, text: str, tokens: Sequence[Ranked], highest: Sequence[int]
) -> Counts:
    labels = labelled(segment, text, tokens, None, highest)
    words = words_in(text)
    gold = gold_severities(segment, text)
    row = by_phrases(gold, None).to_row(words)
    pairs = list(zip(labels["severities"], row["severities"], strict=True))
    wrong = [(a != "OK", b != "OK") for a, b in pairs]
    table = tuple(wrong.count(it) for it in ((True, True), (True, False), (False, True)))
    said, true = spans_of(labels["spans"]), spans_of(row["spans"])
    places = {it[:2] for it in said} & {it[:2] for it in true}
    same = sum(a == b != "OK" for a, b in pairs)
    return Counts(
        (*table, wrong.count((False, False))),
        (len(places), len(said), len(true)),
        len(said & true),
        same,
        (labels["score"], row["score"]),
    )


def spans_of(spans: Sequence[dict]) -> set[Span]:
    return {(it["start"], it["end"], it["severity"]) for it in spans}


def gold_severities(segment: Segment, text: str) -> list[int]:
    """For each word how wrong it is: beside the nearest acceptable translation a word that has
    moved or another form of a lacking one is a minor error, and another word weighs what it
    says."""
    language = segment.target_lang
    nearest = compare(text, segment_meaning(segment), language).reference
    expected = [word for word in nearest.words if word.sense]
    pieces = words_of(text, language)
    stays = kept(pieces, [word.text for word in expected])
    found = kept([word.text for word in expected], pieces)
    lacking = [word for word, it in zip(expected, found, strict=True) if not it]
    forms, senses = {w.text.casefold() for w in lacking}, {w.sense for w in lacking}
    labels, at = [OK] * len(text), 0
    for piece, stays_here in zip(pieces, stays, strict=True):
        start = text.index(piece, at)
        at = start + len(piece)
        if not stays_here:
            meanings = vocabulary(language).get(piece.casefold(), ())
            minor = piece.casefold() in forms or any(it.sense in senses for it in meanings)
            worst = NAMES.index(meanings[0].severity) if meanings else MAJOR
            labels[start:at] = [MINOR if minor else worst] * len(piece)
    return [max(labels[start:end]) for start, end in words_in(text)]


def mcc(both: float, said: float, true: float, neither: float) -> float:
    """The correlation of two yes-or-no labels; not a number where one is always the same."""
    product = float(both + said) * (both + true) * (neither + said) * (neither + true)
    return (both * neither - said * true) / product**0.5 if product else float("nan")


def f1(found: float, said: float, true: float) -> float:
    return ratio(2 * found, said + true)


def ratio(part: float, whole: float) -> float:
    return part / whole if whole else float("nan")


def pearson(scores: np.ndarray) -> float:
    if min(scores.std(0)) == 0:
        return float("nan")
    return float(np.corrcoef(scores.T)[0, 1])


def check() -> None:
    """The arithmetic by hand."""
    assert [mcc(1, 0, 0, 1), mcc(0, 1, 1, 0), mcc(1, 1, 1, 1)] == [1, -1, 0]
    assert abs(mcc(6, 2, 1, 3) - 16 / (8 * 7 * 5 * 4) ** 0.5) < 1e-12
    assert f1(1, 2, 4) == 1 / 3
    assert WEIGHTS[CRITICAL] == 5


if __name__ == "__main__":
    check()
    main()
