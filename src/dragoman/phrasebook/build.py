"""A trained model becomes one that ships: `python -m dragoman.phrasebook.build FOLDER NAME`.

Beside weights in bf16 and the tokenizer lie the same weights in OpenVINO form, so that
either engine says the same. The list of known words and a list of checksums are written
anew with each model.
"""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Any

from dragoman.engines.conversion import convert_model, copy_tokenizer
from dragoman.errors import DragomanError
from dragoman.phrasebook.known import write_words
from dragoman.phrasebook.models import CHECKSUMS, WORDS, model_folder

Say = Callable[[str], None]

# Half the size of f32, and greedy replies stay the same; those of int8 do not.
WEIGHTS = "f16"


def pack(folder: Path, name: str, say: Say = lambda line: None) -> Path:
    """Make a trained model folder the shipped model of that name, wholly or not at all."""
    target = model_folder(name)
    partial = target.with_name(f"{name}.partial")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    try:
        _write_small(folder, partial)
        convert_model(partial, partial / "openvino", WEIGHTS, say)
        shutil.rmtree(target, ignore_errors=True)
        partial.rename(target)
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    write_words(target.parent / WORDS)
    (target.parent / CHECKSUMS).write_text(checksums(target.parent), encoding="utf-8")
    return target


def checksums(folder: Path) -> str:
    """The SHA-256 of every file below a folder, as `sha256sum --check` reads it."""
    files = sorted(path for path in folder.rglob("*") if path.is_file() and path.name != CHECKSUMS)
    return "".join(
        f"{sha256(file.read_bytes()).hexdigest()}  {file.relative_to(folder).as_posix()}\n"
        for file in files
    )


def _write_small(folder: Path, output: Path) -> None:
    """The model in bf16, with its tokenizer."""
    import torch
    from transformers import AutoModelForCausalLM

    loader: Any = AutoModelForCausalLM
    model = loader.from_pretrained(str(folder), dtype=torch.bfloat16, local_files_only=True)
    model.save_pretrained(str(output))
    copy_tokenizer(folder, output)
    for path in output.iterdir():
        path.chmod(0o644)


def main(arguments: list[str]) -> int:
    if len(arguments) != 2:
        print(__doc__, file=sys.stderr)
        return 2
    try:
        print(pack(Path(arguments[0]), arguments[1], lambda line: print(line, file=sys.stderr)))
    except DragomanError as error:
        print(error, file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
