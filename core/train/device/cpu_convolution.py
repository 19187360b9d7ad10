"""Convolutions of small maps on a CPU as one matrix product, which is what they are there.

oneDNN brings the weights into a layout of its own at every call. That pays for large maps. At the bottom of
a U-Net a convolution has 118 MB of weights and a map of a few dozen pixels, and bringing them over takes
several times as long as the product; torch itself goes by the size of the input only.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch import Tensor, nn

MOST_PIXELS = 256
"""Of an input map. Measured: at 16x16 both ways take the same time, at 32x32 oneDNN is 1.2 times faster."""

MOST_SAMPLES = 4
"""Of a batch. The product reads the weights once a sample, oneDNN brings them over once a batch."""


def use_products(modules: Iterable[nn.Module]) -> None:
    """Let the convolutions of these modules choose the faster way at every call, by the size of the map."""
    for module in modules:
        for layer in module.modules():
            if isinstance(layer, nn.Conv2d) and _can(layer):
                layer.forward = _chooser(layer)  # type: ignore[method-assign]


def _can(layer: nn.Conv2d) -> bool:
    """A 1x1 convolution is a product already."""
    return (
        layer.kernel_size != (1, 1)
        and layer.groups == 1
        and layer.dilation == (1, 1)
        and layer.padding_mode == "zeros"
        and isinstance(layer.padding, tuple)
        and layer.weight.dtype == torch.float32
    )


def _chooser(layer: nn.Conv2d) -> Callable[[Tensor], Tensor]:
    plain_forward = layer.forward

    def forward(x: Tensor) -> Tensor:
        is_small = x.ndim == 4 and x.shape[0] <= MOST_SAMPLES and x.shape[2] * x.shape[3] <= MOST_PIXELS
        if not is_small or x.dtype != torch.float32 or torch.is_autocast_enabled("cpu"):
            return plain_forward(x)
        made: Tensor = _Product.apply(x, layer.weight, layer.bias, layer.stride, layer.padding)
        return made

    return forward


class _Product(torch.autograd.Function):
    """torch's own convolution by matrix products, and its gradients. Frozen weights keep no input."""

    @staticmethod
    def forward(
        ctx: Any, x: Tensor, weight: Tensor, bias: Tensor | None, stride: list[int], padding: list[int]
    ) -> Tensor:
        # The gradient of the input needs only the shape of the input.
        ctx.save_for_backward(x if ctx.needs_input_grad[1] else None, weight)
        ctx.shape, ctx.stride, ctx.padding = x.shape, stride, padding
        return torch.ops.aten._slow_conv2d_forward(x, weight, weight.shape[2:], bias, stride, padding)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        (gradient,) = gradients
        x, weight = ctx.saved_tensors
        if x is None:
            x = torch.empty_like(gradient[:, :1, :1, :1]).expand(ctx.shape)
        else:
            # torch refuses an input that lies otherwise than the weight whose gradient it makes.
            is_plain = weight.is_contiguous()
            x = x.contiguous(memory_format=torch.contiguous_format if is_plain else torch.channels_last)
        found = torch.ops.aten._slow_conv2d_backward.output_mask(
            gradient, x, weight, weight.shape[2:], ctx.stride, ctx.padding, ctx.needs_input_grad[:3]
        )
        return (*found, None, None)
