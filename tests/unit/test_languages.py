"""Languages by name and by code, and BLEU's tokenizer, which follows from the code."""

from __future__ import annotations

import pytest

from dragoman.errors import UnknownLanguage
from dragoman.languages import language_code, language_name
from dragoman.metrics import make_metric
from dragoman.types import Segment

CODES = {
    "zh": "zh",
    "zh-CN": "zh",
    "zho_Hans": "zh",
    "cmn": "zh",
    "cmn_Hans": "zh",
    "Chinese": "zh",
    " chinese ": "zh",
    "Mandarin Chinese": "zh",
    "ja": "ja",
    "jpn_Jpan": "ja",
    "Japanese": "ja",
    "kor": "ko",
    "pt-BR": "pt",
    "arb_Arab": "ar",
    "hr": "hr",
    "nb": "nb",
    "id": "id",
}

TOKENIZERS = {"zh": "zh", "ja": "char", "ko": "char"}


@pytest.mark.parametrize(("language", "code"), CODES.items())
def test_codes_and_tokenizers(language: str, code: str):
    assert language_code(language) == code
    fields = make_metric("bleu").fields_for(Segment("s", "x", "en", language))
    assert fields["tok"] == TOKENIZERS.get(code, "13a")


@pytest.mark.parametrize("language", ["", " ", "klingonish", "xx", "Chinesee"])
def test_what_is_no_language_is_refused(language: str):
    for find in (language_name, language_code):
        with pytest.raises(UnknownLanguage, match="BCP-47"):
            find(language)
    with pytest.raises(UnknownLanguage):
        make_metric("bleu").fields_for(Segment("s", "x", "en", language))


@pytest.mark.parametrize("name", ["chrf", "bleu"])
def test_a_metric_tells_what_it_can_before_it_sees_a_segment(name: str):
    import sacrebleu

    metric = make_metric(name)
    chinese, english = (metric.fields_for(Segment("s", "x", "de", to)) for to in ("zh", "en"))
    shared = dict(chinese.items() & english.items())
    assert metric.fields == shared
    assert shared.keys() >= {"metric", "case", "sacrebleu"}
    assert shared["sacrebleu"] == sacrebleu.__version__
    assert (chinese == english) == (name == "chrf")
