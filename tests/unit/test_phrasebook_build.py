"""A trained model becomes one that ships. The conversion itself has its own contract test."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import pytest
from tests.tiny_model import make_tiny_model

from dragoman.errors import UserError
from dragoman.phrasebook import build, models


@pytest.fixture
def weights(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where models ship from, with a converter that only says it was there."""

    def convert(folder: Path, output: Path, *_: Any) -> None:
        if "broken" in (folder / "config.json").read_text():
            raise UserError("not converted")
        output.mkdir()
        (output / "openvino_model.bin").write_text("weights")

    monkeypatch.setattr(build, "convert_model", convert)
    monkeypatch.setattr(build, "write_words", lambda file: file.write_text("cook\n"))
    monkeypatch.setattr(models, "FOLDER", tmp_path / "weights")
    return tmp_path / "weights"


def test_what_ships(weights: Path, tmp_path: Path) -> None:
    from safetensors import safe_open

    trained = make_tiny_model(tmp_path / "trained")
    (trained / "optimizer.pt").write_text("large")
    assert build.pack(trained, "judge") == weights / "judge"
    files = {path.relative_to(weights).as_posix() for path in weights.rglob("*") if path.is_file()}
    assert files == {
        "SHA256SUMS",
        "words.txt",
        "judge/config.json",
        "judge/generation_config.json",
        "judge/model.safetensors",
        "judge/openvino/openvino_model.bin",
        "judge/tokenizer.json",
        "judge/tokenizer_config.json",
    }
    with safe_open(weights / "judge/model.safetensors", "pt") as tensors:
        kinds = {tensors.get_slice(name).get_dtype() for name in tensors.keys()}  # noqa: SIM118
    assert kinds == {"BF16"}
    assert all(path.stat().st_mode & 0o444 == 0o444 for path in weights.rglob("*"))
    lines = (weights / "SHA256SUMS").read_text().splitlines()
    sums = dict(reversed(line.split("  ")) for line in lines)
    assert set(sums) == files - {"SHA256SUMS"}
    for name, checksum in sums.items():
        assert hashlib.sha256((weights / name).read_bytes()).hexdigest() == checksum


def test_a_model_that_is_not_converted_leaves_the_old_one(
    weights: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def write(folder: Path, output: Path) -> None:
        (output / "config.json").write_text("broken")

    monkeypatch.setattr(build, "_write_small", write)
    old = weights / "judge"
    old.mkdir(parents=True)
    (old / "config.json").write_text("old")
    with pytest.raises(UserError, match="not converted"):
        build.pack(tmp_path, "judge")
    assert [path.name for path in weights.iterdir()] == ["judge"]
    assert (old / "config.json").read_text() == "old"


@pytest.mark.parametrize("arguments", [[], ["one"], ["folder", "oracle"]])
def test_wrong_arguments(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert build.main(arguments) == 2
    assert capsys.readouterr().err


def test_the_shipped_files_are_those_of_the_list() -> None:
    if not (models.FOLDER / models.CHECKSUMS).is_file():
        pytest.skip("no models ship with this checkout")
    before = (models.FOLDER / models.CHECKSUMS).read_text()
    assert build.checksums(models.FOLDER) == before
