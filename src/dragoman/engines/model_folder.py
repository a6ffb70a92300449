"""A folder that holds a model: where it lies, what it is called, when it stops."""

from __future__ import annotations

import hashlib
import json
import re
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any, cast

from dragoman.errors import MissingExtra, UserError

HUB_ID = re.compile(r"[\w.-]+/[\w.-]+(@[\w./-]+)?")
TEXT_FILES = ("*.json", "*.jinja")
# What changes a reply; a README does not.
CONTENT = (".json", ".jinja", ".safetensors", ".bin", ".xml", ".model")
KIB = 1 << 10
MIB = 1 << 20
READ_WHOLE = 64 * MIB
PLACES = 16384


@dataclass(frozen=True, slots=True)
class ModelFolder:
    """`name` says which model and which content; `ends` are the tokens that end a reply."""

    path: Path
    name: str
    context: int
    ends: frozenset[int]


def open_model_folder(place: str, weights: Sequence[str]) -> ModelFolder:
    """A local folder, or a snapshot of `OWNER/NAME[@REVISION]` from the hub."""
    path = Path(place).expanduser()
    if path.is_dir():
        name = f"{path.resolve().name}@{content_digest(path)}"
    elif HUB_ID.fullmatch(place):
        path, name = _from_hub(place, [*TEXT_FILES, *weights])
    else:
        raise UserError(f"{place}: there is no such folder, and no hub id OWNER/NAME looks so")
    config = read_json(path / "config.json")
    if not config:
        raise UserError(f"{path} holds no config.json, so it is not a model folder")
    inner = {**config, **config.get("text_config", {})}
    context = inner.get("max_position_embeddings") or sys.maxsize
    return ModelFolder(path, name, int(context), frozenset(_ends(path, inner)))


def content_digest(folder: Path) -> str:
    """Tells two models apart in well under a second: of every file its name, its size, and
    all of it up to 64 MiB; of a larger one the first and last MiB, and 1 KiB at each of 16384
    evenly spaced places.

    So it notices every edit in a small file, and every edit of a whole matrix that is larger
    than a 16384th of its file, as each matrix of a layer is: training and merging make such.
    An edit of single rows or of a norm's few numbers in a large file may go unnoticed.
    """
    sha = hashlib.sha256()
    for file in sorted(folder.iterdir()):
        if file.suffix not in CONTENT or not file.is_file():
            continue
        size = file.stat().st_size
        sha.update(f"{file.name}\0{size}\0".encode())
        with file.open("rb", buffering=0) as stream:
            for start, length in _looked_at(size):
                stream.seek(start)
                sha.update(stream.read(length))
    return sha.hexdigest()[:12]


def _looked_at(size: int) -> Iterator[tuple[int, int]]:
    """Where the parts of a file begin that are read, and how long they are."""
    if size <= READ_WHOLE:
        yield 0, size
        return
    yield 0, MIB
    for place in range(PLACES):
        yield size * place // PLACES, KIB
    yield size - MIB, MIB


def read_json(file: Path) -> dict[str, Any]:
    """The object in a JSON file; an absent file is an empty one."""
    try:
        return cast(dict[str, Any], json.loads(file.read_text(encoding="utf-8")))
    except FileNotFoundError:
        return {}
    except ValueError as error:
        raise UserError(f"{file} is not JSON: {error}") from error


def _ends(path: Path, config: dict[str, Any]) -> set[int]:
    ends: set[int] = set()
    for settings in (config, read_json(path / "generation_config.json")):
        end: int | list[int] | None = settings.get("eos_token_id")
        ends.update(end if isinstance(end, list) else [] if end is None else [end])
    return ends


def _from_hub(place: str, patterns: list[str]) -> tuple[Path, str]:
    try:
        hub: Any = import_module("huggingface_hub")
    except ModuleNotFoundError as error:
        raise MissingExtra("huggingface-hub", "local") from error
    repo, _, revision = place.partition("@")
    try:
        path = Path(hub.snapshot_download(repo, revision=revision or None, allow_patterns=patterns))
    except (OSError, ValueError) as error:
        raise UserError(
            f"{place}: there is no such folder, and the hub did not give it: {error}"
        ) from error
    # A snapshot's folder is named by its commit.
    return path, f"{repo}@{path.name[:12]}"
