"""Every step of `dragoman data` on files that are none, and on a disk that is really full."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.data import run
from tests.training import gold_rows, write_rows

TEXTS = [{"system": "A", "text": "Good day"}, {"system": "B", "text": "Good night"}]
ROW: dict[str, Any] = {
    **gold_rows(1)[0],
    "source": "Guten Tag",
    "candidates": TEXTS,
    "scores": [8, 0],
    "analysis": "A is good.",
}
GOOD = json.dumps(ROW, ensure_ascii=False).encode()
RULES = '{"verdict": "hash"}\n'

STEPS = {
    "sample": ["sample", "--engine", "scripted:rules.jsonl"],
    "annotate": ["annotate", "--engine", "scripted:rules.jsonl"],
    "gqm sft": ["gqm", "sft"],
    "gqm rl": ["gqm", "rl"],
    "policy": ["policy"],
    "split": ["split"],
    "trl": ["convert", "--to", "trl"],
    "verl": ["convert", "--to", "verl"],
    "mbrs": ["convert", "--to", "mbrs"],
    "mtme": ["convert", "--to", "mtme"],
}
FILES = {
    "empty": (b"", "in.jsonl: there are no rows in it"),
    "only a BOM": (b"\xef\xbb\xbf", "in.jsonl:1: an empty line"),
    "mixed encodings": (
        GOOD + b"\r\n" + GOOD.replace(b"Guten", "Grüß".encode("latin-1")),
        "in.jsonl:2: not UTF-8 at byte",
    ),
    "invalid UTF-8": (
        GOOD + b"\n" + GOOD.replace(b"Tag", b"\xed\xa0\x80"),
        "in.jsonl:2: not UTF-8",
    ),
    "NUL": (GOOD + b"\n" + GOOD.replace(b"Tag", b"\x00"), "in.jsonl:2: a NUL byte"),
    "UTF-16": (GOOD.decode().encode("utf-16"), "in.jsonl:1: a NUL byte"),
    "missing columns": (GOOD.replace(b'"source"', b'"quelle"'), "'source'"),
    "ten megabytes that end midway": (
        GOOD + b"\n" + GOOD.replace(b"Tag", b"x" * 10_000_000)[:-30],
        "in.jsonl:2: not JSON",
    ),
}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    Path("rules.jsonl").write_text(RULES)
    return tmp_path


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("kind", FILES)
def test_what_is_no_file_of_rows(
    folder: Path, kind: str, step: str, capsys: pytest.CaptureFixture[str]
) -> None:
    content, complaint = FILES[kind]
    (folder / "in.jsonl").write_bytes(content)
    there = sorted(folder.iterdir())
    assert run("data", *STEPS[step], "in.jsonl", "-o", "out.jsonl") == 2
    assert complaint in capsys.readouterr().err
    assert [path for path in sorted(folder.rglob("*")) if path.is_file()] == there


@pytest.mark.parametrize("kind", FILES)
def test_what_is_no_file_of_rows_is_not_described(
    folder: Path, kind: str, capsys: pytest.CaptureFixture[str]
) -> None:
    content, complaint = FILES[kind]
    if kind == "missing columns":
        pytest.skip("a row of another kind is described as such")
    (folder / "in.jsonl").write_bytes(content)
    assert run("data", "describe", "in.jsonl") == 2
    assert complaint in capsys.readouterr().err


@pytest.fixture
def small_disk(folder: Path) -> Iterator[Path]:
    """A disk of 256 KiB."""
    place = folder / "disk"
    place.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", str(place)]
    if os.name != "posix" or subprocess.run(mount, capture_output=True).returncode:
        pytest.skip("needs to mount a disk")
    yield place
    subprocess.run(["umount", str(place)], check=True)


@pytest.mark.parametrize("step", STEPS)
def test_a_disk_that_is_really_full(
    small_disk: Path, step: str, capsys: pytest.CaptureFixture[str]
) -> None:
    systems = [{"system": name, "text": name * 2000} for name in "AB"]
    rows = [{**ROW, "id": str(i), "candidates": systems, "scores": [8, i % 8]} for i in range(200)]
    write_rows(Path("in.jsonl"), [{**row, "source": f"{row['id']} " + "x" * 4000} for row in rows])
    assert run("data", *STEPS[step], "in.jsonl", "-o", str(small_disk / "out.jsonl")) == 2
    assert "full" in (said := capsys.readouterr().err) or "No space left" in said
    left = [path.name for path in small_disk.rglob("*") if path.is_file()]
    # What was paid for stays.
    assert all(name.startswith("out.jsonl.ledger") for name in left)
