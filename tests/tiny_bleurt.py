"""Writes a tiny BLEURT with random weights; runs where bleurt-pytorch is.

PYTHON tests/tiny_bleurt.py FOLDER
"""

from __future__ import annotations

import sys
from pathlib import Path

import torch
from bleurt_pytorch import (  # type: ignore[import-not-found]
    BleurtConfig,
    BleurtForSequenceClassification,
)


def main() -> None:
    torch.manual_seed(1)
    folder = Path(sys.argv[1])
    config = BleurtConfig(
        vocab_size=60, hidden_size=16, num_hidden_layers=1, num_attention_heads=2,
        intermediate_size=32,
    )  # fmt: skip
    BleurtForSequenceClassification(config).save_pretrained(folder)
    words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "good", "bad", "day", "night"]
    (folder / "vocab.txt").write_text("\n".join(words) + "\n")


main()
