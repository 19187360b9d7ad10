"""A forward of LoKr that never makes the Kronecker product: both factors are applied one after the other.

(w1 (x) w2) x is w1 X w2^T with X the inputs as a matrix, so the cost is that of the factors and not that of
the layer, and no matrix of the layer's size is kept for the backward pass.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from core.adapters.lora import ADAPTER, Dropouts


def make_forward(layer: Any, dropouts: Dropouts) -> Callable[..., Tensor]:
    """The forward of a LoKr layer of PEFT; with dropouts PEFT's own, which draws on the whole product."""
    if dropouts.is_any:
        whole: Callable[..., Tensor] = layer.forward
        return whole
    base = layer.get_base_layer()
    add = _added_linear if isinstance(base, nn.Linear) else _added_conv

    def forward(x: Tensor, *args: Any, **kwargs: Any) -> Tensor:
        result: Tensor = base(x, *args, **kwargs)
        return result if layer.disable_adapters else result + add(layer, x).to(result.dtype)

    return forward


def _first(layer: Any) -> Tensor:
    """w1 x scale, (outputs, inputs) of the first factor: small, so made whole."""
    if ADAPTER in layer.lokr_w1:
        first: Tensor = layer.lokr_w1[ADAPTER]
    else:
        first = layer.lokr_w1_a[ADAPTER] @ layer.lokr_w1_b[ADAPTER]
    scaled: Tensor = first * layer.scaling[ADAPTER]
    return scaled


def _added_linear(layer: Any, x: Tensor) -> Tensor:
    first = _first(layer)
    rows = x.reshape(*x.shape[:-1], first.shape[1], -1)  # (..., inputs of w1, inputs of w2)
    if ADAPTER in layer.lokr_w2:
        rows = functional.linear(rows, layer.lokr_w2[ADAPTER].to(x.dtype))
    else:
        down, up = (getattr(layer, f"lokr_w2_{side}")[ADAPTER].to(x.dtype) for side in ("b", "a"))
        rows = functional.linear(functional.linear(rows, down), up)
    added: Tensor = torch.matmul(first.to(rows.dtype), rows).flatten(-2)
    return added


def _added_conv(layer: Any, x: Tensor) -> Tensor:
    base, first = layer.get_base_layer(), _first(layer)
    place: dict[str, Any] = {name: getattr(base, name) for name in ("stride", "padding", "dilation")}
    size, samples = base.kernel_size, x.shape[0]
    # Each input of w1 is an image of its own.
    images = x.reshape(samples * first.shape[1], -1, *x.shape[2:])
    if ADAPTER in layer.lokr_w2:
        images = functional.conv2d(images, layer.lokr_w2[ADAPTER].to(x.dtype), **place)
    else:
        down, up = (getattr(layer, f"lokr_w2_{side}")[ADAPTER].to(x.dtype) for side in ("b", "a"))
        images = functional.conv2d(images, down.reshape(down.shape[0], -1, *size), **place)
        images = functional.conv2d(images, up[..., None, None])
    images = images.reshape(samples, first.shape[1], *images.shape[1:])
    return torch.einsum("oi,bichw->bochw", first.to(images.dtype), images).flatten(1, 2)
