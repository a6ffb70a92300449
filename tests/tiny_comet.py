"""Writes tiny checkpoints of COMET and COMETKiwi with random weights; runs where COMET is.

PYTHON tests/tiny_comet.py FOLDER    makes FOLDER/comet and FOLDER/cometkiwi
"""

from __future__ import annotations

import sys
from pathlib import Path

import torch
import yaml
from comet.models import RegressionMetric, UnifiedMetric  # type: ignore[import-not-found]
from tokenizers import Tokenizer
from tokenizers.models import Unigram
from tokenizers.pre_tokenizers import Metaspace
from tokenizers.processors import TemplateProcessing
from transformers import XLMRobertaConfig, XLMRobertaModel, XLMRobertaTokenizerFast


def encoder(folder: Path) -> str:
    """An XLM-RoBERTa that knows letters."""
    letters = "▁abcdefghijklmnopqrstuvwxyz0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
    vocabulary = [("<s>", 0.0), ("<pad>", 0.0), ("</s>", 0.0), ("<unk>", 0.0)]
    vocabulary += [(letter, -1.0) for letter in letters]
    tokenizer = Tokenizer(Unigram(vocabulary, unk_id=3))
    tokenizer.pre_tokenizer = Metaspace()
    ends = [("<s>", 0), ("</s>", 2)]
    tokenizer.post_processor = TemplateProcessing("<s> $A </s>", special_tokens=ends)
    XLMRobertaTokenizerFast(tokenizer_object=tokenizer).save_pretrained(folder)
    config = XLMRobertaConfig(
        vocab_size=len(vocabulary) + 1, hidden_size=16, num_hidden_layers=2,
        num_attention_heads=2, intermediate_size=32, max_position_embeddings=514,
        type_vocab_size=1, pad_token_id=1, bos_token_id=0, eos_token_id=2,
    )  # fmt: skip
    XLMRobertaModel(config, add_pooling_layer=False).save_pretrained(folder)
    return str(folder)


def save(model: torch.nn.Module, folder: Path) -> None:
    told = {**model.hparams}
    told["class_identifier"] = model.hparams.class_identifier
    (folder / "checkpoints").mkdir(parents=True)
    (folder / "hparams.yaml").write_text(yaml.safe_dump(told))
    torch.save(
        {"state_dict": model.state_dict(), "hyper_parameters": told,
         "pytorch-lightning_version": "2.0.0"},
        folder / "checkpoints/model.ckpt",
    )  # fmt: skip


def main() -> None:
    folder = Path(sys.argv[1])
    torch.manual_seed(1)
    options = {"pretrained_model": encoder(folder / "encoder"), "load_pretrained_weights": False,
               "hidden_sizes": [8, 4], "keep_embeddings_frozen": False}  # fmt: skip
    save(RegressionMetric(**options), folder / "comet")
    kiwi = {"input_segments": ["mt", "src"], "word_level_training": False, "sent_layer": "mix"}
    save(UnifiedMetric(**options, **kiwi), folder / "cometkiwi")


main()
