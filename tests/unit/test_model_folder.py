"""Model folders and hub ids: what they are called and when they are told apart."""

from __future__ import annotations

import json
import random
from pathlib import Path

import pytest

from dragoman.engines.model_folder import KIB, MIB, content_digest, open_model_folder
from dragoman.errors import UserError

COMMIT = "0123456789abcdef0123456789abcdef01234567"


def write_folder(folder: Path, config: object = None, **generation: object) -> Path:
    folder.mkdir(parents=True)
    (folder / "config.json").write_text(json.dumps(config or {"eos_token_id": 2}))
    (folder / "generation_config.json").write_text(json.dumps(generation))
    (folder / "model.safetensors").write_bytes(bytes(3 * MIB))
    return folder


@pytest.mark.parametrize("byte", [0, MIB - 1, 3 * MIB // 2, 3 * MIB - 1])
def test_a_changed_weight_changes_the_name(byte: int, tmp_path: Path):
    folder = write_folder(tmp_path / "judge")
    name = open_model_folder(str(folder), []).name
    assert name == f"judge@{content_digest(folder)}"
    (folder / "README.md").write_text("not the model")
    assert open_model_folder(str(folder), []).name == name
    with (folder / "model.safetensors").open("r+b") as stream:
        stream.seek(byte)
        stream.write(b"x")
    assert open_model_folder(str(folder), []).name != name


def test_an_edit_of_any_one_matrix_changes_the_digest(tmp_path: Path):
    """A file of 988 MB, as of the smallest model in use, whose smallest matrix has 224 KiB."""
    weights, matrix = tmp_path / "model.safetensors", 224 * KIB
    size = 988 * 10**6
    with weights.open("wb") as stream:
        stream.truncate(size)
    untouched, rng = content_digest(tmp_path), random.Random(0)
    starts = [0, size - matrix, *(rng.randrange(size - matrix) for _ in range(20))]
    for start in starts:
        with weights.open("r+b") as stream:
            stream.seek(start)
            stream.write(b"x" * matrix)
            assert content_digest(tmp_path) != untouched, start
            stream.seek(start)
            stream.write(bytes(matrix))
    assert content_digest(tmp_path) == untouched


@pytest.mark.parametrize(
    ("config", "generation", "ends", "context"),
    [
        ({"eos_token_id": 2, "max_position_embeddings": 64}, {}, {2}, 64),
        ({"eos_token_id": 2}, {"eos_token_id": [3, 4]}, {2, 3, 4}, None),
        ({"text_config": {"eos_token_id": [5], "max_position_embeddings": 9}}, {}, {5}, 9),
        ({"eos_token_id": None, "n": 1}, {}, set(), None),
    ],
)
def test_ends_and_context(
    config: object, generation: dict[str, object], ends: set[int], context: int, tmp_path: Path
):
    folder = open_model_folder(str(write_folder(tmp_path / "m", config, **generation)), [])
    assert folder.ends == ends
    assert folder.context == context or (context is None and folder.context > 10**9)


@pytest.mark.parametrize("revision", ["", "@main", f"@{COMMIT}"])
def test_a_hub_id_is_named_by_its_commit(
    revision: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    constants = pytest.importorskip("huggingface_hub.constants")
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path))
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    home = tmp_path / "models--lab--judge"
    write_folder(home / "snapshots" / COMMIT)
    (home / "refs").mkdir()
    (home / "refs" / "main").write_text(COMMIT)
    folder = open_model_folder(f"lab/judge{revision}", ["*.safetensors"])
    assert folder.name == "lab/judge@0123456789ab"
    assert (folder.path / "model.safetensors").is_file()


@pytest.mark.parametrize("place", ["no such folder", "lab/judge/deeper", "lab/unknown"])
def test_places_that_are_none(place: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    constants = pytest.importorskip("huggingface_hub.constants")
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path))
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    with pytest.raises(UserError, match="there is no such folder"):
        open_model_folder(place, [])


def test_a_folder_without_a_model(tmp_path: Path):
    with pytest.raises(UserError, match="holds no config"):
        open_model_folder(str(tmp_path), [])
