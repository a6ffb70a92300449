"""The models that ship with the package: small ones that know the phrasebook and nothing else."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

from dragoman.errors import UserError

NAMES = ("base", "translator", "judge")
FOLDER = Path(str(files("dragoman.phrasebook"))) / "weights"
WORDS = "words.txt"
CHECKSUMS = "SHA256SUMS"


def model_folder(name: str) -> Path:
    """Where a shipped model lies: config, tokenizer and safetensors, and its OpenVINO form."""
    if name not in NAMES:
        raise UserError(f"no model phrasebook:{name} ships; there are {', '.join(NAMES)}")
    return FOLDER / name
