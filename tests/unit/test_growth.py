"""Larger models that begin as a smaller one."""

from __future__ import annotations

from typing import Any

import pytest

torch = pytest.importorskip("torch")
from transformers import Qwen2Config, Qwen2ForCausalLM  # noqa: E402

from dragoman.training.growth import grow  # noqa: E402


def model(seed: int, *, layers: int, mlp: int) -> Any:
    torch.manual_seed(seed)
    config = Qwen2Config(
        vocab_size=50,
        hidden_size=16,
        num_attention_heads=2,
        num_key_value_heads=2,
        num_hidden_layers=layers,
        intermediate_size=mlp,
        tie_word_embeddings=True,
    )
    made: Any = Qwen2ForCausalLM(config)
    with torch.no_grad():  # norms too are to differ from those of a new model
        for weights in made.parameters():
            weights.add_(torch.randn_like(weights) * 0.3)
    return made


@pytest.mark.parametrize(("layers", "mlp"), [(3, 24), (3, 40), (5, 24), (6, 40)])
def test_a_larger_model_says_what_the_smaller_one_says(layers: int, mlp: int) -> None:
    small, large = model(1, layers=3, mlp=24), model(2, layers=layers, mlp=mlp)
    ids = torch.randint(0, 50, (2, 9))
    assert not torch.allclose(small(ids).logits, large(ids).logits, atol=0.1)
    grow(
        large,
        {name: value for name, value in small.state_dict().items() if name != "lm_head.weight"},
    )
    assert torch.allclose(small(ids).logits, large(ids).logits, atol=1e-4)


def test_every_new_part_can_learn() -> None:
    """What is nothing on both sides of a product would stay nothing."""
    large = model(2, layers=5, mlp=40)
    grow(large, model(1, layers=3, mlp=24).state_dict())
    for _ in range(2):
        ids = torch.randint(0, 50, (4, 9))
        large(ids, labels=ids).loss.backward()
        with torch.no_grad():
            for weights in large.parameters():
                weights -= 0.1 * weights.grad
    assert all(weights.grad.abs().max() > 0 for weights in large.parameters())


def test_new_layers_stand_between_the_old_ones() -> None:
    large = model(2, layers=6, mlp=24)
    grow(large, model(1, layers=3, mlp=24).state_dict())
    adds = [bool(layer.mlp.down_proj.weight.any()) for layer in large.model.layers]
    assert adds == [True, False, True, False, False, True]
