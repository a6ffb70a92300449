"""By sacrebleu with its defaults: chrF and BLEU of sentences; BLEU, chrF and TER of corpora, and
its tests of the difference between systems."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any, Literal

from dragoman.languages import language_code
from dragoman.types import Group, Segment

# sacrebleu's own choice for a target language, as its --language-pair option makes it;
# Japanese is split into characters because its MeCab tokenizer is a separate install.
TOKENIZERS = {"zh": "zh", "ja": "char", "ko": "char"}


class _SacreBleu:
    """What both have in common: one scorer a tokenizer, one reference, one score a sentence."""

    name: str
    needs_reference = True

    @property
    def fields(self) -> Mapping[str, object]:
        return {key: value for key, value in self._told().items() if key != "tok"}

    def fields_for(self, segment: Segment) -> Mapping[str, object]:
        return self._told(segment)

    def scores(self, group: Group) -> Sequence[float]:
        reference = group.segment.reference
        if reference is None:
            raise ValueError("no reference")
        scorer = self._scorer(group.segment)
        return [float(scorer.sentence_score(c.text, [reference]).score) for c in group.candidates]

    def _scorer(self, segment: Segment | None) -> Any:
        raise NotImplementedError

    def _told(self, segment: Segment | None = None) -> Mapping[str, object]:
        scorer = self._scorer(segment)
        # sacrebleu only tells its signature once it knows how many references there are.
        scorer.num_refs = 1
        info: dict[str, object] = dict(scorer.get_signature().info)
        version = info.pop("version")
        return {"metric": self.name, **info, "sacrebleu": version}


class ChrF(_SacreBleu):
    """chrF, the overlap of character n-grams with the reference, 0 to 100."""

    name = "chrf"

    def _scorer(self, segment: Segment | None) -> Any:
        return _chrf()


class Bleu(_SacreBleu):
    """Sentence BLEU, the overlap of word n-grams with the reference, 0 to 100."""

    name = "bleu"

    def _scorer(self, segment: Segment | None) -> Any:
        language = language_code(segment.target_lang) if segment else ""
        return _bleu(TOKENIZERS.get(language, "13a"))


@cache
def _chrf() -> Any:
    from sacrebleu.metrics.chrf import CHRF

    return CHRF()


@cache
def _bleu(tokenizer: str) -> Any:
    from sacrebleu.metrics.bleu import BLEU

    return BLEU(effective_order=True, tokenize=tokenizer)


def corpus_metrics(tokenizer: str) -> dict[str, Any]:
    """sacrebleu's own BLEU, chrF and TER for corpora; the tokenizer is BLEU's."""
    from sacrebleu.metrics.bleu import BLEU
    from sacrebleu.metrics.chrf import CHRF
    from sacrebleu.metrics.ter import TER

    return {"BLEU": BLEU(tokenize=tokenizer), "chrF": CHRF(), "TER": TER()}


def corpus_scores(
    metrics: Mapping[str, Any], texts: Sequence[str], references: Sequence[str]
) -> list[dict[str, object]]:
    """Each metric of a corpus: its number, its signature, and sacrebleu's line for it."""
    found: list[dict[str, object]] = []
    for metric in metrics.values():
        score = metric.corpus_score(texts, [references])
        told = metric.get_signature().format()
        line = score.format(width=1, signature=told)
        found.append(
            {"name": score.name, "score": float(score.score), "signature": told, "line": line}
        )
    return found


def paired_test(
    metrics: Mapping[str, Any],
    systems: Sequence[tuple[str, Sequence[str]]],
    references: Sequence[str],
    kind: Literal["bs", "ar"],
) -> list[dict[str, object]]:
    """Each metric of each system beside the first one: paired bootstrap or approximate
    randomisation. `ci` is half of the interval around the mean, as sacrebleu says it."""
    from sacrebleu.significance import PairedTest

    # Its types say less than it does.
    test: Any = PairedTest(list(systems), metrics, [references], kind)
    signatures, columns = test()
    names = columns.pop("System")
    return [
        {
            "metric": metric,
            "signature": signatures[metric].format(),
            "systems": [
                {
                    # sacrebleu marks the first one in its name.
                    "name": name.removeprefix("Baseline: "),
                    "score": float(result.score),
                    "p": _plain(result.p_value),
                    "mean": _plain(result.mean),
                    "ci": _plain(result.ci),
                }
                for name, result in zip(names, results, strict=True)
            ],
        }
        for metric, results in columns.items()
    ]


def _plain(number: Any) -> float | None:
    return None if number is None else float(number)
