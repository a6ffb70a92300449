"""Muon's step: orthogonal, scaled, with momentum, and as torch's own makes it."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from dragoman.training.muon import MOMENTUM, Muon, orthogonal


def gradients(count: int, *shape: int) -> list[Any]:
    picker = torch.Generator().manual_seed(7)
    return [torch.randn(*shape, generator=picker) for _ in range(count)]


@pytest.mark.parametrize("shape", [(12, 12), (8, 20), (20, 8)])
def test_singular_values_come_near_one(shape: tuple[int, int]) -> None:
    values = torch.linalg.svdvals(orthogonal(torch.stack(gradients(3, *shape))))
    assert float(values.min()) > 0.5
    assert float(values.max()) < 1.3


def test_one_number_by_hand() -> None:
    """A matrix of one number is made 1, then five rounds of the quintic follow."""
    value = 1.0
    for _ in range(5):
        value = 3.4445 * value - 4.7750 * value**3 + 2.0315 * value**5
    assert float(orthogonal(torch.tensor([[[-3.0]]]))[0, 0, 0]) == pytest.approx(-value, abs=1e-5)


@pytest.mark.parametrize("shape", [(12, 12), (8, 20), (20, 8)])
def test_steps_are_those_of_torch(shape: tuple[int, int]) -> None:
    """Torch multiplies in bfloat16, so the two agree to its three digits only."""
    start = gradients(1, *shape)[0]
    ours, theirs = (torch.nn.Parameter(start.clone()) for _ in range(2))
    optimizers: list[Any] = [
        Muon([ours], 0.02),
        torch.optim.Muon([theirs], lr=0.02, weight_decay=0.0, momentum=MOMENTUM),
    ]
    for gradient in gradients(4, *shape):
        for matrix, optimizer in zip((ours, theirs), optimizers, strict=True):
            matrix.grad = gradient.clone()
            optimizer.step()
    moved = float((theirs.detach() - start).abs().max())
    assert moved > 0.02
    assert float((ours - theirs).detach().abs().max()) < 0.03 * moved


def test_matrices_of_one_shape_do_not_mix() -> None:
    """They are only multiplied together."""
    both = [torch.nn.Parameter(matrix) for matrix in gradients(2, 6, 6)]
    alone = torch.nn.Parameter(both[1].detach().clone())
    for matrix, gradient in zip(both, gradients(2, 6, 6), strict=True):
        matrix.grad = gradient
    alone.grad = both[1].grad
    Muon(both, 0.1).step()
    Muon([alone], 0.1).step()
    assert torch.allclose(alone, both[1], atol=1e-6)
