"""A larger model that begins by saying what a smaller one says.

New layers stand between the old ones and at first add nothing; wider layers do the same with
what is new in them. So nothing that was learnt is lost, and there is room for more.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import torch

LAYER = re.compile(r"(.*\blayers\.)(\d+)\.(.*)")


@torch.no_grad()
def grow(model: Any, smaller: Mapping[str, Any]) -> None:
    """Give a newly made model the weights of a smaller one: of as many layers or fewer, with
    inner layers as wide or less, and else of its shape."""
    last, last_of_smaller = (max(depths(names)) for names in (model.state_dict(), smaller))
    for layer in model.model.layers:
        layer.self_attn.o_proj.weight.zero_()
        layer.mlp.down_proj.weight.zero_()
    weights = model.state_dict()
    for name, values in smaller.items():
        if found := LAYER.fullmatch(name):
            place = int(found[2]) * last // max(1, last_of_smaller)
            name = f"{found[1]}{place}.{found[3]}"
        corner = tuple(slice(size) for size in values.shape)
        weights[name][corner] = values


def depths(weights: Mapping[str, Any]) -> list[int]:
    """The layer of each weight that is in one."""
    return [int(found[2]) for name in weights if (found := LAYER.fullmatch(name))]
