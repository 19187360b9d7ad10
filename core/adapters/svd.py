"""The best approximation of a change of weights by a LoRA of some rank: singular values, how many to keep.

Best is meant in the Frobenius norm. Source: Eckart and Young 1936, doi:10.1007/BF02288367. Everything is
computed in float64; the largest number of each column of `left` is positive, so that the same change gives
the same tensors.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor

from core.adapters.methods import Adapted

_COLUMNS = 512
"""How many columns of a matrix are in float64 at a time."""


class Spectrum(NamedTuple):
    """left (O, n) @ diag(values[:n]) @ right (n, I) is the change, as far as n values go; float64.

    values: all singular values, the largest first.
    """

    left: Tensor
    values: Tensor
    right: Tensor


@dataclass(frozen=True)
class Sizing:
    """Which rank a module gets: at most `most`, by `way` as few as `keep` asks for.

    way: "fixed"; "ratio": values above the largest one / keep; "cumulative": this share of the sum of all
    values; "frobenius": this share of the norm of the change.
    """

    most: int
    way: str = "fixed"
    keep: float = 1.0

    def rank(self, values: Tensor) -> int:
        """Between 1 and `most`; never more than there are values."""
        most = min(self.most, len(values))
        if not float(values[0]) > 0:
            return 1
        if self.way == "ratio":
            found = int((values > values[0] / self.keep).sum())
        elif self.way == "cumulative":
            found = _reaching(values, self.keep)
        elif self.way == "frobenius":
            found = _reaching(values.square(), self.keep**2)
        else:
            found = most
        return max(1, min(found, most))


def _reaching(values: Tensor, share: float) -> int:
    """How many of the values make up this share of their sum."""
    sums = values.cumsum(0)
    return 1 + int((sums < share * sums[-1]).sum())


def of_matrix(change: Tensor, most: int) -> Spectrum:
    """The spectrum of a matrix (O, I), of which the first `most` vectors are kept.

    By the eigenvectors of its smaller Gram matrix: values below 1e-8 of the largest are not exact, but the
    product of what is kept still is the projection of the change.
    """
    if change.shape[0] > change.shape[1]:
        turned = of_matrix(change.T, most)
        return _signed(turned.right.T, turned.values, turned.left.T)
    gram = torch.zeros(change.shape[0], change.shape[0], dtype=torch.float64)
    for columns in torch.split(change, _COLUMNS, dim=1):
        wide = columns.double()
        gram += wide @ wide.T
    squares, vectors = torch.linalg.eigh(gram)
    values = squares.flip(0).clamp(min=0).sqrt()
    left, kept = vectors.flip(1)[:, :most], values[:most, None]
    right = torch.empty(left.shape[1], change.shape[1], dtype=torch.float64)
    pieces = (torch.split(each, _COLUMNS, dim=1) for each in (right, change))
    for part, columns in zip(*pieces, strict=True):
        torch.matmul(left.T, columns.double(), out=part)
    right.div_(kept).masked_fill_(kept == 0, 0.0)
    return _signed(left, values, right)


def of_product(up: Tensor, down: Tensor) -> Spectrum:
    """The spectrum of up (O, r) @ down (r, I), without that product: only an r x r matrix is decomposed."""
    left, above = torch.linalg.qr(up.double())
    right, below = torch.linalg.qr(down.double().T)
    inner, values, outer = torch.linalg.svd(above @ below.T, full_matrices=False)
    return _signed(left @ inner, values, outer @ right.T)


def _signed(left: Tensor, values: Tensor, right: Tensor) -> Spectrum:
    """Changes `right` in place."""
    largest = left.gather(0, left.abs().argmax(0, keepdim=True))
    signs = torch.where(largest < 0, -1.0, 1.0).to(left.dtype)
    return Spectrum(left * signs, values, right.mul_(signs.T))


def kept(values: Tensor, rank: int) -> float:
    """The share of the change's Frobenius norm that its best approximation of this rank has, 0 to 1."""
    squares = values.square()
    whole = float(squares.sum())
    return math.sqrt(min(1.0, float(squares[:rank].sum()) / whole)) if whole > 0 else 1.0


def lora(spectrum: Spectrum, rank: int, shape: Sequence[int]) -> Adapted:
    """The LoRA of this rank for a weight of this shape, float32, with alpha = rank.

    Both matrices carry the root of the values, so that neither leaves the range of half precision.
    """
    outputs, inputs, *kernel = shape
    roots = spectrum.values[:rank].sqrt()
    up = (spectrum.left[:, :rank] * roots).float()
    down = (spectrum.right[:rank] * roots[:, None]).float()
    tensors = {
        "lora_down.weight": down.reshape(rank, inputs, *kernel).contiguous(),
        "lora_up.weight": up.reshape(outputs, rank, *(1 for _ in kernel)).contiguous(),
    }
    return Adapted(tensors, float(rank), rank)


def clamped(module: Adapted, quantile: float) -> Adapted:
    """A LoRA whose numbers are no larger than this quantile of all of them, as sd-scripts extracts it."""
    every = torch.cat([tensor.flatten() for tensor in module.tensors.values()]).sort().values
    most = float(every[min(len(every) - 1, round(quantile * (len(every) - 1)))].abs())
    return module._replace(tensors={name: t.clamp(-most, most) for name, t in module.tensors.items()})


def product(module: Adapted) -> tuple[Tensor, Tensor]:
    """The matrices up (O, r) and down (r, I) of a LoRA, the scale in the first; float32."""
    up, down = (module.tensors[f"lora_{name}.weight"].float().flatten(1) for name in ("up", "down"))
    return up * module.scale, down
