"""Sources of data: TMX, files of lines, and whatever is wrong with a file."""

from __future__ import annotations

import gzip
import json
import os
from pathlib import Path
from typing import Any

import pytest
from tests.data import data, run
from tests.training import gold_rows, write_rows

from dragoman.data.sources import read_source
from dragoman.errors import UserError

TMX = """<?xml version="1.0" encoding="{encoding}"?>
<tmx version="1.4"><header srclang="{source}"/><body>
<tu tuid="a"><tuv xml:lang="en"><seg>A <bpt i="1">&lt;b></bpt>bold<ept i="1"/> word</seg></tuv>
<tuv xml:lang="DE"><seg>Ein <hi>fettes</hi> Wört</seg></tuv></tu>
<tu><tuv xml:lang="DE"><seg>Zwei</seg></tuv><tuv xml:lang="en"><seg>Two</seg></tuv>
<tuv lang="fr"><seg>Deux</seg></tuv></tu>
<tu><tuv xml:lang="en"><seg>Alone</seg></tuv><tuv xml:lang="fr"><seg> </seg></tuv></tu>
</body></tmx>"""


def segments(path: Path | str) -> list[tuple[str, str, str, str, str]]:
    rows = [row for _, row in read_source(path)]
    keys = ("id", "src_lang", "tgt_lang", "source", "reference")
    return [tuple(row[key] for key in keys) for row in rows]  # type: ignore[misc]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "iso-8859-1"])
def test_tmx(tmp_path: Path, encoding: str) -> None:
    file = tmp_path / "m.tmx"
    file.write_bytes(TMX.format(encoding=encoding, source="EN").encode(encoding))
    assert segments(file) == [
        ("a", "en", "DE", "A bold word", "Ein fettes Wört"),
        ("2/DE", "en", "DE", "Two", "Zwei"),
        ("2/fr", "en", "fr", "Two", "Deux"),
    ]


def test_tmx_without_a_source_language(tmp_path: Path) -> None:
    file = tmp_path / "m.tmx.gz"
    file.write_bytes(gzip.compress(TMX.format(encoding="utf-8", source="*all*").encode()))
    assert [row[1:3] for row in segments(file)] == [("en", "DE"), ("DE", "en"), ("DE", "fr")]


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", r"m\.tmx:1: not TMX"),
        ("<tmx><body><tu></body>", r"m\.tmx:1: not TMX: mismatched tag"),
        ('<?xml version="1.0" encoding="x-none"?><tmx/>', r"m\.tmx:1: not TMX: unknown encoding"),
    ],
)
def test_bad_tmx(tmp_path: Path, text: str, complaint: str) -> None:
    file = tmp_path / "m.tmx"
    file.write_text(text)
    with pytest.raises(UserError, match=complaint):
        segments(file)


def test_tmx_cannot_swell(tmp_path: Path) -> None:
    entities = "".join(f'<!ENTITY e{i} "{f"&e{i - 1};" * 10}">' for i in range(1, 12))
    file = tmp_path / "m.tmx"
    file.write_text(f'<!DOCTYPE tmx [<!ENTITY e0 "ha">{entities}]><tmx><tu>&e11;</tu></tmx>')
    with pytest.raises(UserError, match="not TMX: limit on input amplification"):
        segments(file)


def test_two_files_of_lines(tmp_path: Path) -> None:
    (tmp_path / "n.de").write_bytes("\ufeffEins\r\n\r\nDrei\r\n".encode())
    (tmp_path / "n.en").write_text("One\nTwo\nThree\n")
    name = f"{tmp_path}/n.{{de,en}}"
    assert segments(name) == [("1", "de", "en", "Eins", "One"), ("3", "de", "en", "Drei", "Three")]
    assert len(data(tmp_path, "policy", name)) == 2
    told = json.loads((tmp_path / "out.jsonl.provenance.json").read_text())
    assert len(told["inputs"][0]["sha256"]) == 32
    (tmp_path / "n.en").write_text("One\n")
    with pytest.raises(UserError, match=r"n\.en:2: the other file goes on"):
        segments(name)


GOOD = json.dumps(gold_rows(1)[0]).encode()


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        (b"", "there are no rows in it"),
        (GOOD + b"\n" + GOOD[:-1] + b', "x": "\xff"}\n', "in.jsonl:2: not UTF-8 at byte"),
        (GOOD.replace(b"Guten", "Grüß".encode("latin-1")), "in.jsonl:1: not UTF-8 at byte"),
        (GOOD.decode().encode("utf-16"), "in.jsonl:1: a NUL byte, which is no text; is it UTF-16?"),
        (GOOD + b"\n" + GOOD.replace(b"Guten", b"Gu\x00ten"), "in.jsonl:2: a NUL byte"),
        (GOOD + b"\n\n" + GOOD, "in.jsonl:2: an empty line"),
        (GOOD[:-20], "in.jsonl:1: not JSON"),
        (GOOD.replace(b'"source"', b'"quelle"'), "in.jsonl:1: 'source' is missing"),
        (GOOD.replace(b'"scores"', b'"noten"'), "in.jsonl:1: 'scores' must be a list"),
        (GOOD.replace(b"[8, 0]", b"[8, NaN]"), "in.jsonl:1: not JSON: NaN"),
        (GOOD.replace(b"Guten", b"\\ud800"), "in.jsonl:1: 'source' holds half of a surrogate"),
    ],
)
def test_a_bad_file_is_named_and_nothing_is_written(
    tmp_path: Path, content: bytes, complaint: str, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "in.jsonl"
    file.write_bytes(content)
    assert run("data", "gqm", "rl", str(file), "-o", str(tmp_path / "out.jsonl")) == 2
    assert complaint in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == [file]


def test_what_is_only_unusual_is_read(tmp_path: Path) -> None:
    long = {**gold_rows(1)[0], "source": "x" * 10_000_000}
    text = "\r\n".join([GOOD.decode(), json.dumps(long)])
    file = tmp_path / "in.jsonl"
    file.write_bytes(b"\xef\xbb\xbf" + text.encode() + b"\r\n")
    rows = data(tmp_path, "gqm", "rl", file)
    assert len(rows) == 4
    assert len(rows[-1]["source"]) == 10_000_000


def full_disk(tmp_path: Path, name: str) -> None:
    if not Path("/dev/full").exists():
        pytest.skip("needs /dev/full")
    (tmp_path / f"{name}.partial").symlink_to("/dev/full")


@pytest.mark.parametrize("name", ["out.jsonl", "out.parquet", "out.jsonl.provenance.json"])
def test_a_full_disk(tmp_path: Path, name: str, capsys: pytest.CaptureFixture[str]) -> None:
    rows: list[dict[str, Any]] = [{**row, "source": "x" * 9000} for row in gold_rows(50)]
    file = write_rows(tmp_path / "in.jsonl", rows)
    full_disk(tmp_path, name)
    output = str(tmp_path / name.removesuffix(".provenance.json"))
    step = ["convert", "--to", "verl"] if name.endswith("parquet") else ["gqm", "rl"]
    assert run("data", *step, str(file), "-o", output) == 2
    assert "cannot write: No space left on device" in capsys.readouterr().err
    assert not (tmp_path / name).exists()
    assert not list(tmp_path.glob("*.partial"))


def test_a_place_that_cannot_be_written(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = write_rows(tmp_path / "in.jsonl", gold_rows(1))
    place = tmp_path / "locked"
    place.mkdir()
    place.chmod(0o500)
    denied = not os.access(place, os.W_OK)
    output = place / "out.jsonl" if denied else tmp_path / "none" / "out.jsonl"
    assert run("data", "gqm", "rl", str(file), "-o", str(output)) == 2
    assert "cannot write" in capsys.readouterr().err
    place.chmod(0o700)


def test_an_output_that_is_there_and_an_input_in_its_place(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = write_rows(tmp_path / "in.jsonl", gold_rows(1))
    assert run("data", "gqm", "rl", str(file), "-o", str(file), "--overwrite") == 2
    assert "the input and --output are one file" in capsys.readouterr().err
    other = write_rows(tmp_path / "other.jsonl", gold_rows(1))
    assert run("data", "gqm", "rl", str(file), "-o", str(other)) == 2
    assert "--overwrite replaces it" in capsys.readouterr().err


def test_a_folder_without_data(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no file in this folder ends in"):
        list(read_source(tmp_path))
