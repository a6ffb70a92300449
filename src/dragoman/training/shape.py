"""The shape of a Qwen2-like model, and the counts that follow from it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from dragoman.errors import UserError


@dataclass(frozen=True)
class Shape:
    """Widths and numbers, as in a model's config.json."""

    layers: int
    hidden: int
    heads: int
    kv_heads: int
    mlp: int
    vocabulary: int
    tied: bool

    @property
    def kv_width(self) -> int:
        """Width of a token's keys, and of its values."""
        return self.hidden // self.heads * self.kv_heads

    @property
    def linears(self) -> tuple[tuple[int, int], ...]:
        """Input and output width of each weight matrix of a layer: q, k, v, o, gate, up, down."""
        hidden, narrow, wide = self.hidden, self.kv_width, self.mlp
        return (
            (hidden, hidden),
            (hidden, narrow),
            (hidden, narrow),
            (hidden, hidden),
            (hidden, wide),
            (hidden, wide),
            (wide, hidden),
        )

    @property
    def layer(self) -> int:
        """Parameters of a layer: matrices, biases of q, k and v, two norms."""
        matrices = sum(rows * columns for rows, columns in self.linears)
        return matrices + self.hidden + 2 * self.kv_width + 2 * self.hidden

    @property
    def embedding(self) -> int:
        return self.vocabulary * self.hidden

    @property
    def parameters(self) -> int:
        tables = 1 if self.tied else 2
        return tables * self.embedding + self.layers * self.layer + self.hidden

    @property
    def multiplied(self) -> int:
        """Parameters that every token is multiplied with: all but the table it is looked up in."""
        return self.embedding + self.layers * self.layer + self.hidden

    @property
    def kv_bytes(self) -> int:
        """Bytes of a token in a cache of 16-bit keys and values."""
        return self.layers * 2 * self.kv_width * 2

    def lora(self, rank: int) -> int:
        """Parameters of adapters of this rank on every matrix of every layer."""
        return self.layers * sum(rank * (rows + columns) for rows, columns in self.linears)


SHAPES = {
    "Qwen2.5-7B": Shape(28, 3584, 28, 4, 18944, 152064, tied=False),
}


def read_shape(model: str, expected: str) -> Shape:
    """The shape in the model's folder or, while there is none, the one expected by name."""
    config = Path(model) / "config.json"
    if not config.is_file():
        if expected not in SHAPES:
            raise UserError(f"no shape is called {expected!r}; there are {', '.join(SHAPES)}")
        return SHAPES[expected]
    try:
        told = cast(dict[str, Any], json.loads(config.read_text(encoding="utf-8")))
        return Shape(
            layers=told["num_hidden_layers"],
            hidden=told["hidden_size"],
            heads=told["num_attention_heads"],
            kv_heads=told["num_key_value_heads"],
            mlp=told["intermediate_size"],
            vocabulary=told["vocab_size"],
            tied=told.get("tie_word_embeddings", True),
        )
    except (ValueError, KeyError) as error:
        raise UserError(f"{config}: not the config of a Qwen2 model: {error}") from None
