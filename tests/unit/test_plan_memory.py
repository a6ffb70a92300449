"""What the plan says of a model's size and of memory, by hand."""

from __future__ import annotations

from pathlib import Path

import pytest

from dragoman.errors import UserError
from dragoman.training.hardware import Layout
from dragoman.training.plan_memory import GIB, Lengths, activations, head, layer_bytes, states
from dragoman.training.shape import SHAPES, read_shape

pytest.importorskip("trl", reason="numbers are compared with TRL's and transformers'")

QWEN = SHAPES["Qwen2.5-7B"]
PARAMETERS = 7_615_616_512
SHARDED = Layout(trainers=16, launch="zero3.yaml")
ALONE = Layout(trainers=1, launch="one-gpu.yaml")


def gib(parts) -> dict[str, float]:
    return {part.name: part.gib for part in parts}


class TestShape:
    def test_parameters_of_qwen(self):
        # 28 layers of 233,057,792; two tables of 152,064 × 3,584; the last norm.
        assert QWEN.layer == 233_057_792
        assert QWEN.parameters == 28 * 233_057_792 + 2 * 152_064 * 3_584 + 3_584 == PARAMETERS

    def test_parameters_are_those_of_transformers(self, tmp_path: Path):
        import torch
        from transformers import Qwen2Config, Qwen2ForCausalLM

        for tied in (False, True):
            config = Qwen2Config(
                hidden_size=64,
                intermediate_size=96,
                num_hidden_layers=3,
                num_attention_heads=8,
                num_key_value_heads=2,
                vocab_size=101,
                tie_word_embeddings=tied,
            )
            with torch.device("meta"):
                real = Qwen2ForCausalLM(config).num_parameters()
            config.save_pretrained(tmp_path)
            assert read_shape(str(tmp_path), "").parameters == real

    def test_lora_of_rank_16(self):
        # A layer: 16 × (2 × 7,168 + 2 × 4,096 + 3 × 22,528) = 1,441,792.
        assert QWEN.lora(16) == 28 * 1_441_792 == 40_370_176

    def test_a_token_in_the_cache(self):
        # 28 layers × key and value × 4 heads of 128 × 2 bytes.
        assert QWEN.kv_bytes == 57_344

    def test_an_unknown_shape_and_a_strange_config(self, tmp_path: Path):
        with pytest.raises(UserError, match="no shape is called 'Qwen9'"):
            read_shape("nowhere", "Qwen9")
        (tmp_path / "config.json").write_text("{}")
        with pytest.raises(UserError, match="not the config"):
            read_shape(str(tmp_path), "")


class TestMemory:
    def test_sixteen_bytes_a_parameter_over_sixteen_gpus(self):
        parts = gib(states(QWEN, SHARDED, "bfloat16", None))
        gathered = parts.pop("gathered weights")
        assert sum(parts.values()) * GIB == pytest.approx(PARAMETERS)
        # Two layers, both tables and the last norm in 16 bits.
        assert gathered * GIB == 2 * (2 * 233_057_792 + 1_089_994_752 + 3_584)

    def test_sixteen_bits_on_one_gpu(self):
        parts = states(QWEN, ALONE, "bfloat16", None)
        assert sum(gib(parts).values()) * GIB == pytest.approx(8 * PARAMETERS)

    def test_thirty_two_bits_on_one_gpu_with_the_copies_of_autocast(self):
        parts = states(QWEN, ALONE, "float32", None)
        assert sum(gib(parts).values()) * GIB == pytest.approx((16 + 2) * PARAMETERS)

    def test_ddp_has_the_gradients_twice(self):
        layout = Layout(trainers=16, launch="ddp.yaml")
        parts = states(QWEN, layout, "bfloat16", None)
        assert sum(gib(parts).values()) * GIB == pytest.approx(10 * PARAMETERS)

    def test_lora_trains_little(self):
        parts = gib(states(QWEN, ALONE, "bfloat16", 16))
        assert parts.pop("frozen weights") * GIB == 2 * PARAMETERS
        assert sum(parts.values()) * GIB == pytest.approx(16 * 40_370_176)

    def test_activations(self):
        # 16-bit: 6 × 3,584 + 2 × 512 + 4 × 18,944 values; 32-bit: 2 × 3,584.
        assert layer_bytes(QWEN) == 2 * 98_304 + 4 * 7_168 == 225_280
        whole = gib(activations(QWEN, 1_000, checkpointing=False))
        assert whole["activations"] * GIB == pytest.approx(1_000 * 28 * 225_280)
        kept = gib(activations(QWEN, 1_000, checkpointing=True))
        assert kept["activations"] * GIB == pytest.approx(1_000 * 28 * 7_168)
        assert kept["one layer anew"] * GIB == pytest.approx(2 * 1_000 * 225_280)

    def test_the_head_works_in_tiles(self):
        from trl.kernels import chunked_logprob
        from trl.trainer import utils

        assert (chunked_logprob.TOKEN_CHUNK_SIZE, utils._CHUNKED_LOGPROB_CHUNK_SIZE) == (
            4_096,
            32_768,
        )
        part = head(QWEN, Lengths(8, 1_000, 4_096), trained=True)
        hidden, table = 8 * 4_096 * 3_584 * 4, 152_064 * 3_584 * 4
        assert part.gib * GIB == pytest.approx(4_096 * 32_768 * 2 + hidden + table)
        frozen = head(QWEN, Lengths(1, 0, 10), trained=False)
        assert frozen.gib * GIB == pytest.approx(10 * 32_768 * 2 + 10 * 3_584 * 4)
