"""Each format, to the byte."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.golden.golden import FOLDERS, answer_row, load

from dragoman.formats import FORMATS


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_prompt_to_the_byte(folder: Path):
    format, item, _ = load(folder)
    assert format.write(item).text.encode() == (folder / "prompt.txt").read_bytes()


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_answer(folder: Path):
    format, item, reply = load(folder)
    assert answer_row(format.read(reply, item)) == (folder / "answer.json").read_text("utf-8")


def test_every_format_has_a_folder():
    assert {load(folder)[0].name for folder in FOLDERS} == set(FORMATS)
