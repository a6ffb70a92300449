"""MetricX-24: mT5 that says an error from 0 to 25, as the first logit of one extra token.

A row without a reference is asked about without one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from pipe import Row, Scorer, described, model_files, model_folder, serve

# <extra_id_10>, whose logit is trained to be the error.
TOKEN = 250089
WORST = 25
LONGEST = 1536
TOKENIZER = "google/mt5-xl"


def open_metric(place: str) -> tuple[Scorer, Mapping[str, str]]:
    import torch
    from transformers import AutoTokenizer, MT5ForConditionalGeneration

    folder = model_folder(place)
    loader: Any = MT5ForConditionalGeneration
    device = "cuda" if torch.cuda.is_available() else "cpu"
    model = loader.from_pretrained(folder).to(device).eval()
    own = (Path(folder) / "tokenizer_config.json").exists()
    tokenizer: Any = AutoTokenizer.from_pretrained(folder if own else TOKENIZER)

    def one(row: Row) -> float:
        text = f"source: {row['src']} candidate: {row['mt']}"
        if "ref" in row:
            text += f" reference: {row['ref']}"
        # The mark of the end is left out, as in training.
        ids = tokenizer(text, max_length=LONGEST, truncation=True).input_ids[:-1]
        told = {"input_ids": torch.tensor([ids], device=device)}
        begin = torch.zeros((1, 1), dtype=torch.long, device=device)
        logit = model(**told, decoder_input_ids=begin).logits[0, 0, TOKEN]
        return -float(logit.clamp(0, WORST))

    def score(rows: Sequence[Row]) -> Sequence[float]:
        with torch.inference_mode():
            return [one(row) for row in rows]

    return score, described(place, model_files(place, folder), "transformers")


serve(open_metric)
