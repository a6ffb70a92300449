"""`dragoman data split` and `describe`: documents whole, nothing leaked, everything counted."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.data import rows_of, run
from tests.training import write_rows

from dragoman.data.describe import TestSet, describe
from dragoman.data.split import Splitting, split
from dragoman.data.step import Tally
from dragoman.data.texts import plain
from dragoman.errors import UserError

THREE = {"train": 0.6, "validation": 0.2, "test": 0.2}


def rows(count: int, per_document: int = 5) -> list[dict[str, Any]]:
    return [
        {"id": str(i), "document": f"d{i // per_document}", "source": f"Sentence number {i}."}
        for i in range(count)
    ]


def parts(file: Path, splitting: Splitting, tally: Tally) -> dict[str, list[dict[str, Any]]]:
    found: dict[str, list[dict[str, Any]]] = {part: [] for part in splitting.shares}
    for part, row in split(str(file), splitting, tally):
        found[part].append(row)
    return found


def test_documents_stay_whole_and_shares_are_kept(tmp_path: Path) -> None:
    found = parts(write_rows(tmp_path / "r.jsonl", rows(500)), Splitting(THREE), Tally())
    assert {part: len(some) for part, some in found.items()} == {
        "train": 300, "validation": 100, "test": 100,
    }  # fmt: skip
    documents = [{row["document"] for row in some} for some in found.values()]
    assert sum(map(len, documents)) == len(set.union(*documents)) == 100


def test_a_document_is_taken_if_half_of_it_has_room(tmp_path: Path) -> None:
    # Three documents into halves of one and a half: the last part is filled first.
    file = write_rows(tmp_path / "r.jsonl", rows(15))
    found = parts(file, Splitting({"train": 0.5, "test": 0.5}), Tally())
    assert {part: len(some) for part, some in found.items()} == {"train": 5, "test": 10}


def test_the_last_part_is_drawn_by_the_seed_before_all_others(tmp_path: Path) -> None:
    file = write_rows(tmp_path / "r.jsonl", rows(100))

    def tested(shares: dict[str, float], seed: int) -> set[str]:
        drawn = Splitting(shares, seed=seed).parts_of_documents(str(file))
        return {name for name, part in drawn.items() if part == "test"}

    usual = tested({"train": 0.5, "test": 0.5}, 0)
    assert tested({"train": 0.3, "validation": 0.2, "test": 0.5}, 0) == usual
    assert tested({"train": 0.5, "test": 0.5}, 1) != usual


@settings(max_examples=30, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 5)), min_size=1), st.integers(0, 9))
def test_no_source_is_in_two_parts(told: list[tuple[int, int]], seed: int) -> None:
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        file = write_rows(
            Path(folder) / "r.jsonl",
            [{"document": d, "source": f"SENTENCE number {s}!"} for d, s in told],
        )
        tally = Tally()
        found = parts(file, Splitting(THREE, seed=seed), tally)
    sources = [{plain(row["source"]) for row in some} for some in found.values()]
    assert sum(map(len, sources)) == len(set.union(*sources))
    assert sum(map(len, found.values())) + tally.left_out.total() == len(told)


def test_a_short_source_leaks_nothing(tmp_path: Path) -> None:
    told = [{"document": str(i), "source": "Yes."} for i in range(20)]
    tally = Tally()
    parts(write_rows(tmp_path / "r.jsonl", told), Splitting(THREE), tally)
    assert not tally.left_out


def test_the_command_writes_every_part_with_a_sidecar(tmp_path: Path) -> None:
    leak = {"id": "x", "document": "other", "source": "sentence number 7"}
    file = write_rows(tmp_path / "r.jsonl", [*rows(100), *[{**leak, "id": f"x{i}"} for i in "ab"]])
    flags = ("--parts", "train=0.5", "test=0.5", "--seed", "2")
    assert run("data", "split", str(file), "-o", str(tmp_path / "p"), *flags) == 0
    told = [rows_of((tmp_path / "p" / f"{part}.jsonl").read_text()) for part in ("train", "test")]
    side = json.loads((tmp_path / "p" / "test.jsonl.provenance.json").read_text())
    assert side["rows"]["written"] == len(told[1])
    assert len(told[0]) + len(told[1]) + sum(side["rows"]["left_out"].values()) == 102
    assert run("data", "split", str(file), "-o", str(tmp_path / "p"), *flags) == 2


@pytest.mark.parametrize("shares", [{"a": 1.0}, {"a": 0.5, "b": 0.6}, {"a": 1.0, "b": 0.0}])
def test_shares_that_make_no_sense(shares: dict[str, float]) -> None:
    with pytest.raises(UserError, match="add up to 1"):
        Splitting(shares)


def test_a_description_by_hand(tmp_path: Path) -> None:
    group = {"src_lang": "de", "tgt_lang": "en", "source": "Hallo Welt"}
    told = [
        {**group, "id": "1", "candidates": ["a", {"text": "a", "system": "S"}, "bb"],
         "scores": [5, 5, 7.5], "confidence": 0.66},
        {**group, "id": "2", "candidates": ["a", "b"], "scores": [1, 1]},
        {**group, "id": "3", "candidates": ["a", "b"], "status": "failed", "scores": None},
        {**group, "id": "4"},
        {"prompt": "p", "response": "rrr"},
        {"prompt": "p", "response": "rrr", "origin": {"row": 2}},
    ]  # fmt: skip
    said = describe(str(write_rows(tmp_path / "r.jsonl", told))).as_row()
    assert said == {
        "rows": 6,
        "kinds": {"groups": 1, "groups with scores": 2, "lessons": 2, "segments": 1},
        "failed": 1,
        "pairs": {"de-en": 4},
        "systems": {"S": 1},
        "characters": {
            "source": {"least": 10, "quarter": 10, "half": 10, "three quarters": 10, "most": 10,
                       "mean": 10},
            "candidate": {"least": 1, "quarter": 1, "half": 1, "three quarters": 1, "most": 2,
                          "mean": 1.1},
            "prompt": {"least": 1, "quarter": 1, "half": 1, "three quarters": 1, "most": 1,
                       "mean": 1},
            "response": {"least": 3, "quarter": 3, "half": 3, "three quarters": 3, "most": 3,
                         "mean": 3},
        },
        "candidates": {"2": 2, "3": 1},
        "scores": {"1": 2, "5": 2, "7.5": 1},
        # Of the three pairs of the first group one is tied, and the one of the second.
        "tied_pairs": 0.5,
        "wholly_tied_groups": 0.3333,
        "confidences": {"0.7": 1},
        "repeated": {"rows": 1, "sources": 4, "candidates in their group": 1},
        "rows_met_in": {},
    }  # fmt: skip


def test_what_is_met_of_a_test_set(tmp_path: Path) -> None:
    long = "The committee decided on Tuesday that the bridge over the river would be closed"
    test = TestSet(
        "t", str(write_rows(tmp_path / "t.jsonl", [{"source": long}, {"source": "Yes"}]))
    )
    assert test.holds("yes!")
    assert test.holds(f"He said: {long.upper()}, and left.")
    # 40 letters in a row of it, and 39.
    letters = plain(long).replace(" ", "")
    assert test.holds("x" * 30 + letters[5:45] + "y" * 30)
    assert not test.holds("x" * 30 + letters[5:44] + "y" * 30)


def test_the_command_says_it_in_words_and_as_json(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = str(write_rows(tmp_path / "r.jsonl", rows(3)))
    assert run("data", "describe", file, "--against", f"t={file}", "--json") == 0
    assert json.loads(capsys.readouterr().out)["rows_met_in"] == {"t": 3}
    assert run("data", "describe", file) == 0
    assert "rows: 3" in capsys.readouterr().out
    assert run("data", "describe", file, "--picture", str(tmp_path / "p.svg")) == 2
    assert "no row has any" in capsys.readouterr().err
    write_rows(tmp_path / "r.jsonl", [{"id": "1"}])
    assert run("data", "describe", file) == 2
    assert "r.jsonl:1: neither a 'source' nor a 'prompt'" in capsys.readouterr().err


def test_a_picture_of_the_scores(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    group = {"source": "Hallo", "candidates": ["a", "b"], "scores": [3, 9.5]}
    file = str(write_rows(tmp_path / "r.jsonl", [group]))
    assert run("data", "describe", file, "--picture", str(tmp_path / "p.svg")) == 0
    picture = (tmp_path / "p.svg").read_text()
    assert ">9.5<" in picture
    assert "share of candidates" in picture


def test_a_pipe_cannot_be_read_again(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("data", "split", "-", "-o", str(tmp_path / "p")) == 2
    assert "a pipe cannot" in capsys.readouterr().err
