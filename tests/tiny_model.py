"""A small random Qwen2 model folder, complete with tokenizer and chat template, made in a second.

Its weights are random but the same on every machine, and wide enough that greedy text varies.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

SENTENCES = (
    "The dragoman stood between the two envoys and answered for every word.",
    "A good translation keeps the meaning, the tone and the names of its source.",
    "Rank the candidates below from best to worst, then give each a score.",
    "Der Dolmetscher stand zwischen den Gesandten und bürgte für jedes Wort.",
    "通事站在两位使者之间，为每一个字负责。",
    "好的译文保留原文的意思、语气和人名。",
    "请把下面的候选译文从好到坏排序。",
    "A: 9, B: 7, C: 3 and the ranking is A > B > C",
)

TEMPLATE = (
    "{% for message in messages %}"
    "{{ '<|im_start|>' + message.role + '\n' + message.content + '<|im_end|>\n' }}"
    "{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}"
)


def make_tiny_model(folder: Path, *, endless: bool = False, **shape: Any) -> Path:
    """Write the model into `folder`; `shape` overrides fields of its Qwen2 configuration.

    An endless model knows no token that ends a reply, so every reply is as long as is allowed.
    """
    import torch
    from transformers import GenerationConfig, Qwen2Config, Qwen2ForCausalLM
    from transformers.utils import logging

    logging.disable_progress_bar()
    folder.mkdir(parents=True, exist_ok=True)
    tokenizer = write_tokenizer(folder)
    pad = tokenizer.token_to_id("<|endoftext|>")
    ends = None if endless else [tokenizer.token_to_id("<|im_end|>"), pad]
    sizes = {
        "vocab_size": tokenizer.get_vocab_size(),
        "hidden_size": 128,
        "intermediate_size": 256,
        "num_hidden_layers": 2,
        "num_attention_heads": 4,
        "num_key_value_heads": 2,
        "max_position_embeddings": 512,
        "initializer_range": 0.3,
    }
    config = Qwen2Config(
        **{**sizes, **shape}, tie_word_embeddings=True, eos_token_id=ends, dtype="float32"
    )
    with torch.random.fork_rng():
        torch.manual_seed(7)
        model = Qwen2ForCausalLM(config)
    model.generation_config = GenerationConfig(eos_token_id=ends, pad_token_id=pad)
    model.save_pretrained(folder)
    return folder


def write_tokenizer(folder: Path) -> Any:
    """A byte-level BPE trained on the sentences above, with Qwen's marks of a chat."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=500,
        special_tokens=["<|endoftext|>", "<|im_start|>", "<|im_end|>"],
        initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()),
        show_progress=False,
    )
    tokenizer.train_from_iterator(SENTENCES, trainer)
    tokenizer.save(str(folder / "tokenizer.json"))
    settings = {
        "tokenizer_class": "PreTrainedTokenizerFast",
        "eos_token": "<|im_end|>",
        "pad_token": "<|endoftext|>",
        "clean_up_tokenization_spaces": False,
        "model_max_length": 512,
        "chat_template": TEMPLATE,
    }
    text = json.dumps(settings, ensure_ascii=False, indent=2)
    (folder / "tokenizer_config.json").write_text(text, encoding="utf-8")
    return tokenizer
