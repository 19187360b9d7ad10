"""From the options of [network] to rank, alpha and learning rate of every module. No torch."""

from __future__ import annotations

from core.adapters.methods import METHODS
from core.adapters.targets import RankAlpha, Ranks, WeightKey
from core.config.schema import block_lists
from core.config.schema.network import NetworkConfig
from core.families import FamilySpec, Part


def of(network: NetworkConfig, family: FamilySpec) -> Ranks:
    """The ranks that the options ask for; a block whose learning rate is 0 has rank 0.

    As in sd-scripts, block_dims count for Linear and 1x1 layers, conv_block_dims for larger convolutions.
    """
    part = family.blocks_of
    weights = (rate_weights(network, part) or (1.0,) * len(part.blocks)) if part else ()
    plain = _sizes(network.block_dims, network.block_alphas, RankAlpha(network.rank, network.alpha), weights)
    conv: tuple[RankAlpha, ...] = ()
    if network.conv_rank is not None or network.conv_block_dims is not None:
        usual = RankAlpha(network.conv_rank or 0, network.conv_alpha)
        conv = _sizes(network.conv_block_dims, network.conv_block_alphas, usual, weights)
    return Ranks(network.rank, network.alpha, network.conv_rank, network.conv_alpha, plain, conv)


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
