"""OFT on outputs: blocks of a layer's outputs are rotated (LyCORIS' diag-oft, without a constraint).

PEFT's OFT rotates inputs, which no other program loads; so this layer is ours. Source: Qiu et al. 2023,
arXiv:2306.07280.
"""

from __future__ import annotations

from typing import Any

import torch
from peft.tuners.tuners_utils import BaseTunerLayer
from torch import Tensor, nn

from core.adapters import delta
from core.adapters.factors import block_size
from core.adapters.lora import ADAPTER


class OutputRotation(nn.Module, BaseTunerLayer):
    """A Linear or Conv2d whose outputs are rotated in blocks; `strength` is the share of the whole change."""

    adapter_layer_names = ("oft_blocks",)
    other_param_names = ()

    def __init__(self, base_layer: nn.Linear | nn.Conv2d, block_size_at_most: int) -> None:
        super().__init__()
        self.base_layer = base_layer
        outputs = base_layer.weight.shape[0]
        side = block_size(outputs, block_size_at_most)
        blocks = torch.zeros(outputs // side, side, side, device=base_layer.weight.device)
        self.oft_blocks = nn.ParameterDict({ADAPTER: nn.Parameter(blocks)})
        self.strength = 1.0

    def forward(self, x: Tensor, *args: Any, **kwargs: Any) -> Tensor:
        base = self.base_layer
        result: Tensor = base(x, *args, **kwargs)
        if self.disable_adapters:
            return result
        blocks = self.oft_blocks[ADAPTER]
        axis = -1 if isinstance(base, nn.Linear) else 1
        moved = result.movedim(axis, -1)
        if base.bias is not None:
            moved = moved - base.bias.to(moved.dtype)
        rows = moved.reshape(*moved.shape[:-1], *blocks.shape[:2])
        # Of a rotation by its transpose: W' = R^T W, so each row of outputs is multiplied by R.
        turned = torch.einsum("...kn,knm->...km", rows, self._rotations(rows.dtype))
        change = (turned - rows).flatten(-2).movedim(-1, axis)
        changed: Tensor = result + change * self.strength
        return changed

    def _rotations(self, dtype: torch.dtype) -> Tensor:
        with torch.autocast(self.base_layer.weight.device.type, enabled=False):
            return delta.rotations(self.oft_blocks[ADAPTER]).to(dtype)
