"""Choosing among samples by expected utility."""

from __future__ import annotations

import builtins
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

import pytest
from sacrebleu.metrics.bleu import BLEU
from sacrebleu.metrics.chrf import CHRF

from dragoman.asking import Asker, Patience
from dragoman.engines.scripted import ScriptedEngine
from dragoman.errors import MissingExtra, UnknownName, UserError
from dragoman.ranking import rank_scores
from dragoman.translators import Translator, make_translator
from dragoman.translators.translation_line import translation_row
from dragoman.translators.utilities import make_utility
from dragoman.types import Failure, Group, Judgement, Prompt, Sampling, Segment, Usage, Verdict

SEGMENT = Segment("s", "Die Katze sitzt.", "de", "en")
WARM = Sampling(temperature=0.7)
CAT = "The cat is sitting."
SAMPLES = (CAT, "The cat sits.", "A dog barks at night.", CAT)


def asker(texts: Sequence[str]) -> Asker:
    """Answers the draws with these texts, one after another; an empty one cannot be read."""

    def answer(prompt: Prompt, sampling: Sampling) -> str:
        text = texts[sampling.seed // 1000]
        return f"It sits.\n\n```\n{text}\n```" if text else "no block"

    return Asker(ScriptedEngine.answering(answer), WARM, Patience(0))


@pytest.mark.parametrize("utility", ["mbr", "mbr:bleu"])
async def test_the_signature_says_the_seed_of_the_samples(utility: str) -> None:
    made = make_translator(utility, asker(SAMPLES), samples=4)
    assert made.fields["seed"] == 0
    assert "|seed:0|" in (await made.translate(SEGMENT)).signature


class Ignorant:
    """Finds all texts of equal use."""

    fields: Mapping[str, object] = MappingProxyType({"utility": "ignorant"})

    def fields_for(self, segment: Segment) -> Mapping[str, object]:
        return self.fields

    def expected(
        self, texts: Sequence[str], samples: Sequence[str], segment: Segment
    ) -> Sequence[float]:
        return [1.0] * len(texts)


@pytest.mark.parametrize("utility", ["mbr", "mbr:chrf", "mbr:chrf-pairwise", "mbr:bleu"])
async def test_the_odd_one_out_comes_last(utility: str) -> None:
    texts = (SAMPLES[2], *SAMPLES[:2], CAT)
    translation = await make_translator(utility, asker(texts), samples=4).translate(SEGMENT)
    assert translation.texts == (CAT, "The cat sits.", "A dog barks at night.")
    utilities = translation.details["utilities"]
    assert utilities == sorted(utilities, reverse=True)
    assert translation.usage.calls == 4
    row = translation_row(translation)
    assert row["translation"] == CAT
    assert "translator:mbr|samples:4|format:codeblock-think.1" in row["signature"]


@pytest.mark.parametrize(
    ("name", "metric"),
    [("chrf-pairwise", CHRF()), ("bleu", BLEU(effective_order=True))],
)
def test_pairwise_utilities_are_means_of_sacrebleu(name: str, metric: Any) -> None:
    texts = list(dict.fromkeys(SAMPLES))
    by_hand = [
        sum(metric.sentence_score(text, [sample]).score for sample in SAMPLES) / len(SAMPLES)
        for text in texts
    ]
    assert make_utility(name).expected(texts, SAMPLES, SEGMENT) == pytest.approx(by_hand, abs=1e-9)


def test_beside_one_sample_the_aggregate_is_chrf_itself() -> None:
    texts = ["The cat sits.", "Il gatto.", ""]
    aggregate, pairwise = (
        make_utility(name).expected(texts, [CAT], SEGMENT) for name in ("chrf", "chrf-pairwise")
    )
    assert aggregate == pytest.approx(pairwise, abs=1e-9)


async def test_a_text_drawn_twice_counts_twice() -> None:
    """Of two texts each is of as much use to the other; the one that came twice wins."""
    texts = ("A dog barks.", CAT, CAT)
    translation = await make_translator("mbr", asker(texts), samples=3).translate(SEGMENT)
    assert translation.texts == (CAT, "A dog barks.")


async def test_of_equal_use_the_first_drawn_is_first() -> None:
    name = f"mbr:{__name__}:Ignorant"
    translation = await make_translator(name, asker(SAMPLES), samples=4).translate(SEGMENT)
    assert translation.texts == SAMPLES[:3]
    assert "utility:ignorant" in translation.signature


async def test_bleu_says_which_tokenizer_it_took() -> None:
    chinese = Segment("s", "Die Katze sitzt.", "de", "zh")
    translator = make_translator("mbr:bleu", asker(SAMPLES), samples=4)
    for segment, tokenizer in ((SEGMENT, "13a"), (chinese, "zh")):
        assert f"|utility_tok:{tokenizer}|" in (await translator.translate(segment)).signature


class Beside:
    """Scores texts by their letters in common with the reference; has no verdict beside some."""

    fields: Mapping[str, object] = MappingProxyType({"judge": "beside", "temp": 0.5})

    def __init__(self, *dumb: str, scores: bool = True):
        self.dumb, self.scores, self.references = dumb, scores, list[str | None]()

    async def judge(self, group: Group, draw: int = 0) -> Judgement:
        reference = group.segment.reference
        self.references.append(reference)
        if reference is None or reference in self.dumb:
            return Judgement(group, None, Failure("no-scores", "none"), (), "judge:b", Usage(1))
        scores = tuple(float(len({*c.text} & {*reference})) for c in group.candidates)
        verdict = Verdict(rank_scores(scores), scores if self.scores else None)
        return Judgement(group, verdict, None, ("so",), "judge:b", Usage(1))


def judged(texts: Sequence[str], judge: Beside) -> Translator:
    return make_translator("mbr:judge", asker(texts), samples=len(texts), judge=judge)


async def test_a_judge_sees_each_sample_as_the_reference_as_often_as_it_was_drawn() -> None:
    judge = Beside()
    translation = await judged(("abc", "abd", "xy", "abd"), judge).translate(SEGMENT)
    assert judge.references == ["abc", "abd", "xy"]
    # abc: 3 + 2·2 + 0, abd: 2 + 2·3 + 0, xy: 2; each over four.
    assert translation.texts == ("abd", "abc", "xy")
    assert translation.details == {"utilities": [2.0, 1.75, 0.5]}
    assert translation.usage.calls == 4 + 3
    assert "translator:mbr" in translation.signature
    assert "|utility:judge|" in translation.signature
    assert "judge:b" in translation.signature


async def test_a_judge_without_scores_has_places() -> None:
    translator = judged(("xy", "abc", "abd"), Beside(scores=False))
    translation = await translator.translate(SEGMENT)
    assert translation.texts == ("abc", "abd", "xy")
    # xy is first once and last twice: of three tiers beside abc and abd.
    assert translation.details["utilities"] == [-0.6667, -0.6667, -1.3333]


async def test_references_without_a_verdict_weigh_nothing() -> None:
    translation = await judged(("xy", "abc", "abd"), Beside("xy", "abd")).translate(SEGMENT)
    assert translation.texts == ("abc", "abd", "xy")
    assert translation.details == {"unjudged": {"no-scores": 2}, "utilities": [3.0, 2.0, 0.0]}
    none = await judged(("xy", "abc"), Beside("xy", "abc")).translate(SEGMENT)
    assert none.failure == Failure("unjudged", "no-scores: none")
    assert none.texts == ()


async def test_lost_samples_are_counted_and_never_weighed() -> None:
    translator = make_translator("mbr", asker(("", CAT, "")), samples=3)
    translation = await translator.translate(SEGMENT)
    assert translation.texts == (CAT,)
    assert translation.details["lost"] == {"no-block": 2}


async def test_without_a_readable_sample_there_is_no_translation() -> None:
    translation = await make_translator("mbr", asker(("", "")), samples=2).translate(SEGMENT)
    assert translation.failure
    assert translation.failure.reason == "no-block"
    assert "translator:mbr" in translation.signature


@pytest.mark.parametrize(
    ("name", "samples", "error", "message"),
    [
        ("mbr", 1, UserError, "--samples 16"),
        ("mbr:judge", 4, UserError, "wants a judge"),
        ("mbr:ter", 4, UnknownName, "no utility is called 'ter'; there are bleu, chrf"),
    ],
)
def test_what_mbr_cannot_be_made_of(
    name: str, samples: int, error: type[UserError], message: str
) -> None:
    with pytest.raises(error, match=message):
        make_translator(name, asker(SAMPLES), samples=samples)


def test_a_missing_package_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def without(name: str, *arguments: Any, **named: Any) -> Any:
        if name == "fastchrf":
            raise ImportError(name)
        return real(name, *arguments, **named)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(MissingExtra, match=r"pip install 'dragoman\[mbr\]'"):
        make_utility("chrf")
