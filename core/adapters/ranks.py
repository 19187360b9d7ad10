"""From the options of [network] to rank, alpha and learning rate of every module. No torch."""

from __future__ import annotations

from core.adapters.targets import Ranks, Size, block_of
from core.config.schema import block_lists
from core.config.schema.network import NetworkConfig


def of(network: NetworkConfig) -> Ranks:
    """The ranks that the options ask for; a block whose learning rate is 0 has rank 0.

    As in sd-scripts, block_dims count for Linear and 1x1 layers, conv_block_dims for larger convolutions.
    """
    weights = rate_weights(network) or (1.0,) * block_lists.COUNT
    plain = _sizes(network.block_dims, network.block_alphas, Size(network.rank, network.alpha), weights)
    conv: tuple[Size, ...] = ()
    if network.conv_rank is not None or network.conv_block_dims is not None:
        usual = Size(network.conv_rank or 0, network.conv_alpha)
        conv = _sizes(network.conv_block_dims, network.conv_block_alphas, usual, weights)
    return Ranks(network.rank, network.alpha, network.conv_rank, network.conv_alpha, plain, conv)


def rate_weights(network: NetworkConfig) -> tuple[float, ...] | None:
    """What the learning rate of each block is multiplied by, None where all learn alike."""
    return block_lists.rate_weights(
        network.down_lr_weight,
        network.mid_lr_weight,
        network.up_lr_weight,
        network.block_lr_zero_threshold,
    )


def group_of(part: str, parameter: str, network: NetworkConfig) -> tuple[str, float]:
    """Name of the parameter group that a weight learns in, and what its rate is multiplied by.

    Names: "unet"; "unet/b04" for one block; with "/up" behind it for up matrices that learn faster (LoRA+:
    Hayou et al. 2024, arXiv:2402.12354).
    """
    name, factor = part, 1.0
    weights = rate_weights(network)
    if weights is not None and part == "unet":
        block = block_of(parameter)
        name, factor = f"{part}/b{block:02d}", weights[block]
    own = network.loraplus_unet_lr_ratio if part == "unet" else network.loraplus_text_encoder_lr_ratio
    ratio = network.loraplus_lr_ratio if own is None else own
    if ratio is not None and parameter.endswith(".lora_up.weight"):
        return f"{name}/up", factor * ratio
    return name, factor


def _sizes(dims: str | None, alphas: str | None, usual: Size, weights: tuple[float, ...]) -> tuple[Size, ...]:
    """Rank and alpha of each block, () where all blocks are as usual."""
    if dims is None and alphas is None and all(weights):
        return ()
    ranks = (usual.rank,) * block_lists.COUNT if dims is None else block_lists.numbers(dims)
    scales = (usual.alpha,) * block_lists.COUNT if alphas is None else block_lists.numbers(alphas)
    # An alpha of 0 stands for the rank, as in sd-scripts.
    return tuple(
        Size(int(rank) if weight else 0, alpha or rank)
        for rank, alpha, weight in zip(ranks, scales, weights, strict=True)
    )
