"""Numbers for each block of a denoiser, as sd-scripts writes them: lists, and named curves over the depth.

How many blocks there are and which of them go down and up is told by Part.blocks and Part.sides.
Source: sd-scripts, networks/lora.py, get_block_dims_and_alphas and get_block_lr_weight.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from typing import Annotated, Any

from pydantic import BeforeValidator

from core.catalog import Words
from core.config.schema.numbers import decimal, narrow
from core.families import FamilySpec, Part


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


def weights(text: str, count: int) -> tuple[float, ...]:
    """Weights of one side: a list of any length, or a curve such as cosine or cosine+.25 over `count` blocks.

    Raises ValueError.
    """
    name, _, offset = text.strip().partition("+")
    if name.strip() not in CURVES:
        return numbers(text)
    added = _number(offset) if offset.strip() else 0.0
    curve = CURVES[name.strip()]
    return tuple(curve(i / (count - 1)) + added for i in range(count))


def rate_weights(
    part: Part, down: str | None, mid: str | None, up: str | None, threshold: float
) -> tuple[float, ...] | None:
    """What the learning rate of each block is multiplied by; None when nothing is said about it.

    A side that is not given has 1, and so have the blocks before and behind. Of a given one what is missing
    is 1 and what is too much is left out; at or below the threshold it is 0, and the block is left alone.
    """
    if down is None and mid is None and up is None:
        return None
    every = [1.0] * part.sides.before
    for text, count in ((down, part.sides.down), (mid, part.sides.middle), (up, part.sides.up)):
        given = () if text is None else weights(text, count)[:count]
        every += [w if w > threshold else 0.0 for w in given]
        every += [1.0] * (count - len(given))
    return (*every, *(1.0,) * (len(part.blocks) - len(every)))


def every_block(part: Part) -> int:
    return len(part.blocks)


def down_blocks(part: Part) -> int:
    return part.sides.down


def middle_blocks(part: Part) -> int:
    return part.sides.middle


def up_blocks(part: Part) -> int:
    return part.sides.up


def counts(count: Callable[[Part], int], specs: Iterable[FamilySpec]) -> Mapping[int, Words]:
    """How many numbers a list has -> the families of which it has so many."""
    names: dict[int, list[str]] = {}
    for spec in specs:
        if spec.blocks_of is not None:
            names.setdefault(count(spec.blocks_of), []).append(spec.marks.name)
    return {n: Words(", ".join(found), "・".join(found)) for n, found in names.items()}


def counts_words(counts: Mapping[int, Words]) -> Words:
    """As a sentence has it: 25 (SD1, SD2) or 23 (SDXL)."""
    return Words(
        " or ".join(f"{n} ({families.en})" for n, families in counts.items()),
        "または".join(f"{n}個（{families.ja}）" for n, families in counts.items()),
        "或".join(f"{n}个（{families.of('zh')}）" for n, families in counts.items()),
    )
