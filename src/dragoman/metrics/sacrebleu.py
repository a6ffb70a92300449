"""Sentence-level chrF and BLEU against the reference, by sacrebleu with its defaults."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

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
