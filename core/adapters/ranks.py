"""From the options of [network] to rank, alpha and learning rate of every module. No torch."""

from __future__ import annotations

import math
import re

from core.adapters.methods import METHODS
from core.adapters.targets import RankAlpha, Ranks, WeightKey
from core.config.schema import block_lists
from core.config.schema.network import NetworkConfig
from core.families import FamilySpec, Part

WHOLE = 1 << 16
"""A rank that no layer reaches: a factor of LoKr of this rank is whole."""

_OPTIONS = ("dora_axis", "factor", "decompose_both", "rank_dropout", "module_dropout")
"""Options that belong to single methods and are no ranks."""


def options_of(network: NetworkConfig) -> dict[str, object]:
    """What the layers of the method are made with beside rank and alpha, by our names."""
    return {name: getattr(network, name) for name in _OPTIONS}


def of(network: NetworkConfig, family: FamilySpec) -> Ranks:
    """The ranks that the options ask for; a block whose learning rate is 0 has rank 0.

    As in sd-scripts, block_dims count for Linear and 1x1 layers, conv_block_dims for larger convolutions.
    """
    part = family.blocks_of
    weights = (rate_weights(network, part) or (1.0,) * len(part.blocks)) if part else ()
    usual = RankAlpha(network.rank, network.alpha)
    plain = _sizes(network.block_dims, network.block_alphas, usual, weights)
    conv: tuple[RankAlpha, ...] = ()
    usual_conv = RankAlpha(network.conv_rank or 0, network.conv_alpha)
    if network.conv_rank is not None or network.conv_block_dims is not None:
        conv = _sizes(network.conv_block_dims, network.conv_block_alphas, usual_conv, weights)
    size = _scaled(network, usual)
    conv_size = None if network.conv_rank is None else _scaled(network, usual_conv)
    return Ranks(
        size.rank,
        size.alpha,
        conv_size.rank if conv_size else None,
        conv_size.alpha if conv_size else network.conv_alpha,
        tuple(_scaled(network, size) for size in plain),
        tuple(_scaled(network, size) for size in conv),
        excluded=tuple(map(re.compile, network.exclude_patterns)),
        included=tuple(map(re.compile, network.include_patterns)),
    )


def _scaled(network: NetworkConfig, size: RankAlpha) -> RankAlpha:
    """Rank and alpha such that alpha / rank is the scale asked for.

    That of rsLoRA is alpha / sqrt(rank) (Kalajdzievski 2023, arXiv:2312.03732).
    """
    if network.method == "lokr" and network.full_matrix and size.rank:
        return RankAlpha(WHOLE, WHOLE)
    if network.method in ("lora", "dora") and network.rslora:
        return RankAlpha(size.rank, size.alpha * math.sqrt(size.rank))
    return size


def rate_weights(network: NetworkConfig, part: Part) -> tuple[float, ...] | None:
    """What the learning rate of each block of a part is multiplied by, None where all learn alike."""
    if not any(part.sides):
        return None
    return block_lists.rate_weights(
        part,
        network.down_lr_weight,
        network.mid_lr_weight,
        network.up_lr_weight,
        network.block_lr_zero_threshold,
    )


def group_of(weight: WeightKey, part: Part, network: NetworkConfig) -> tuple[str, float]:
    """Name of the parameter group that a weight learns in, and what its rate is multiplied by.

    Names: that of the part; "unet/b04" for one block; with "/up" behind it for what starts at zero and learns
    faster, a LoRA's up matrices (LoRA+: Hayou et al. 2024, arXiv:2402.12354).
    """
    name, factor = weight.part, 1.0
    weights = rate_weights(network, part)
    if weights is not None:
        block = part.block_of(weight.path)
        name, factor = f"{name}/b{block:02d}", weights[block]
    ratios = {"denoiser": network.loraplus_unet_lr_ratio, "text": network.loraplus_text_encoder_lr_ratio}
    own = ratios[part.role]
    ratio = network.loraplus_lr_ratio if own is None else own
    if ratio is not None and weight.parameter in METHODS[network.method].zeros:
        return f"{name}/up", factor * ratio
    return name, factor


def _sizes(
    dims: str | None, alphas: str | None, usual: RankAlpha, weights: tuple[float, ...]
) -> tuple[RankAlpha, ...]:
    """Rank and alpha of each block, () where all blocks are as usual."""
    if dims is None and alphas is None and all(weights):
        return ()
    ranks = (usual.rank,) * len(weights) if dims is None else block_lists.numbers(dims)
    scales = (usual.alpha,) * len(weights) if alphas is None else block_lists.numbers(alphas)
    # An alpha of 0 stands for the rank, as in sd-scripts.
    return tuple(
        RankAlpha(int(rank) if weight else 0, alpha or rank)
        for rank, alpha, weight in zip(ranks, scales, weights, strict=True)
    )
