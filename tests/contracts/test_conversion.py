"""`dragoman convert`, for real: all weights, and nothing half-written."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Literal

import pytest

from dragoman.cli.convert import convert
from dragoman.engines import make_engine
from dragoman.errors import UserError
from dragoman.types import Prompt, Sampling


@pytest.mark.parametrize("weights", ["int8", "int4"])
async def test_a_converted_model_answers(
    weights: Literal["int8", "int4"], tiny_folder: Path, tiny_openvino_folder: Path, tmp_path: Path
):
    output = tmp_path / weights
    convert(tiny_folder, output, weights=weights)
    assert [path.name for path in tmp_path.iterdir()] == [weights]
    for name in ("tokenizer.json", "tokenizer_config.json"):
        assert (output / name).read_bytes() == (tiny_folder / name).read_bytes()
    size = (output / "openvino_model.bin").stat().st_size
    assert size < 0.5 * (tiny_openvino_folder / "openvino_model.bin").stat().st_size
    engine = make_engine(f"openvino:{output}", threads=1)
    completion = await engine.complete(Prompt("Hello"), Sampling(max_tokens=5))
    assert completion.usage.reply_tokens == 5
    await engine.close()


def test_a_failed_conversion_says_why_and_leaves_nothing(tiny_folder: Path, tmp_path: Path):
    broken = shutil.copytree(tiny_folder, tmp_path / "broken")
    config = json.loads((broken / "config.json").read_text())
    (broken / "config.json").write_text(json.dumps({**config, "model_type": "no-such-model"}))
    with pytest.raises(UserError, match="no-such-model"):
        convert(broken, tmp_path / "output")
    assert [path.name for path in tmp_path.iterdir()] == ["broken"]


def test_what_is_refused_at_once(tiny_folder: Path, tiny_openvino_folder: Path, tmp_path: Path):
    with pytest.raises(UserError, match="holds no config"):
        convert(tmp_path, tmp_path / "output")
    with pytest.raises(UserError, match="already"):
        convert(tiny_openvino_folder, tmp_path / "output")
    with pytest.raises(UserError, match="is there already"):
        convert(tiny_folder, tmp_path)
