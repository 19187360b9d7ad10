"""Numbers for each block of the U-Net, as sd-scripts writes them: lists, and named curves over the depth.

Block 0 is before the first and holds nothing that is adapted; 1 to 11 go down, 12 is the middle, 13 to 24 go
up.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Annotated, Any

from pydantic import BeforeValidator

from core.config.schema.numbers import decimal, narrow

SIDE = 12
"""Blocks that go down, and as many that go up."""

COUNT = SIDE + 1 + SIDE


def _joined(value: Any) -> Any:
    """A list of numbers, or one number, is the same as its text."""
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if is_number:
        return str(value)
    if isinstance(value, list | tuple) and all(isinstance(n, int | float | str) for n in value):
        return ",".join(str(n) for n in value)
    return value


Numbers = Annotated[str, BeforeValidator(_joined)]
"""The type of an option: numbers with commas between them, also given as a list."""

CURVES: Mapping[str, Callable[[float], float]] = {
    "cosine": lambda depth: math.sin(math.pi / 2 * (1 - depth)),
    "sine": lambda depth: math.sin(math.pi / 2 * depth),
    "linear": lambda depth: depth,
    "reverse_linear": lambda depth: 1 - depth,
    "zeros": lambda depth: 0.0,
}
"""Weight of a block by its place on its side, from 0 (first) to 1 (last)."""


def numbers(text: str) -> tuple[float, ...]:
    """The numbers of a list; an empty place is 0. Raises ValueError when one is no finite number."""
    return tuple(_number(part) if part.strip() else 0.0 for part in narrow(text).split(","))


def _number(text: str) -> float:
    value = decimal(text)
    if value is None:
        raise ValueError(f"no number: {text[:20]}")
    return value


def weights(text: str) -> tuple[float, ...]:
    """Weights of one side: a list, or a curve such as cosine or cosine+.25. Raises ValueError."""
    name, _, offset = text.strip().partition("+")
    if name.strip() not in CURVES:
        return numbers(text)
    added = _number(offset) if offset.strip() else 0.0
    curve = CURVES[name.strip()]
    return tuple(curve(i / (SIDE - 1)) + added for i in range(SIDE))


def rate_weights(
    down: str | None, mid: str | None, up: str | None, threshold: float
) -> tuple[float, ...] | None:
    """What the learning rate of each of the 25 blocks is multiplied by; None when nothing is said about it.

    A side that is not given has 1. At or below the threshold it is 0, and the block is left alone.
    """
    if down is None and mid is None and up is None:
        return None
    sides = ((down, SIDE), (mid, 1), (up, SIDE))
    every = [w for text, n in sides for w in ((1.0,) * n if text is None else weights(text))]
    assert len(every) == COUNT, every
    return tuple(w if w > threshold else 0.0 for w in every)
