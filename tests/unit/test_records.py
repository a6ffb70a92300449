from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pyarrow as arrow
import pyarrow.parquet as parquet
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dragoman.errors import BadRecord, UserError
from dragoman.records import check_groups, group_from_row, group_to_row, read_groups
from dragoman.row_files import read_rows, to_line, write_lines
from dragoman.types import Candidate, Group, Segment

ROW: dict[str, Any] = {
    "id": "1",
    "src_lang": "de",
    "tgt_lang": "en",
    "source": "Guten\nMorgen",
    "candidates": [{"text": "Good morning", "system": "x"}, "Morning"],
}

texts = st.text(st.characters(exclude_categories=["Cs"]))
groups = st.builds(
    Group,
    st.builds(
        Segment,
        id=texts,
        source=texts,
        source_lang=st.sampled_from(["de", "pt-BR", "Czech"]),
        target_lang=st.sampled_from(["en", "zh_Hans"]),
        reference=st.none() | texts,
        comment=st.none() | texts,
        context=st.lists(texts, max_size=2).map(tuple),
    ),
    st.lists(st.builds(Candidate, texts, st.none() | texts), min_size=1, max_size=4).map(tuple),
)


def write(path: Path, *lines: bytes) -> Path:
    path.write_bytes(b"\n".join(lines))
    return path


@given(groups)
def test_a_group_survives_its_row_and_line(group: Group) -> None:
    assert group_from_row(json.loads(to_line(group_to_row(group)))) == group


def test_texts_and_objects_are_candidates_and_other_keys_are_left_alone(tmp_path: Path) -> None:
    row = {**ROW, "human_scores": [1, 2]}
    [group] = read_groups(write(tmp_path / "g.jsonl", json.dumps(row).encode()))
    assert group.candidates == (Candidate("Good morning", "x"), Candidate("Morning"))
    assert group.segment.source == "Guten\nMorgen"


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"id": None}, "'id' is missing"),
        ({"id": 7}, "'id' must be text, not a number"),
        ({"source": ["x"]}, "'source' must be text, not a list"),
        ({"tgt_lang": "xx"}, "'tgt_lang': no language has the code"),
        ({"candidates": []}, "'candidates' must be a list of at least one"),
        ({"candidates": "x"}, "'candidates' must be a list"),
        ({"candidates": [3]}, r"candidates\[0\] must be text or"),
        ({"candidates": ["x", {"txt": "y"}]}, r"candidates\[1\]: 'text' is missing"),
        ({"reference": False}, "'reference' must be text, not true or false"),
        ({"context": "x"}, "'context' must be a list of texts, not text"),
        ({"context": ["x", 1]}, r"'context\[1\]' must be text"),
        ({"source": "\ud800"}, "half of a surrogate pair"),
    ],
)
def test_a_bad_field_is_named_with_file_and_line(
    tmp_path: Path, change: dict[str, Any], problem: str
) -> None:
    lines = [json.dumps(ROW).encode(), json.dumps({**ROW, **change}).encode()]
    with pytest.raises(BadRecord, match=problem) as caught:
        list(read_groups(write(tmp_path / "g.jsonl", *lines)))
    assert str(caught.value).startswith(f"{tmp_path / 'g.jsonl'}:2: ")


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        (b"{", "not JSON"),
        (b"", "an empty line"),
        (b"[1]", "must be an object, not a list"),
        (b'{"id": NaN}', "NaN is not JSON"),
        (b'{"id": "1", "id": "2"}', "the key 'id' stands twice"),
        (b"\xff\xfe", "not UTF-8 at byte 1"),
        (b"[" * 100_000, "nested too deep|not JSON"),
    ],
)
def test_a_bad_line_is_named(tmp_path: Path, line: bytes, problem: str) -> None:
    with pytest.raises(BadRecord, match=problem):
        list(read_groups(write(tmp_path / "g.jsonl", line, b"{}")))


def test_byte_order_mark_and_windows_line_ends_are_fine(tmp_path: Path) -> None:
    path = tmp_path / "g.jsonl"
    path.write_bytes(b"\xef\xbb\xbf" + json.dumps(ROW).encode() + b"\r\n")
    assert check_groups(path) == 1


def test_an_overlong_line_is_refused_without_reading_it_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dragoman.row_files.MAX_LINE_BYTES", 100)
    with pytest.raises(BadRecord, match="longer than 100 bytes"):
        list(read_rows(write(tmp_path / "g.jsonl", b"{" + b" " * 200 + b"}")))


def test_gzip(tmp_path: Path) -> None:
    path = tmp_path / "g.jsonl.gz"
    path.write_bytes(gzip.compress(json.dumps(ROW).encode()))
    assert check_groups(path) == 1
    path.write_bytes(gzip.compress(json.dumps(ROW).encode() * 99)[:-20])
    with pytest.raises(UserError, match="cannot read"):
        check_groups(path)


def test_tsv_has_one_column_a_candidate(tmp_path: Path) -> None:
    header = b"id\tsrc_lang\ttgt_lang\tsource\treference\tcandidate:base\tcandidate"
    line = b"1\tde\ten\tHallo\t\tHello\tHi"
    [group] = read_groups(write(tmp_path / "g.tsv", header, line))
    assert group.candidates == (Candidate("Hello", "base"), Candidate("Hi"))
    assert group.segment.reference is None
    with pytest.raises(BadRecord, match=":2: 3 cells under 7 column names"):
        list(read_groups(write(tmp_path / "g.tsv", header, b"1\tde\ten")))
    with pytest.raises(BadRecord, match="an empty file"):
        list(read_groups(write(tmp_path / "g.tsv")))


def test_parquet(tmp_path: Path) -> None:
    rows = [{**ROW, "id": str(i), "candidates": ["a", "b"]} for i in range(3)]
    parquet.write_table(arrow.Table.from_pylist(rows), tmp_path / "g.parquet")
    assert [g.segment.id for g in read_groups(tmp_path / "g.parquet")] == ["0", "1", "2"]
    with pytest.raises(BadRecord, match="not Parquet"):
        list(read_groups(write(tmp_path / "bad.parquet", b"nonsense")))


@pytest.mark.parametrize("name", ["missing.jsonl", "missing.parquet", "missing.tsv"])
def test_a_missing_file_is_the_users_mistake(tmp_path: Path, name: str) -> None:
    with pytest.raises(UserError, match="cannot read: No such file"):
        list(read_groups(tmp_path / name))


def test_an_unknown_suffix_lists_the_known(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"\.jsonl, \.tsv and \.parquet"):
        list(read_groups(tmp_path / "groups.csv"))


def test_an_output_file_appears_whole_or_not_at_all(tmp_path: Path) -> None:
    path = tmp_path / "out.jsonl"
    with pytest.raises(RuntimeError), write_lines(path) as write_line:
        write_line("half")
        raise RuntimeError
    assert not path.exists()
    with write_lines(path) as write_line:
        write_line("whole")
    assert path.read_text() == "whole\n"
    with pytest.raises(UserError, match="cannot write"), write_lines(tmp_path / "no" / "out"):
        pass


def test_a_full_disk_is_named(tmp_path: Path) -> None:
    # The file is written beside its final place, so the device is reached by that name.
    if not Path("/dev/full").exists():
        pytest.skip("needs /dev/full")
    target = tmp_path / "out"
    Path(f"{target}.partial").symlink_to("/dev/full")
    with (
        pytest.raises(UserError, match="cannot write: No space left"),
        write_lines(target) as write_line,
    ):
        write_line("x" * 100_000)
    assert not target.exists()


def test_every_human_judged_group_is_read(evaluation: Path) -> None:
    files = sorted((evaluation / "groups").glob("*.jsonl"))
    assert sum(check_groups(file) for file in files) == 8138
