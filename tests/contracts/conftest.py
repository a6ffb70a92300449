"""Real small models for the contract tests, kept in `.bench/` so that a second run is quick."""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path

import pytest
from tests import tiny_model

from dragoman.engines import conversion

ROOT = Path(__file__).resolve().parent.parent.parent


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "needs(ability): skips engines that cannot show it")


def _kept(name: str, *made_from: str) -> Path:
    """Where something made is kept; other ingredients make it anew."""
    digest = sha256("\n".join(made_from).encode()).hexdigest()[:8]
    return ROOT / ".bench" / f"{name}-{digest}"


RECIPE = Path(tiny_model.__file__).read_text(encoding="utf-8")


@pytest.fixture(scope="session")
def tiny_folder() -> Path:
    """The tiny model as transformers keeps it."""
    folder = _kept("tiny", RECIPE)
    if not folder.is_dir():
        pytest.importorskip("transformers", reason="the tiny model is made with transformers")
        partial = folder.with_suffix(".partial")
        tiny_model.make_tiny_model(partial)
        partial.rename(folder)
    return folder


@pytest.fixture(scope="session")
def tiny_openvino_folder(tiny_folder: Path) -> Path:
    """The tiny model converted by ourselves: about a minute the first time."""
    folder = _kept("tiny-openvino", RECIPE, *conversion.REQUIREMENTS, *conversion.UNWANTED)
    if not folder.is_dir():
        conversion.convert_model(tiny_folder, folder, "f32", print)
    return folder


@pytest.fixture(scope="session")
def tiny_shipped(tiny_openvino_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The tiny model in the place of the one that ships as the judge."""
    folder = tmp_path_factory.mktemp("weights")
    (folder / "judge").mkdir()
    (folder / "judge" / "config.json").write_text("{}")
    (folder / "judge" / "openvino").symlink_to(tiny_openvino_folder)
    return folder
