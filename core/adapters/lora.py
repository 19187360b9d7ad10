"""What is written by hand for a LoRA: a faster forward, dropouts, and its norm without the product.

Knows of down and up, PEFT's lora_A and lora_B.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional

ADAPTER = "default"
"""PEFT's name for the one adapter that is attached."""


class Dropouts(NamedTuple):
    """Shares to leave out, 0 to 1: of the values between down and up, of the ranks, of the modules."""

    values: float = 0.0
    ranks: float = 0.0
    modules: float = 0.0

    @property
    def is_any(self) -> bool:
        """Whether anything is drawn at all."""
        return any(self)


def make_forward(layer: Any, dropouts: Dropouts) -> Callable[..., Tensor]:
    """base(x) + up(down(x)) x scale of a LoRA layer, for a Linear fused, and with dropouts in train mode."""
    is_linear = isinstance(layer.get_base_layer(), nn.Linear)
    forward: Callable[..., Tensor] = _fused_linear(layer) if is_linear else layer.forward
    return _dropping(layer, forward, dropouts) if dropouts.is_any else forward


def squared_norm(layer: Any) -> Tensor:
    """|up @ down|^2 of a LoRA layer, 0-dim, without alpha / rank and without the product itself.

    It is the sum over both Gram matrices, rank x rank each.
    """
    down, up = (m[ADAPTER].weight.flatten(1).float() for m in (layer.lora_A, layer.lora_B))
    squared: Tensor = ((up.t() @ up) * (down @ down.t())).sum()
    return squared


def _dropping(layer: Any, forward: Callable[..., Tensor], dropouts: Dropouts) -> Callable[..., Tensor]:
    """A forward that drops out in train mode, and else is the one given.

    The ranks that stay weigh 1 / (1 - share) more, as in dropout. Draws come from torch's global generators,
    which the training sets anew for every micro-batch. Source of the three kinds: sd-scripts' networks.lora.
    """
    base, down, up = layer.get_base_layer(), layer.lora_A[ADAPTER], layer.lora_B[ADAPTER]

    def dropping(x: Tensor, *args: Any, **kwargs: Any) -> Tensor:
        if not layer.training or layer.disable_adapters or layer.merged or args or kwargs:
            return forward(x, *args, **kwargs)
        result: Tensor = base(x)
        # Drawn on the host, whatever the device: the host must know it, and must not wait for it.
        if dropouts.modules and float(torch.rand((), device="cpu")) < dropouts.modules:
            return result
        reduced = functional.dropout(down(x), dropouts.values)
        scale = layer.scaling[ADAPTER]
        if dropouts.ranks:
            # One draw for each sample and rank; the rank is the last axis of a Linear, the second of a Conv.
            shape = [1] * reduced.ndim
            rank_axis = 1 if reduced.ndim == 4 else -1
            shape[0], shape[rank_axis] = reduced.shape[0], reduced.shape[rank_axis]
            reduced = reduced * (torch.rand(shape, device=reduced.device) > dropouts.ranks)
            scale = scale / (1 - dropouts.ranks)
        return torch.add(result, (up(reduced) * scale).to(result.dtype))

    return dropping


def _fused_linear(layer: Any) -> Callable[..., Tensor]:
    """PEFT's forward of a plain LoRA Linear, with the adapter added into the base product by one addmm.

    PEFT's own is base(x) + up(down(x)) * scale: two more passes over the output and several Python calls.
    Merged and disabled states are PEFT's own affair, so they take its path.
    """
    base, down, up = layer.get_base_layer(), layer.lora_A[ADAPTER], layer.lora_B[ADAPTER]
    plain_forward: Callable[..., Tensor] = layer.forward

    def fused(x: Tensor, *args: Any, **kwargs: Any) -> Tensor:
        if layer.disable_adapters or layer.merged or args or kwargs:
            return plain_forward(x, *args, **kwargs)
        # To the frozen weight's type once, where autocast would do it for each of the two products.
        flat = x.reshape(-1, x.shape[-1]).to(base.weight.dtype)
        result = functional.linear(flat, base.weight, base.bias)
        reduced = functional.linear(flat, down.weight)
        result = torch.addmm(result, reduced, up.weight.t(), alpha=layer.scaling[ADAPTER])
        return result.view(*x.shape[:-1], -1)

    return fused
