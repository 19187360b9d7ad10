"""Convolutions of small maps as matrix products: the same numbers as torch's own."""

import copy

import pytest
import torch
from torch import nn

from core.train.device import cpu


def layer(**options) -> nn.Conv2d:
    torch.manual_seed(1)
    return nn.Conv2d(24, 16, 3, **options)


def answers(module: nn.Conv2d, x: torch.Tensor) -> list[torch.Tensor | None]:
    """Output, gradient of the input, and those of the weights where they learn."""
    x = x.clone().requires_grad_(True)
    out = module(x)
    (out * torch.arange(out.numel()).reshape(out.shape).cos()).sum().backward()
    return [out.detach(), x.grad, module.weight.grad, module.bias.grad if module.bias is not None else None]


@pytest.mark.parametrize("is_trained", [True, False])
@pytest.mark.parametrize("layout", [torch.contiguous_format, torch.channels_last])
@pytest.mark.parametrize("options", [{"padding": 1}, {"padding": 1, "stride": 2}, {"bias": False}])
def test_it_gives_what_the_plain_layer_gives(options, layout, is_trained):
    plain = layer(**options).requires_grad_(is_trained).to(memory_format=layout)
    other = copy.deepcopy(plain)
    cpu.use_products(other)
    x = torch.randn(2, 24, 6, 4, generator=torch.Generator().manual_seed(2)).to(memory_format=layout)
    for ours, theirs in zip(answers(other, x), answers(plain, x), strict=True):
        assert (ours is None) == (theirs is None)
        if theirs is not None:
            torch.testing.assert_close(ours, theirs, rtol=1e-5, atol=1e-5)


def test_trained_weights_and_an_image_may_lie_differently():
    plain = layer(padding=1)
    other = copy.deepcopy(plain)
    cpu.use_products(other)
    x = torch.randn(2, 24, 6, 4).to(memory_format=torch.channels_last)
    for ours, theirs in zip(answers(other, x), answers(plain, x), strict=True):
        torch.testing.assert_close(ours, theirs, rtol=1e-5, atol=1e-5)


def kept_bytes(module: nn.Module, x: torch.Tensor) -> int:
    """What a forward pass keeps for the backward pass, beside the weights."""
    own = {p.data_ptr() for p in module.parameters()}
    sizes: dict[int, int] = {}

    def pack(tensor):
        if tensor.data_ptr() not in own:
            sizes[tensor.data_ptr()] = tensor.nbytes
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor):
        module(x.requires_grad_(True))
    return sum(sizes.values())


def test_a_frozen_one_keeps_no_input_for_the_backward_pass():
    frozen = layer(padding=1).requires_grad_(False)
    assert kept_bytes(frozen, torch.randn(1, 24, 8, 8)) == 24 * 64 * 4
    cpu.use_products(frozen)
    assert kept_bytes(frozen, torch.randn(1, 24, 8, 8)) == 0


def asked(module: nn.Module, x: torch.Tensor) -> bool:
    """Whether it is computed as a product of matrices."""
    out = module(x.requires_grad_(True))
    return "Product" in type(out.grad_fn).__name__


def test_large_maps_and_large_batches_are_left_to_torch():
    one = layer(padding=1)
    cpu.use_products(one)
    assert asked(one, torch.randn(1, 24, 16, 16)) and asked(one, torch.randn(4, 24, 8, 8))
    assert not asked(one, torch.randn(1, 24, 32, 32)) and not asked(one, torch.randn(5, 24, 8, 8))


def test_under_autocast_it_is_left_to_torch():
    one = layer(padding=1)
    cpu.use_products(one)
    with torch.autocast("cpu", torch.bfloat16):
        assert one(torch.randn(1, 24, 8, 8)).dtype is torch.bfloat16


def test_1x1_layers_are_left_as_they_are():
    one = nn.Conv2d(8, 8, 1)
    cpu.use_products(one)
    assert "forward" not in one.__dict__


@pytest.mark.parametrize("shape", [(70, 5, 3, 3), (6, 4, 1, 1), (3, 8, 3, 2)])
def test_weights_are_laid_channels_last_in_the_memory_they_have(shape):
    layer = nn.Conv2d(shape[1], shape[0], shape[2:]).requires_grad_(False)
    expected = layer.weight.detach().clone(memory_format=torch.channels_last)
    place = layer.weight.data_ptr()
    cpu.lay_channels_last(layer)
    assert torch.equal(layer.weight, expected)
    assert layer.weight.is_contiguous(memory_format=torch.channels_last)
    assert layer.weight.data_ptr() == place
