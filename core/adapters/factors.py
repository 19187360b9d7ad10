"""How the tensors of each method are shaped on a layer, by its weight's shape. No torch."""

from __future__ import annotations

import functools
import math
from collections.abc import Iterator, Mapping

Shape = tuple[int, ...]


@functools.lru_cache(maxsize=1024)
def factorize(dimension: int, factor: int = -1) -> tuple[int, int]:
    """A product of two whole numbers, of which the first is `factor` where that divides.

    Otherwise the first is the largest divisor that is below it and not the larger one; factor -1: as close to
    a square as can be. Source: PEFT's rule for LoKr (peft.tuners.lokr.layer), after LyCORIS.
    """
    if factor > 0 and dimension % factor == 0:
        return factor, dimension // factor
    limit = math.isqrt(dimension) if factor < 1 else min(factor, math.isqrt(dimension))
    found = next(number for number in range(limit, 0, -1) if dimension % number == 0)
    return found, dimension // found


def block_size(outputs: int, most: int) -> int:
    """The largest size of equal blocks of outputs that is at most `most`."""
    return next(size for size in range(min(most, outputs), 0, -1) if outputs % size == 0)


def shapes(method: str, weight: Shape, rank: int, options: Mapping[str, object]) -> Iterator[Shape]:
    """The shapes of what a method trains on a layer. weight: that of the layer's own. options: `method`'s."""
    outputs, inputs, *kernel = weight
    size = math.prod(kernel)
    if method in ("lora", "dora"):
        yield (rank, inputs, *kernel)
        yield (outputs, rank, *(1 for _ in kernel))
        if method == "dora":
            of_inputs = options.get("dora_axis") == "input"
            yield (1, inputs, *(1 for _ in kernel)) if of_inputs else (outputs, *(1 for _ in weight[1:]))
    elif method == "loha":
        for _ in range(2):
            yield (outputs, rank)
            yield (rank, inputs * size)
    elif method == "lokr":
        factor = int(str(options.get("factor", -1)))
        (out_small, out_large), (in_small, in_large) = factorize(outputs, factor), factorize(inputs, factor)
        if options.get("decompose_both") and rank < max(out_small, in_small) / 2:
            yield (out_small, rank)
            yield (rank, in_small)
        else:
            yield (out_small, in_small)
        if rank < max(out_large, in_large) / 2:
            yield (out_large, rank)
            yield (rank, in_large * size)
        else:
            yield (out_large, in_large, *kernel)
    else:
        assert method == "oft", method
        side = block_size(outputs, rank)
        yield (outputs // side, side, side)


def kept(method: str, weight: Shape, rank: int, options: Mapping[str, object]) -> tuple[int, int]:
    """Numbers that a layer keeps till its backward pass beyond those of a LoRA: of a position, and at once.

    What DoRA multiplies by its magnitudes, what OFT rotates in place of the input, what is between LoKr's
    factors, and LoHa's whole change. Parameters as of `shapes`.
    """
    outputs, inputs, *kernel = weight
    if method == "dora":
        return (inputs if options.get("dora_axis") == "input" else outputs), 0
    if method == "oft":
        return round(_ROTATED * outputs), 0
    if method == "loha":
        return 0, outputs * inputs * math.prod(kernel)
    if method == "lokr":
        factor = int(str(options.get("factor", -1)))
        large, (small, rest) = factorize(outputs, factor)[1], factorize(inputs, factor)
        is_product = rank < max(large, rest) / 2
        return small * (large + rank * is_product), 0
    return 0, 0


_ROTATED = 0.7
"""Outputs that OFT keeps, less inputs that only a LoRA keeps; measured on SD1 (bench.activations)."""
