from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from dragoman.errors import SettingsChanged, UserError
from dragoman.ledger import Kept, Ledger
from dragoman.types import Completion, Reply, Usage

COMPLETION = Completion((Reply("ü\ud800", "length", -1.5), Reply("")), Usage(1, 20, 3))


def test_what_is_kept_is_found_by_the_next_process(tmp_path: Path) -> None:
    with Ledger(tmp_path / "l") as ledger:
        assert ledger.find_reply("k") is None
        assert ledger.find_record("k") is None
        ledger.keep_reply("k", COMPLETION)
        ledger.keep_record("k", Kept("line"))
        ledger.keep_record("f", Kept("line 2", "truncated", 3))
    with Ledger(tmp_path / "l") as ledger:
        assert ledger.find_reply("k") == COMPLETION
        assert ledger.find_record("k") == Kept("line")
        assert ledger.find_record("f") == Kept("line 2", "truncated", 3)


def test_of_calls_side_by_side_the_first_is_kept(tmp_path: Path) -> None:
    with Ledger(tmp_path / "l") as ledger:
        ledger.keep_reply("k", COMPLETION)
        ledger.keep_reply("k", Completion((Reply("another"),), Usage()))
        assert ledger.find_reply("k") == COMPLETION


def test_a_write_is_on_disk_when_it_returns(tmp_path: Path) -> None:
    """Read past the ledger, as after a kill: no close, no commit by the writer."""
    ledger = Ledger(tmp_path / "l")
    ledger.keep_record("k", Kept("line"))
    files = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    copy = tmp_path / "copy"
    copy.mkdir()
    for name, content in files.items():
        (copy / name).write_bytes(content)
    assert list(sqlite3.connect(copy / "l").execute("SELECT key FROM records")) == [("k",)]
    ledger.close()


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"judge": "y", "temp": 0}, 'begun with judge = "x", .* asked to go on with "y"'),
        ({"judge": "x"}, "begun with temp = 0, .* go on with nothing"),
        ({"judge": "x", "temp": 0, "votes": 3}, "begun with votes = nothing, .* go on with 3"),
    ],
)
def test_other_settings_are_refused_by_name(
    tmp_path: Path, settings: dict[str, object], message: str
) -> None:
    with Ledger(tmp_path / "l") as ledger:
        ledger.settle({"judge": "x", "temp": 0})
    with Ledger(tmp_path / "l") as ledger:
        with pytest.raises(SettingsChanged, match=message):
            ledger.settle(settings)
        ledger.settle({"temp": 0, "judge": "x"})


def test_one_process_at_a_time(tmp_path: Path) -> None:
    with Ledger(tmp_path / "l"), pytest.raises(UserError, match="another run is using it"):
        Ledger(tmp_path / "l")


def test_what_is_no_ledger_is_named(tmp_path: Path) -> None:
    (tmp_path / "l").write_text("x" * 5000)
    with pytest.raises(UserError, match="it is not a ledger"):
        Ledger(tmp_path / "l")
    with pytest.raises(UserError, match="is the folder there"):
        Ledger(tmp_path / "no" / "l")


def test_a_full_disk_is_named(tmp_path: Path) -> None:
    with Ledger(tmp_path / "l") as ledger:
        ledger._db.execute("PRAGMA max_page_count=8")
        with pytest.raises(UserError, match="full"):
            ledger.keep_record("k", Kept("x" * 200_000))
        assert ledger.find_record("k") is None


def test_a_part_is_taken_over_and_its_file_removed(tmp_path: Path) -> None:
    with Ledger(tmp_path / "part") as part:
        part.keep_reply("k", COMPLETION)
        part.keep_record("new", Kept("line"))
        part.keep_record("again", Kept("better"))
    with Ledger(tmp_path / "l") as ledger:
        ledger.keep_record("again", Kept("worse", "truncated", 2))
        ledger.keep_record("old", Kept("line 0"))
        ledger.absorb(tmp_path / "part")
        assert ledger.find_reply("k") == COMPLETION
        assert ledger.find_record("new") == Kept("line")
        assert ledger.find_record("again") == Kept("better", None, 3)
        assert ledger.find_record("old") == Kept("line 0")
    assert not list(tmp_path.glob("part*"))


def test_what_is_no_part_is_refused_and_left_alone(tmp_path: Path) -> None:
    (tmp_path / "part").write_text("no ledger at all, whatever its name says")
    with Ledger(tmp_path / "l") as ledger:
        ledger.keep_record("k", Kept("line"))
        with pytest.raises(UserError, match="l: "):
            ledger.absorb(tmp_path / "part")
        assert ledger.find_record("k") == Kept("line")
    assert (tmp_path / "part").exists()


def test_records_are_browsed_page_by_page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dragoman.ledger.MOST_LOOKED_AT", 6)
    with Ledger(tmp_path / "l") as ledger:
        for i in range(10):
            line = f'{{"id":"g{i}","analysis":"Grün \\"{i}\\""}}'
            ledger.keep_record(f"k{i}", Kept(line, "no-scores" if i % 4 == 3 else None))
        assert ledger.count_records() == 10
        first = ledger.browse_records(most=4)
        assert [one.line[7:9] for one in first.records] == ["g0", "g1", "g2", "g3"]
        assert [one.line[7:9] for one in ledger.browse_records(4).records][-1] == "g9"
        assert ledger.browse_records(4) == ledger.browse_records(first.after or 0)
        # Looking ends after six records, found or not, and goes on from there.
        failed = ledger.browse_records(failed=True)
        assert (len(failed.records), failed.after) == (1, 6)
        rest = ledger.browse_records(6, failed=True)
        assert [one.failed for one in rest.records] == ["no-scores"]
        assert rest.after is None
        assert len(ledger.browse_records(failed=False).records) == 5
        assert len(ledger.browse_records(words=["GRÜN", '"5"']).records) == 1
        assert ledger.browse_records(words=["absent"], after=6).records == ()


def test_browsing_sees_what_was_tried_again_once(tmp_path: Path) -> None:
    with Ledger(tmp_path / "l") as ledger:
        ledger.keep_record("a", Kept("1", "truncated"))
        ledger.keep_record("b", Kept("2"))
        ledger.keep_record("a", Kept("3", None, 2))
        assert [one.line for one in ledger.browse_records().records] == ["2", "3"]
