"""`dragoman data sample`: translations drawn, pooled and chosen."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from tests.data import data
from tests.training import write_rows

from dragoman.data.pool import Choosing
from dragoman.data.texts import grams, likeness
from dragoman.errors import UserError
from dragoman.language_check import LanguageCheck, make_language_check
from dragoman.types import Candidate, Segment

SEGMENT = Segment("0", "Guten Morgen", "de", "en")
NO_CHECK = make_language_check("none")


def chosen(*texts: str, most: int = 4, **more: Any) -> list[str]:
    choosing = Choosing(more.pop("check", NO_CHECK), most, **more)
    candidates, _ = choosing.choose(SEGMENT, [Candidate(text) for text in texts])
    return [candidate.text for candidate in candidates]


def test_what_is_no_other_candidate_is_left_out() -> None:
    german = LanguageCheck("g", lambda text: "de" if "gut" in text else None)
    pool = ["Good day", "good  day!", "Ｇood day", "", " ", "Guten Morgen", "a gut day", "Hello"]
    _, left_out = Choosing(german).choose(SEGMENT, [Candidate(text) for text in pool])
    assert chosen(*pool, check=german) == ["Good day", "Hello"]
    assert left_out == {
        "hardly different": 2,
        "empty": 2,
        "copies of the source": 1,
        "in another language": 1,
    }


def test_likeness_by_hand() -> None:
    # "  ab  " has the trigrams __a _ab ab_ b__; "  ac  " shares the first of them.
    assert likeness(grams("ab"), grams("ac")) == 2 * 1 / 8
    assert likeness(grams("Ab."), grams("ab")) == 1
    assert likeness(grams("ab"), grams("xy")) == 0
    # Vowel signs are part of the word.
    assert likeness(grams("की"), grams("कु")) < 1


def test_a_single_wrong_word_is_a_difference() -> None:
    long = "The committee will meet again on Monday to discuss the new budget proposal"
    assert len(chosen(long, long.replace("will", "will not"))) == 2
    assert len(chosen(long, long.replace("will", "will not"), alike=0.8)) == 1


def test_of_many_those_are_taken_that_stand_evenly() -> None:
    # Each has a word more that the others do not have: the first is most like all others.
    words = ["one", "two", "six", "ten", "fog", "owl"]
    pool = ["The old house by the river stands " + " ".join(words[:n]) for n in range(1, 7)]
    taken = chosen(*pool, most=3)
    assert len(taken) == 3
    common = {text: sum(likeness(grams(text), grams(other)) for other in pool) for text in pool}
    line = sorted(pool, key=lambda text: -common[text])
    assert set(taken) == {line[0], line[2], line[5]}


@pytest.mark.parametrize(("most", "alike"), [(1, 0.9), (4, 0.0), (4, 1.5)])
def test_bad_bounds(most: int, alike: float) -> None:
    with pytest.raises(UserError):
        Choosing(NO_CHECK, most, alike)


def segments(count: int) -> list[dict[str, Any]]:
    return [
        {"id": str(i), "src_lang": "de", "tgt_lang": "en", "source": f"Satz {i}"}
        for i in range(count)
    ]


def block(text: str) -> str:
    return f"Well.\n\n```\n{text}\n```"


def test_several_temperatures_through_the_ledger(tmp_path: Path) -> None:
    rules = [{"replies": [block("Morning"), block("Good evening"), block("Hi there")],
              "log": str(tmp_path / "calls")}]  # fmt: skip
    engine = f"scripted:{write_rows(tmp_path / 'rules.jsonl', rules)}"
    flags = ("--engine", engine, "--temperatures", "0", "0.5", "1", "--samples", "4")
    stopped = data(tmp_path, "sample", segments(5), *flags, "--max-calls", "20")
    assert stopped == []
    rows = data(tmp_path, "sample", tmp_path / "in.jsonl", *flags)
    assert rows
    # One at temperature 0, four at each of the others.
    assert len((tmp_path / "calls").read_text().splitlines()) == 5 * 9
    for row in rows:
        assert row["pool"]["texts"] == 9
        assert {c["system"].split(" at ")[1] for c in row["candidates"]} <= {"0", "0.5", "1"}
    told = json.loads((tmp_path / "out.jsonl.provenance.json").read_text())
    assert told["settings"]["temp"] == "0 0.5 1"
    assert told["rows"]["written"] == len(rows)


def test_files_of_other_systems_are_pooled(tmp_path: Path) -> None:
    mine = write_rows(
        tmp_path / "mine.jsonl",
        [
            {
                "id": "0",
                "status": "ok",
                "translation": "Sentence 0",
                "samples": ["Sentence 0", "O"],
            },
            {"id": "1", "status": "failed", "translation": None},
            {"id": "2", "status": "ok", "translation": "Sentence 2"},
        ],
    )
    group = {**segments(3)[2], "candidates": [{"text": "Phrase 2", "system": "S"}, "Two"]}
    other = write_rows(tmp_path / "other.jsonl", [group])
    rows = data(tmp_path, "sample", segments(4), "--also", f"me={mine}", str(other))
    assert [row["id"] for row in rows] == ["0", "2"]
    assert [(c["system"], c["text"]) for c in rows[1]["candidates"]] == [
        ("me", "Sentence 2"), ("S", "Phrase 2"), ("other", "Two"),
    ]  # fmt: skip
    told = json.loads((tmp_path / "out.jsonl.provenance.json").read_text())
    assert told["rows"]["left_out"] == {"too-few": 2}
    assert len(told["inputs"]) == 3


def test_translations_in_another_order_are_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = [{"id": i, "status": "ok", "translation": "x"} for i in ("1", "0")]
    mine = write_rows(tmp_path / "mine.jsonl", lines)
    assert data(tmp_path, "sample", segments(2), "--also", f"me={mine}") == []
    assert "mine.jsonl:2: no segment has the id '0', or they come in" in capsys.readouterr().err
    write_rows(tmp_path / "mine.jsonl", [{"id": "0", "text": "x"}])
    data(tmp_path, "sample", segments(2), "--also", f"me={mine}")
    assert "mine.jsonl:1: neither 'candidates' nor" in capsys.readouterr().err


def test_nothing_to_draw_from(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert data(tmp_path, "sample", segments(1)) == []
    assert "name an --engine, or translations with --also" in capsys.readouterr().err
