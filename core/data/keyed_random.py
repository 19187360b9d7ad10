"""Randomness looked up, not drawn: a function of (seed, purpose), the same on every system, in any order."""

from __future__ import annotations

import hashlib
import json
import random


def key(seed: int, *purpose: str | int) -> int:
    """A 128-bit number for this seed and purpose; different purposes never share one.

    Example: key(42, "flip", epoch, index). The hash is BLAKE2b of the JSON text of all parts.
    """
    text = json.dumps([seed, *purpose], separators=(",", ":"))
    return int.from_bytes(hashlib.blake2b(text.encode("ascii"), digest_size=16).digest(), "big")


def rng(seed: int, *purpose: str | int) -> random.Random:
    """A generator of its own for this seed and purpose, so that nobody's draws shift anybody else's."""
    return random.Random(key(seed, *purpose))
