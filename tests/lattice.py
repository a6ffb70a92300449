"""A translation model that is a lattice: what comes next depends on the last word alone, by a
table of probabilities that is written out by hand. Transformers loads it like any other."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

END, GO = "<end>", "<go>"
Table = Mapping[str, Mapping[str, float]]


def lattice_config() -> Any:
    """The classes, made known to transformers."""
    import torch
    from transformers import (
        AutoConfig,
        AutoModelForCausalLM,
        GenerationMixin,
        PreTrainedConfig,
        PreTrainedModel,
    )
    from transformers.modeling_outputs import CausalLMOutputWithPast

    class LatticeConfig(PreTrainedConfig):
        model_type = "lattice"

        def __init__(self, vocab_size: int = 8, **more: Any):
            super().__init__(**more)
            self.vocab_size, self.num_hidden_layers = vocab_size, 1

    class Lattice(PreTrainedModel, GenerationMixin):
        config_class = LatticeConfig

        def __init__(self, config: Any):
            super().__init__(config)
            shape = config.vocab_size, config.vocab_size
            self.table = torch.nn.Parameter(torch.zeros(shape))
            self.post_init()

        def _init_weights(self, module: Any) -> None:
            pass

        def forward(
            self, input_ids: Any, past_key_values: Any = None, logits_to_keep: int = 0, **_: Any
        ) -> Any:
            logits = self.table[input_ids][:, -logits_to_keep:]
            return CausalLMOutputWithPast(logits=logits, past_key_values=past_key_values)

    AutoConfig.register("lattice", LatticeConfig, exist_ok=True)
    AutoModelForCausalLM.register(LatticeConfig, Lattice, exist_ok=True)
    return Lattice, LatticeConfig


def make_lattice(folder: Path, words: Sequence[str], table: Table) -> Path:
    """A model folder; whatever the table does not name is next to impossible, the later among
    `words` the less likely."""
    import torch
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers

    network, config = lattice_config()
    numbers = {word: number for number, word in enumerate([END, GO, *words])}
    model = network(config(vocab_size=len(numbers), eos_token_id=0))
    rows = torch.arange(len(numbers)).float().mul(-0.01).sub(20).repeat(len(numbers), 1)
    for word, nexts in table.items():
        for following, chance in nexts.items():
            rows[numbers[word], numbers[following]] = torch.tensor(chance).log()
    model.table.data = rows
    model.save_pretrained(folder)
    tokenizer: Any = Tokenizer(models.WordLevel(numbers, unk_token=GO))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer.decoder = decoders.WordPiece(cleanup=False)
    tokenizer.add_special_tokens([END])
    tokenizer.save(str(folder / "tokenizer.json"))
    settings = {"chat_template": "{{ messages[0].content }}\n" + GO, "eos_token": END}
    (folder / "tokenizer_config.json").write_text(json.dumps(settings), encoding="utf-8")
    return folder
