"""Leaving parts of a LoRA out while it learns: single values, whole ranks, whole modules.

Draws come from torch's global generators, which the training sets anew for every micro-batch.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import torch
from peft.tuners.lora import LoraLayer
from torch import Tensor, nn
from torch.nn import functional


class Dropouts(NamedTuple):
    """Shares to leave out, 0 to 1: of the values between down and up, of the ranks, of the modules."""

    values: float = 0.0
    ranks: float = 0.0
    modules: float = 0.0

    @property
    def is_any(self) -> bool:
        """Whether anything is drawn at all."""
        return any(self)


def dropping(
    layer: LoraLayer, down: nn.Module, up: nn.Module, adapter: str, dropouts: Dropouts
) -> Callable[..., Tensor]:
    """A forward for an adapted layer that drops out in train mode, and else is the layer's own.

    The ranks that stay weigh 1 / (1 - share) more, as in dropout. Source of the three kinds: sd-scripts'
    networks.lora.
    """
    base, quiet = layer.get_base_layer(), layer.forward

    def forward(x: Tensor, *args: Any, **kwargs: Any) -> Tensor:
        if not layer.training or layer.disable_adapters or layer.merged or args or kwargs:
            return quiet(x, *args, **kwargs)
        result: Tensor = base(x)
        # Drawn on the host, whatever the device: the host must know it, and must not wait for it.
        if dropouts.modules and float(torch.rand((), device="cpu")) < dropouts.modules:
            return result
        reduced = functional.dropout(down(x), dropouts.values)
        scale = layer.scaling[adapter]
        if dropouts.ranks:
            # One draw for each sample and rank; the rank is the last axis of a Linear, the second of a Conv.
            shape = [1] * reduced.ndim
            rank_axis = 1 if reduced.ndim == 4 else -1
            shape[0], shape[rank_axis] = reduced.shape[0], reduced.shape[rank_axis]
            reduced = reduced * (torch.rand(shape, device=reduced.device) > dropouts.ranks)
            scale = scale / (1 - dropouts.ranks)
        return result + (up(reduced) * scale).to(result.dtype)

    return forward
