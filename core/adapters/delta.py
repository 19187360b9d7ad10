"""What an adapter changes a weight by: the formulas of every method, on tensors alone.

Each function takes the tensors of one module by their names in files, the scale alpha / rank, and the weight
of the untouched model; it returns the change at strength 1 as a float32 matrix, outputs x everything else.
Tensors of convolutions are taken as the matrices they are. Of the size of the weight there is no more at a
time than what the formula is of, two matrices at most beside the weight. Shapes: O outputs, I inputs times
the kernel, r the rank.
"""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor

Tensors = Mapping[str, Tensor]


def lora(tensors: Tensors, scale: float, weight: Tensor) -> Tensor:
    """up (O, r) @ down (r, I) x scale. Source: Hu et al. 2021, arXiv:2106.09685."""
    return (_matrix(tensors["lora_up.weight"]) @ _matrix(tensors["lora_down.weight"])).mul_(scale)


def dora(tensors: Tensors, scale: float, weight: Tensor) -> Tensor:
    """m V / |V| - W with V = W + the change of the LoRA. Source: Liu et al. 2024, arXiv:2402.09353.

    The shape of the magnitudes m says whether the norm is that of each output, (O, 1), or of each input,
    (1, I), over all outputs and the kernel.
    """
    base = weight.float()
    changed = base + lora(tensors, scale, weight).reshape(base.shape)
    magnitudes = tensors["dora_scale"].float()
    magnitudes = magnitudes.reshape(*magnitudes.shape[:2], *[1] * (base.ndim - 2))
    return (changed * (magnitudes / norms(changed, magnitudes)) - base).flatten(1)


def norms(weight: Tensor, magnitudes: Tensor) -> Tensor:
    """The norms of a weight over all axes but the one that the magnitudes have, in their shape."""
    axis = 1 if magnitudes.shape[0] == 1 and weight.shape[0] != 1 else 0
    others = [n for n in range(weight.ndim) if n != axis]
    found: Tensor = torch.linalg.vector_norm(weight, dim=others, keepdim=True)
    return found


def loha(tensors: Tensors, scale: float, weight: Tensor) -> Tensor:
    """(w1_a @ w1_b) * (w2_a @ w2_b) x scale, w*_a (O, r), w*_b (r, I).

    Source: Hyeon-Woo et al. 2021, arXiv:2108.06098.
    """
    first, second = (tensors[f"hada_{w}_a"].float() @ tensors[f"hada_{w}_b"].float() for w in ("w1", "w2"))
    return first.mul_(second).mul_(scale)


def lokr(tensors: Tensors, scale: float, weight: Tensor) -> Tensor:
    """The Kronecker product of w1 and w2 x scale, each whole or a product w*_a @ w*_b.

    Source: Yeh et al. 2023, arXiv:2309.14859, section 3.2.
    """
    first, second = (
        _matrix(tensors[f"lokr_{w}"])
        if f"lokr_{w}" in tensors
        else tensors[f"lokr_{w}_a"].float() @ _matrix(tensors[f"lokr_{w}_b"])
        for w in ("w1", "w2")
    )
    return torch.kron(first, second).mul_(scale)


def oft(tensors: Tensors, scale: float, weight: Tensor) -> Tensor:
    """R W - W, R a rotation of each block of outputs, whatever the scale.

    Source: Qiu et al. 2023, arXiv:2306.07280; the form of files is that of LyCORIS' diag-oft.
    """
    turned = rotations(tensors["oft_blocks"])
    count, size, _ = turned.shape
    rows = weight.float().reshape(count, size, -1)
    return (turned.mT @ rows - rows).reshape(count * size, -1)


def rotations(blocks: Tensor) -> Tensor:
    """(I + Q) (I - Q)^-1 of the skew matrices Q = blocks - blocks^T, n x b x b; float32, without a sync.

    Nothing is checked: I - Q of a skew Q can always be inverted. The transpose of what is returned turns a
    block of outputs, as files of LyCORIS mean it.
    """
    skew = blocks.float()
    skew = skew - skew.mT
    eye = torch.eye(skew.shape[-1], device=skew.device)
    # (I + Q) and (I - Q)^-1 commute.
    solved: Tensor = torch.linalg.solve_ex(eye - skew, eye + skew).result
    return solved


def _matrix(tensor: Tensor) -> Tensor:
    return tensor.float().flatten(1)
