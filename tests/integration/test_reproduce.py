"""`dragoman reproduce` itself: a section of the smoke size, from a random model.

The whole plan in that size takes a few minutes: dragoman reproduce --smoke --output FOLDER
"""

from __future__ import annotations

import json
import subprocess

import pytest
from tests.tiny_model import make_tiny_model
from tests.training import DRAGOMAN, ONE_THREAD


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    made = tmp_path_factory.mktemp("reproduce")
    make_tiny_model(made / "base", max_position_embeddings=2048, initializer_range=0.02)
    return made


def reproduce(folder, **options: str) -> subprocess.CompletedProcess[str]:
    told = {"only": "e", "base": folder / "base", "output": folder / "out", "seeds": "7", **options}
    flags = [part for name, value in told.items() for part in (f"--{name}", str(value))]
    command = [*DRAGOMAN, "reproduce", "--smoke", *flags]
    return subprocess.run(command, capture_output=True, text=True, env=ONE_THREAD, timeout=250)


def test_section_is_run_reported_and_not_run_again(folder):
    first = reproduce(folder)
    assert first.returncode == 0, first.stderr
    assert "5 of 5" in first.stderr
    report = json.loads((folder / "out/report.json").read_text("utf-8"))
    assert [section["letter"] for section in report["sections"]] == ["e"]
    assert report["missing"] == ["a", "b", "c", "d", "f", "g"]
    commands = {step["step"]: step["command"] for step in report["steps"]}
    assert commands["policy-ssr-7"].startswith("dragoman train self-reward phrasebook/ssr ")
    assert str(folder) not in json.dumps(commands)
    assert "(e)" in first.stdout
    assert "Self-reward" in (folder / "out/report.html").read_text("utf-8")
    again = reproduce(folder)
    assert again.returncode == 0, again.stderr
    assert again.stderr.strip() == ""
    other = reproduce(folder, seeds="8")
    assert other.returncode == 2
    assert "was begun with seeds [7], not [8]" in other.stderr


@pytest.mark.parametrize(
    ("flag", "value", "said"),
    [("seeds", "1,1", "different numbers"), ("seeds", "x", "different numbers"),
     ("only", "a,z", "sections are"), ("workers", "0", "at least one worker")],
)  # fmt: skip
def test_wrong_option_is_refused(folder, tmp_path, flag, value, said):
    found = reproduce(folder, **{"output": str(tmp_path / "out"), flag: value})
    assert found.returncode == 2
    assert said in found.stderr
