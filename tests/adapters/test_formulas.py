"""The change of a weight by every method, against its formula written out in float64."""

from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from core.adapters.methods import Adapted, method_of

OUT, IN, R = 12, 8, 2
LAYERS = {"Linear": (OUT, IN), "Conv2d": (OUT, IN, 3, 3)}
ALPHA = 3.0


def drawn(*shape: int) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(sum(shape))) / 2


def product(t: dict[str, Tensor]) -> Tensor:
    """sum over r of up[o, r] down[r, i, k, l]."""
    return torch.einsum("or,r...->o...", t["lora_up.weight"].flatten(1), t["lora_down.weight"])


def decomposed(t: dict[str, Tensor], weight: Tensor, over: tuple[int, ...]) -> Tensor:
    """m (W + dW) / |W + dW| - W, the norm over the axes that m does not have."""
    whole = weight + product(t) * ALPHA / R
    lengths = whole.square().sum(over, keepdim=True).sqrt()
    magnitudes = t["dora_scale"].reshape([1 if n in over else side for n, side in enumerate(weight.shape)])
    return magnitudes * whole / lengths - weight


def kronecker(first: Tensor, second: Tensor) -> Tensor:
    """[a O2 + b, c I2 + d, k, l] is first[a, c] second[b, d, k, l]."""
    whole = torch.einsum("ac,bd...->abcd...", first, second)
    return whole.flatten(0, 1).flatten(1, 2)


def turned(blocks: Tensor, weight: Tensor) -> Tensor:
    """Row m of a block is the sum over n of R[n, m] W[n], R = (1 + Q) (1 - Q)^-1, Q = B - B^T."""
    found = []
    for block, rows in zip(blocks, weight.split(blocks.shape[1]), strict=True):
        skew, one = block - block.T, torch.eye(len(block), dtype=torch.float64)
        rotation = (one + skew) @ torch.linalg.inv(one - skew)
        found.append(torch.einsum("nm,n...->m...", rotation, rows))
    return torch.cat(found) - weight


def lora(shape) -> dict[str, Tensor]:
    _, inputs, *kernel = shape
    ones = [1 for _ in kernel]
    return {"lora_down.weight": drawn(R, inputs, *kernel), "lora_up.weight": drawn(OUT, R, *ones)}


def dora(*sides: int) -> Callable[..., dict[str, Tensor]]:
    return lambda shape: lora(shape) | {
        "dora_scale": drawn(*sides, *(1 for _ in shape[2:])).abs() + 1
    }  # fmt: skip


def loha(shape) -> dict[str, Tensor]:
    columns = weight_of(shape)[0].numel()
    sides = {"w1_a": (OUT, R), "w1_b": (R, columns), "w2_a": (OUT, R), "w2_b": (R, columns)}
    return {f"hada_{name}": drawn(*each) * (1 + n) for n, (name, each) in enumerate(sides.items())}


def weight_of(shape) -> Tensor:
    return drawn(*shape).double()


def in_shape(change: Tensor, weight: Tensor) -> Tensor:
    return change.reshape(weight.shape)


FORMULAS = {
    "LoRA": (lora, lambda t, w: product(t) * ALPHA / R),
    "DoRA of inputs": (dora(1, IN), lambda t, w: decomposed(t, w, (0, *range(2, w.ndim)))),
    "DoRA of outputs": (dora(OUT, 1), lambda t, w: decomposed(t, w, (*range(1, w.ndim),))),
    "LoHa": (
        loha,
        lambda t, w: in_shape(
            (t["hada_w1_a"] @ t["hada_w1_b"]) * (t["hada_w2_a"] @ t["hada_w2_b"]) * ALPHA / R, w
        ),
    ),
    "whole LoKr": (
        lambda s: {"lokr_w1": drawn(4, 2), "lokr_w2": drawn(3, 4, *s[2:])},
        lambda t, w: kronecker(t["lokr_w1"], t["lokr_w2"]),  # alpha plays no part
    ),
    "LoKr": (
        lambda s: {"lokr_w1": drawn(4, 2), "lokr_w2_a": drawn(3, R), "lokr_w2_b": drawn(R, 4 * kernel(s))},
        lambda t, w: in_shape(
            kronecker(t["lokr_w1"], (t["lokr_w2_a"] @ t["lokr_w2_b"]).reshape(3, 4, *w.shape[2:])), w
        ) * ALPHA / R,
    ),
    "LoKr of two products": (
        lambda s: {
            "lokr_w1_a": drawn(4, R), "lokr_w1_b": drawn(R, 2),
            "lokr_w2_a": drawn(3, R), "lokr_w2_b": drawn(R, 4 * kernel(s)),
        },
        lambda t, w: in_shape(
            kronecker(
                t["lokr_w1_a"] @ t["lokr_w1_b"],
                (t["lokr_w2_a"] @ t["lokr_w2_b"]).reshape(3, 4, *w.shape[2:]),
            ), w,
        ) * ALPHA / R,
    ),
    "OFT": (lambda s: {"oft_blocks": drawn(3, 4, 4)}, lambda t, w: turned(t["oft_blocks"], w)),
}  # fmt: skip
"""What the tensors are for a weight of a shape, and what they change it by.

Sources: see core/adapters/delta.py; the forms of files are those of LyCORIS 4.1.
"""


def kernel(shape) -> int:
    return torch.Size(shape[2:]).numel()


@pytest.mark.parametrize("layer", LAYERS)
@pytest.mark.parametrize("name", FORMULAS)
def test_a_change_is_what_the_formula_says(name, layer):
    make, formula = FORMULAS[name]
    weight, tensors = weight_of(LAYERS[layer]), make(LAYERS[layer])
    method = method_of(tensors)
    rank = method.rank_of(tensors) or 1
    module = Adapted(tensors, ALPHA if method.rank_of(tensors) else 1.0, rank)
    expected = formula({name: tensor.double() for name, tensor in tensors.items()}, weight)
    found = method.change(module, weight.float()).double().reshape(weight.shape)
    torch.testing.assert_close(found, expected, rtol=1e-6, atol=1e-6)
    assert expected.abs().max() > 0.1
