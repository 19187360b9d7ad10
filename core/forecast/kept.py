"""What the layers of an adapter keep till the backward pass beyond those of a LoRA, which are measured."""

from __future__ import annotations

import re
from typing import NamedTuple

from core.adapters import factors, ranks
from core.config.schema.network import NetworkConfig
from core.forecast import layers
from core.forecast.architecture import Architecture

_RECOMPUTED = re.compile(r".*?(?:resnets|transformer_blocks|layers)\.\d+\.")
"""A block that gradient checkpointing computes anew as a whole."""
_OF_TEXT = re.compile(r"attn2\.to_[kv]$")
"""A layer of a denoiser that takes text states."""
_OF_TIME = re.compile(r"time_emb")
"""A layer that takes one row for a whole sample."""


class Kept(NamedTuple):
    """Numbers: of a latent cell, of a token, and of the weights whatever the batch is."""

    cell: float = 0.0
    token: float = 0.0
    fixed: float = 0.0

    def numbers(self, cells: int, tokens: int) -> float:
        return self.cell * cells + self.token * tokens + self.fixed


def kept(
    network: NetworkConfig, architecture: Architecture, part: str, *, is_text: bool, is_checkpointed: bool
) -> Kept:
    """Of all layers of a part that get an adapter. is_text: its positions are tokens.

    With checkpointing what is outside the blocks, and of these the one that keeps most.
    """
    shapes = {module.path: shape for module, shape in architecture.modules(part)}
    shares, options = architecture.shares(part), ranks.options_of(network)
    blocks: dict[str, Kept] = {}
    for layer in layers.of_part(network, architecture, part):
        path = layer.target.path
        position, fixed = factors.kept(network.method, shapes[path], layer.target.rank, options)
        own = Kept(fixed=fixed)
        if is_text or _OF_TEXT.search(path):
            own = own._replace(token=position)
        elif not _OF_TIME.search(path):
            own = own._replace(cell=position * shares[path])
        found = _RECOMPUTED.match(path) if is_checkpointed else None
        block = found[0] if found else ""
        blocks[block] = _sum(blocks.get(block, Kept()), own)
    outside = blocks.pop("", Kept())
    largest = Kept(*map(max, zip(*blocks.values(), strict=True))) if blocks else Kept()
    return _sum(outside, largest)


def _sum(one: Kept, other: Kept) -> Kept:
    return Kept(*(a + b for a, b in zip(one, other, strict=True)))
