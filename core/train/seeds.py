"""Torch randomness that is a function of what it is for, never of what was drawn before.

A run needs no stored generator state: noise, timesteps, dropout and images are drawn from (seed, purpose,
position), so that stopping, previews, prefetching and the number of processes change nothing.
"""

from __future__ import annotations

import torch

from core.data.keyed_random import key


def torch_seed(seed: int, *purpose: str | int) -> int:
    """A 64-bit seed for torch. Its CPU generator takes the low 32 bits, which is plenty for noise."""
    return key(seed, *purpose) & 0xFFFF_FFFF_FFFF_FFFF


def generator(seed: int, *purpose: str | int) -> torch.Generator:
    """A CPU generator of its own for this seed and purpose."""
    return torch.Generator("cpu").manual_seed(torch_seed(seed, *purpose))


def fraction(seed: int, *purpose: str | int) -> float:
    """A number in [0, 1) for this seed and purpose."""
    return (key(seed, *purpose) >> 75) / 2**53
