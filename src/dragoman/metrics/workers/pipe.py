"""The worker's end of the pipe: a JSON line in, a JSON line out.

This runs in a metric's own environment, where dragoman is not installed. What the metric prints
goes to standard error; standard output holds answers alone.

    → {"rows": [{"src": …, "mt": …, "ref": …}]}     ← {"scores": [0.7]}  or  {"error": "…"}

The first line out is {"ready": {…}}, what the metric is for signatures, or {"error": "…"}.
"""

from __future__ import annotations

import hashlib
import json
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from importlib.metadata import version
from pathlib import Path

Row = Mapping[str, str]
Scorer = Callable[[Sequence[Row]], Sequence[float]]


def serve(open_metric: Callable[[str], tuple[Scorer, Mapping[str, str]]]) -> None:
    """Load the metric at the place that the command line names, then answer until the pipe ends."""
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)

    def say(answer: Mapping[str, object]) -> None:
        answers.write(json.dumps(answer) + "\n")
        answers.flush()

    try:
        score, told = open_metric(sys.argv[1])
    except Exception as error:  # noqa: BLE001 - whatever it is, the other end has to hear of it
        say({"error": f"{type(error).__name__}: {error}"})
        return
    say({"ready": told})
    for line in os.fdopen(os.dup(0), encoding="utf-8"):
        try:
            scores = [float(number) for number in score(json.loads(line)["rows"])]
        except Exception as error:  # noqa: BLE001 - one request failed, the next may not
            say({"error": f"{type(error).__name__}: {error}"})
        else:
            say({"scores": scores})


def described(name: str, files: Sequence[Path], *packages: str) -> dict[str, str]:
    """What a number depends on: the model with a digest of its weights, and versions."""
    digest = hashlib.sha256()
    for file in files:
        with file.open("rb") as stream:
            while block := stream.read(1 << 20):
                digest.update(block)
    name = Path(name).name if Path(name).exists() else name
    told = {"model": f"{name}@{digest.hexdigest()[:12]}"}
    return {**told, **{package: version(package) for package in packages}}


def model_files(place: str, folder: str) -> list[Path]:
    """The weights in a folder as transformers stores them."""
    names = ("*.safetensors", "pytorch_model*.bin")
    found = next((files for name in names if (files := sorted(Path(folder).glob(name)))), None)
    if found is None:
        raise FileNotFoundError(f"{place} holds no weights")
    return found


def model_folder(place: str) -> str:
    """A folder of this machine, or one fetched by its name on the hub of transformers."""
    if Path(place).is_dir():
        return place
    from huggingface_hub import snapshot_download

    return str(snapshot_download(place))
