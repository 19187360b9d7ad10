"""What each optimizer remembers for a weight, and what it needs beside that while it steps.

Counted on the optimizers themselves; tests/forecast holds the table against every one of them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import NamedTuple

from core.catalog import OPTIMIZERS
from core.forecast.tape import FLOAT, Layer

SMALL = 4096
"""Weights of fewer numbers are remembered in float32 by bitsandbytes' 8-bit optimizers."""

BLOCK = 256
"""Numbers that share a scale, a float32, in bitsandbytes' 8-bit optimizers."""

PAGED = 100_000
"""Weights of fewer numbers are never paged out by bitsandbytes' paged optimizers."""


class Memo(NamedTuple):
    """What an optimizer holds.

    numbers: for each number of a weight. is_8bit: in a byte each. largest, every: float32 copies of the
    largest weight, and of all weights, that it makes while it steps.
    """

    numbers: float
    is_8bit: bool = False
    largest: float = 0.0
    every: float = 0.0


MEMOS: Mapping[str, Memo] = MappingProxyType(
    {
        "AdamW": Memo(2),
        "AdamW8bit": Memo(2, True),
        "PagedAdamW": Memo(2),
        "PagedAdamW8bit": Memo(2, True),
        "PagedAdamW32bit": Memo(2),
        "Lion": Memo(1),
        "Lion8bit": Memo(1, True),
        "PagedLion8bit": Memo(1, True),
        "SGDNesterov": Memo(1),
        "SGDNesterov8bit": Memo(1, True),
        "Adafactor": Memo(0, largest=3),
        "DAdaptAdam": Memo(3, largest=2),
        "DAdaptAdamPreprint": Memo(3, largest=3),
        "DAdaptAdaGrad": Memo(3, largest=3),
        "DAdaptAdan": Memo(5, largest=6),
        "DAdaptAdanIP": Memo(5, largest=5),
        "DAdaptLion": Memo(2, largest=2),
        "DAdaptSGD": Memo(3, largest=1),
        "Prodigy": Memo(4, largest=1),
        "AdamWScheduleFree": Memo(2, every=1),
        "RAdamScheduleFree": Memo(2),
        "SGDScheduleFree": Memo(1),
    }
)


def remembered(name: str, shapes: Sequence[tuple[int, ...]], is_gpu: bool) -> int:
    """Bytes that an optimizer keeps for weights of these shapes; on a GPU without what it may page out."""
    return sum(_of(name, shape, is_gpu) for shape in shapes)


def beside(name: str, shapes: Sequence[tuple[int, ...]]) -> int:
    """Bytes that it needs while it steps; weights and gradients are there already."""
    memo, sizes = MEMOS[name], [_count(shape) for shape in shapes]
    return int(FLOAT * (memo.largest * max(sizes, default=0) + memo.every * sum(sizes)))


def _of(name: str, shape: tuple[int, ...], is_gpu: bool) -> int:
    memo, count = MEMOS[name], _count(shape)
    if name == "Adafactor":
        # Means over rows and over columns of the last two dimensions. Source: arXiv:1804.04235, section 4.
        return FLOAT * (count // shape[-1] + count // shape[-2] if len(shape) > 1 else count)
    if is_gpu and OPTIMIZERS[name].is_paged and count >= PAGED:
        return 0
    if memo.is_8bit and count >= SMALL:
        return int(memo.numbers * (count + FLOAT * -(-count // BLOCK)))
    return int(FLOAT * memo.numbers * count)


def _count(shape: tuple[int, ...]) -> int:
    found = 1
    for side in shape:
        found *= side
    return found


def shapes_of(layer: Layer) -> list[tuple[int, ...]]:
    """The shapes of a layer's own weights."""
    if layer.kind == "Norm":
        return [(layer.outputs,), (layer.outputs,)]
    if layer.kind == "Embedding":
        return [(layer.inputs, layer.outputs)]
    sides = (layer.kernel, layer.kernel) if layer.kind == "Conv2d" else ()
    return [(layer.outputs, layer.inputs, *sides), *([(layer.outputs,)] if layer.has_bias else [])]


def lora_shapes(layer: Layer, rank: int) -> list[tuple[int, ...]]:
    """The shapes of the two matrices of a LoRA on a layer."""
    if layer.kind == "Conv2d":
        return [(rank, layer.inputs, layer.kernel, layer.kernel), (layer.outputs, rank, 1, 1)]
    return [(rank, layer.inputs), (layer.outputs, rank)]
