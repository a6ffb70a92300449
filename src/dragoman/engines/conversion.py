"""A model folder into OpenVINO form, by optimum-intel in an environment of its own.

The converter wants an older transformers than the engines do, so it is installed on first
use into a folder of the user's cache that is named by what it holds.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import venv
from collections.abc import Callable, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Literal

from dragoman.engines.model_folder import read_json
from dragoman.errors import UserError

Weights = Literal["f32", "f16", "int8", "int4"]

REQUIREMENTS = (
    "torch==2.13.0",
    "optimum-intel==2.2.0",
    "optimum==2.3.0",
    "transformers==5.5.4",
    "openvino==2026.4.1",
    "openvino-tokenizers==2026.4.1.0",
    "nncf==3.4.0",
)
# torchvision from the registry does not fit every build of torch, and then transformers
# does not import; the other one reports each import to its makers. Text needs neither.
UNWANTED = ("torchvision", "openvino-telemetry")
FORMATS: dict[Weights, str] = {"f32": "fp32", "f16": "fp16", "int8": "int8", "int4": "int4"}
# What a prompt is made with; the converter writes its own idea of these.
TOKENIZER_FILES = (
    "tokenizer.json",
    "tokenizer_config.json",
    "chat_template.jinja",
    "chat_template.json",
    "special_tokens_map.json",
    "generation_config.json",
)

Say = Callable[[str], None]


def copy_tokenizer(folder: Path, output: Path) -> None:
    """The files of a model folder that say how texts become tokens."""
    for name in TOKENIZER_FILES:
        if (folder / name).is_file():
            shutil.copyfile(folder / name, output / name)


def convert_model(
    folder: Path, output: Path, weights: Weights, say: Say = lambda line: None
) -> None:
    """Write `folder` in OpenVINO form to `output`, wholly or not at all."""
    if not (folder / "config.json").is_file():
        raise UserError(f"{folder} holds no config.json, so it is not a model folder")
    if (folder / "openvino_model.xml").is_file():
        raise UserError(f"{folder} is in OpenVINO form already")
    if output.exists():
        raise UserError(f"{output} is there already; remove it or give another name")
    python = converter(say)
    partial = output.with_name(f"{output.name}.partial")
    shutil.rmtree(partial, ignore_errors=True)
    partial.parent.mkdir(parents=True, exist_ok=True)
    say(f"converting {folder} with {weights} weights")
    command = [str(python), "-m", "optimum.commands.optimum_cli", "export", "openvino"]
    options = ["--task", "text-generation-with-past", "--weight-format", FORMATS[weights]]
    if weights == "int4":
        options += ["--group-size", str(_group_size(folder))]
    try:
        _run(
            [*command, "--model", str(folder), *options, str(partial)],
            f"{folder} was not converted",
        )
        copy_tokenizer(folder, partial)
        partial.rename(output)
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    say(f"wrote {output}")


def converter(say: Say = lambda line: None) -> Path:
    """The Python of the conversion environment, which is made if it is not there."""
    home = _cache_folder() / f"convert-{_name_of(REQUIREMENTS + UNWANTED)}"
    python = home / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    ready = home / "ready"
    if ready.is_file():
        return python
    say(f"making the conversion environment, once, in {home}")
    home.parent.mkdir(parents=True, exist_ok=True)
    venv.create(home, with_pip=True, clear=True)
    say("installing optimum-intel and torch; this takes a minute or two")
    pip = [str(python), "-m", "pip", "--quiet", "--disable-pip-version-check"]
    _run([*pip, "install", *REQUIREMENTS], "the conversion environment was not installed")
    _run([*pip, "uninstall", "--yes", *UNWANTED], "the conversion environment was not trimmed")
    ready.touch()
    return python


def _group_size(folder: Path) -> int:
    """How many weights share a scale; it has to divide the width of every matrix."""
    config = read_json(folder / "config.json")
    widths = [config.get("hidden_size", 0), config.get("intermediate_size", 0)]
    return next((size for size in (128, 64, 32) if not any(w % size for w in widths)), 128)


def _cache_folder() -> Path:
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "dragoman"


def _name_of(requirements: Sequence[str]) -> str:
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    return sha256("\n".join([version, *requirements]).encode()).hexdigest()[:12]


def _run(command: Sequence[str], failure: str) -> None:
    """Run a command silently; if it fails, its last words tell why."""
    # The folder is the model, so nothing is looked up; code that came with it never runs.
    environment = {**os.environ, "PYTHONWARNINGS": "ignore"}
    done = subprocess.run(  # noqa: S603
        command, env=environment, capture_output=True, text=True, errors="replace", check=False
    )
    if done.returncode:
        words = (done.stderr or done.stdout).strip().splitlines()[-5:]
        raise UserError("\n".join([f"{failure}:", *words]))
