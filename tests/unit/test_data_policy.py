"""`dragoman data policy`: segments to translate, and the same into other languages."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from tests.data import data
from tests.training import write_rows

from dragoman.data.policy import TOWER_LANGUAGES, CrossLingual
from dragoman.errors import UserError
from dragoman.language_check import LanguageCheck, make_language_check
from dragoman.records import segment_from_row
from dragoman.types import Segment


def segments(count: int, **more: Any) -> list[dict[str, Any]]:
    return [
        {
            "id": str(i),
            "src_lang": "en",
            "tgt_lang": "de",
            "source": f"Sentence {i}.",
            "reference": f"Satz {i}.",
            **more,
        }
        for i in range(count)
    ]


def test_each_segment_twice_and_no_reference_in_another_language(tmp_path: Path) -> None:
    rows = data(tmp_path, "policy", segments(50, context=["Before."]), "--cross-lingual")
    assert len(rows) == 100
    for own, other in zip(rows[::2], rows[1::2], strict=True):
        assert (own["tgt_lang"], own["reference"]) == ("de", f"Satz {own['id']}.")
        assert other["id"] == f"{own['id']}/{other['tgt_lang']}"
        assert other["origin"] == {**own["origin"], "cross_lingual": True}
        assert "reference" not in other
        assert {**own, **other}["source"] == own["source"]
        assert segment_from_row(other).context == ("Before.",)


def test_targets_are_drawn_evenly() -> None:
    draw = CrossLingual(TOWER_LANGUAGES, 0)
    targets = Counter[str]()
    for i in range(8000):
        other = draw.of(Segment("s", f"Sentence {i}", "eng_Latn", "Chinese"))
        assert other
        targets[other.target_lang] += 1
    assert set(targets) == set(TOWER_LANGUAGES) - {"en", "zh"}
    # Eight cells of 1000 and a standard deviation of 30: the sum of squares is chi squared with 7
    # degrees of freedom, above 24.3 once in a thousand.
    assert sum((count - 1000) ** 2 / 1000 for count in targets.values()) < 24.3


def test_languages_beyond_the_set_and_sets_with_nothing_left(tmp_path: Path) -> None:
    rows = data(tmp_path, "policy", segments(3, src_lang="cs"), "--cross-lingual")
    assert len(rows) == 6
    flags = ("--cross-lingual", "--languages", "en", "German", "--overwrite")
    assert len(data(tmp_path, "policy", segments(3), *flags)) == 3
    with pytest.raises(UserError, match="one stands there twice"):
        CrossLingual(("zh", "zho_Hans"), 0)
    with pytest.raises(UserError, match="no language has the code"):
        CrossLingual(("xx-none",), 0)


def test_without_augmentation_and_without_repeats(tmp_path: Path) -> None:
    twice = [*segments(2), *segments(2), *segments(1, source=" ")]
    assert [row["id"] for row in data(tmp_path, "policy", twice)] == ["0", "1"]


def test_rows_depend_on_the_seed_and_the_segment_alone(tmp_path: Path) -> None:
    flags = ("--cross-lingual", "--overwrite", "--seed")
    rows = data(tmp_path, "policy", segments(40), *flags, "1")
    later = data(tmp_path, "policy", segments(40)[20:], *flags, "1")
    strip = [{k: v for k, v in row.items() if k != "origin"} for row in rows[40:]]
    assert [{k: v for k, v in row.items() if k != "origin"} for row in later] == strip
    assert data(tmp_path, "policy", segments(40), *flags, "2") != rows


def english(text: str) -> str | None:
    """A guesser that knows one language by one word."""
    return "en" if "Sentence" in text else None


def always_english() -> Any:
    return english


def test_a_reference_in_another_language_is_dropped(tmp_path: Path) -> None:
    rows = [*segments(1), *segments(1, source="Other.", reference="Sentence in English.")]
    flags = ("--language-check", "tests.unit.test_data_policy:always_english")
    kept, dropped = data(tmp_path, "policy", rows, *flags)
    assert kept["reference"] == "Satz 0."
    assert "reference" not in dropped


def test_langid_says_when_it_cannot_tell() -> None:
    pytest.importorskip("py3langid")
    check = make_language_check("langid")
    assert check.is_wrong("Guten Morgen, wie geht es dir heute?", "en")
    assert not check.is_wrong("Guten Morgen, wie geht es dir heute?", "deu_Latn")
    for unclear in ("", "1234", "ok", "\x00", "Paris"):
        assert not check.is_wrong(unclear, "zh")


def test_a_guesser_may_name_what_no_list_has() -> None:
    assert LanguageCheck("mine", lambda text: "xx-none").is_wrong("?", "en")
    assert not make_language_check("none").is_wrong("Guten Morgen", "en")


def test_published_rows_are_read(tmp_path: Path) -> None:
    published = {"src_text": "早上好", "trg_text": "Hi", "src_lang": "zh", "trg_lang": "en"}
    file = write_rows(tmp_path / "tower.jsonl", [published])
    (row,) = data(tmp_path, "policy", file)
    assert (row["id"], row["source"], row["reference"]) == ("1", "早上好", "Hi")
