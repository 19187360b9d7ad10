"""Bytes that an optimizer keeps for weights, and what it needs beside that while it steps.

By catalog.OptimizerSpec.kept, which tests/forecast holds against every one of them.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from core.catalog import OPTIMIZERS

FLOAT, HALF = 4, 2
"""Bytes of a number."""

SMALL = 4096
"""Weights of fewer numbers are remembered in float32 by bitsandbytes' 8-bit optimizers."""

BLOCK = 256
"""Numbers that share a scale, a float32, in bitsandbytes' 8-bit optimizers."""

PAGED = 100_000
"""Weights of fewer numbers are never paged out by bitsandbytes' paged optimizers."""


def remembered(name: str, shapes: Sequence[tuple[int, ...]], is_gpu: bool) -> int:
    """Bytes that an optimizer keeps for weights of these shapes; on a GPU without what it may page out."""
    return sum(_of(name, shape, is_gpu) for shape in shapes)


def beside(name: str, shapes: Sequence[tuple[int, ...]]) -> int:
    """Bytes that it needs while it steps; weights and gradients are there already."""
    kept, sizes = OPTIMIZERS[name].kept, [math.prod(shape) for shape in shapes]
    return int(FLOAT * (kept.largest * max(sizes, default=0) + kept.every * sum(sizes)))


def _of(name: str, shape: tuple[int, ...], is_gpu: bool) -> int:
    kept, count = OPTIMIZERS[name].kept, math.prod(shape)
    if kept.is_factored:
        # Means over rows and over columns of the last two dimensions. Source: arXiv:1804.04235, section 4.
        return FLOAT * (count // shape[-1] + count // shape[-2] if len(shape) > 1 else count)
    if is_gpu and OPTIMIZERS[name].is_paged and count >= PAGED:
        return 0
    if kept.is_8bit and count >= SMALL:
        return int(kept.numbers * (count + FLOAT * -(-count // BLOCK)))
    return int(FLOAT * kept.numbers * count)
