"""Images that are the same, to the byte or to the eye, found among thousands at once."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from core.data.health.measure import TINY_GRID, Traits

LIKE_BITS, SAME_COLOURS = 12, 3.0
"""Bits of 64 in which a copy's perceptual hash may differ, and by how much (of 255) its colours on the grid.

Measured on 162 images (the demo's, photographs, drawn ones) and their copies at half the size and as JPEG
of quality 40: colours differ by 2.0 at most, the median by 0.2; of 13,203 pairs of different images with up
to 12 bits apart, the closest colours are 4.9 apart (two of the demo's frogs).
"""

NEAR_BITS, NEAR_COLOURS = 4, 8.0
"""Or, for a copy that was made a little brighter or darker, these."""

_ROWS = 512
"""Images compared with all others at a time, so that memory stays small."""


def near_pairs(traits: Sequence[Traits]) -> list[tuple[int, int]]:
    """Indices (first < second) of images that look the same, to the byte included.

    Images of one colour are left out: their hash says nothing.
    """
    textured = [n for n, one in enumerate(traits) if not one.is_flat]
    if len(textured) < 2:
        return []
    hashes = np.array([traits[n].hash for n in textured], np.uint64)
    grids = np.frombuffer(b"".join(traits[n].grid for n in textured), np.uint8)
    grids = grids.reshape(len(textured), TINY_GRID * TINY_GRID * 3)
    pairs: list[tuple[int, int]] = []
    for start in range(0, len(textured), _ROWS):
        pairs += _pairs_of(start, hashes, grids)
    return [(textured[a], textured[b]) for a, b in pairs]


def _pairs_of(start: int, hashes: NDArray[np.uint64], grids: NDArray[np.uint8]) -> list[tuple[int, int]]:
    """The pairs whose first is one of the rows from `start` on."""
    rows = hashes[start : start + _ROWS]
    bits = np.bitwise_count(rows[:, None] ^ hashes[None, start:])
    first, second = np.nonzero(np.triu(bits <= LIKE_BITS, k=1))
    if not len(first):
        return []
    bits = bits[first, second]
    first, second = first + start, second + start
    apart = np.abs(grids[first].astype(np.int16) - grids[second]).mean(axis=1)
    is_near = (apart <= SAME_COLOURS) | ((bits <= NEAR_BITS) & (apart <= NEAR_COLOURS))
    return list(zip(first[is_near].tolist(), second[is_near].tolist(), strict=True))


def groups(pairs: Sequence[tuple[int, int]]) -> list[tuple[int, ...]]:
    """What hangs together, each group sorted, in the order of their firsts."""
    group_of: dict[int, set[int]] = {}
    for a, b in pairs:
        if group_of.setdefault(a, {a}) is not group_of.setdefault(b, {b}):
            union = group_of[a] | group_of[b]
            group_of |= dict.fromkeys(union, union)
    return sorted(tuple(sorted(group)) for group in {id(g): g for g in group_of.values()}.values())
