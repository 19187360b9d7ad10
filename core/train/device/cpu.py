"""Convolutions on a CPU: the layout that oneDNN computes fastest, and products of matrices for small maps.

oneDNN brings the weights into a layout of its own at every call. That pays for large maps. At the bottom of
a U-Net a convolution has 118 MB of weights and a map of a few dozen pixels, and bringing them over takes
several times as long as the product; torch itself goes by the size of the input only. For the real sizes of
Stable Diffusion 1 at 128 px the layout saves 26 % of a step and the products 19 %: bench/results/cpu.json.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

MOST_PIXELS = 256
"""Of an input map. Measured: at 16x16 both ways take the same time, at 32x32 oneDNN is 1.2 times faster."""

MOST_SAMPLES = 4
"""Of a batch. The product reads the weights once a sample, oneDNN brings them over once a batch."""


def lay_channels_last(module: nn.Module) -> None:
    """Lay frozen convolutions as with .to(memory_format=torch.channels_last), in the memory they have.

    A second copy is up to 118 MB. What is trained keeps its layout: optimizers walk through weights and their
    own memory side by side.
    """
    for layer in module.modules():
        if isinstance(layer, nn.Conv2d) and not layer.weight.requires_grad:
            weight = layer.weight.data
            if not weight.is_contiguous() or 1 in weight.shape[:2]:
                layer.weight.data = weight.contiguous(memory_format=torch.channels_last)
                continue
            # Both layouts keep what belongs to one output channel together.
            outputs, inputs, height, width = weight.shape
            for channels in torch.split(weight.view(outputs, inputs, height * width), 64):
                channels.copy_(channels.transpose(1, 2).reshape(channels.shape))
            strides = (inputs * height * width, 1, width * inputs, inputs)
            layer.weight.data = weight.as_strided(weight.shape, strides)


def use_products(module: nn.Module) -> None:
    """Let the convolutions of a module choose the faster way at every call, by the size of the map."""
    for layer in module.modules():
        if isinstance(layer, nn.Conv2d) and _can(layer):
            layer.__dict__["forward"] = _chooser(layer)


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
        arguments = (x, layer.weight, layer.bias, layer.stride, layer.padding)
        product: Tensor = _Product.apply(*arguments)  # type: ignore[no-untyped-call]  # torch has no type for it
        return product

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
        kernel = weight.shape[2:]
        product: Tensor = torch.ops.aten._slow_conv2d_forward(x, weight, kernel, bias, stride, padding)
        return product

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
        results = torch.ops.aten._slow_conv2d_backward.output_mask(
            gradient, x, weight, weight.shape[2:], ctx.stride, ctx.padding, ctx.needs_input_grad[:3]
        )
        return (*results, None, None)
