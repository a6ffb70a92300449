"""The Muon optimizer: momentum, made orthogonal, as the step of a matrix.

Torch has one too, which always multiplies in bfloat16. A processor without that imitates it,
and the steps then take longer than the rest of training; so here float32 does it.
"""

from __future__ import annotations

from collections import defaultdict
from typing import Any, cast

import torch

MOMENTUM = 0.95
ROUNDS = 5
QUINTIC = (3.4445, -4.7750, 2.0315)
"""Coefficients of the Newton-Schulz iteration; they push singular values near 1 fast."""

_Optimizer: Any = torch.optim.Optimizer


class Muon(_Optimizer):
    """Muon for matrices only, with Nesterov momentum and without weight decay."""

    def __init__(self, matrices: list[Any], lr: float):
        _Optimizer.__init__(self, matrices, {"lr": lr})

    @torch.no_grad()
    def step(self) -> None:
        for group in self.param_groups:
            alike: dict[Any, list[tuple[Any, Any]]] = defaultdict(list)
            for matrix in group["params"]:
                if matrix.grad is not None:
                    alike[matrix.shape].append((matrix, self._direction(matrix)))
            for shape, pairs in alike.items():
                steps = orthogonal(torch.stack([direction for _, direction in pairs]))
                rate = group["lr"] * max(1.0, shape[0] / shape[1]) ** 0.5
                for (matrix, _), step in zip(pairs, steps, strict=True):
                    matrix.add_(step, alpha=-rate)

    def _direction(self, matrix: Any) -> Any:
        state = self.state[matrix]
        if "momentum" not in state:
            state["momentum"] = torch.zeros_like(matrix)
        state["momentum"].lerp_(matrix.grad, 1 - MOMENTUM)
        return matrix.grad.lerp(state["momentum"], MOMENTUM)


def orthogonal(matrices: Any) -> Any:
    """Matrices of one shape with their singular values near 1."""
    wide = matrices if matrices.size(-2) <= matrices.size(-1) else matrices.mT
    a, b, c = QUINTIC
    x = wide / (cast(Any, torch).linalg.matrix_norm(wide, keepdim=True) + 1e-7)
    for _ in range(ROUNDS):
        square = x @ x.mT
        x = a * x + (b * square + c * square @ square) @ x
    return x if matrices.size(-2) <= matrices.size(-1) else x.mT
