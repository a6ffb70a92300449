"""BLEURT in PyTorch: a network that reads a reference and a candidate."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pipe import Row, Scorer, described, model_files, model_folder, serve

LONGEST = 512
BATCH = 16


def open_metric(place: str) -> tuple[Scorer, Mapping[str, str]]:
    import torch
    from bleurt_pytorch import (
        BleurtForSequenceClassification,
        BleurtTokenizer,
    )

    folder = model_folder(place)
    loader: Any = BleurtForSequenceClassification
    device = "cuda" if torch.cuda.is_available() else "cpu"
    model = loader.from_pretrained(folder).to(device).eval()
    tokenizer: Any = BleurtTokenizer.from_pretrained(folder)

    def batch(rows: Sequence[Row]) -> list[float]:
        read = tokenizer(
            [row["ref"] for row in rows], [row["mt"] for row in rows], padding="longest",
            truncation=True, max_length=LONGEST, return_tensors="pt",
        ).to(device)  # fmt: skip
        return model(**read).logits.flatten().tolist()

    def score(rows: Sequence[Row]) -> Sequence[float]:
        with torch.inference_mode():
            return [n for at in range(0, len(rows), BATCH) for n in batch(rows[at : at + BATCH])]

    return score, described(place, model_files(place, folder), "bleurt-pytorch")


serve(open_metric)
