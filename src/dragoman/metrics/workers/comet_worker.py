"""COMET and COMETKiwi, by the package of their authors: a checkpoint, its folder, or a name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from pipe import Row, Scorer, described, serve

BATCH = 16


def open_metric(place: str) -> tuple[Scorer, Mapping[str, str]]:
    import comet
    import torch

    checkpoint = _checkpoint(place)
    model: Any = comet.load_from_checkpoint(str(checkpoint))
    model.eval()
    gpus = int(torch.cuda.is_available())

    def score(rows: Sequence[Row]) -> Sequence[float]:
        return model.predict(
            [dict(row) for row in rows], batch_size=BATCH, gpus=gpus, num_workers=0,
            progress_bar=False, length_batching=True,
        ).scores  # fmt: skip

    return score, described(place, [checkpoint], "unbabel-comet")


def _checkpoint(place: str) -> Path:
    path = Path(place)
    if path.is_dir():
        return path / "checkpoints" / "model.ckpt"
    if path.is_file():
        return path
    import comet

    return Path(comet.download_model(place))


serve(open_metric)
