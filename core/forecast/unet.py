"""A walk over the U-Net of Stable Diffusion 1 and 2, as diffusers computes it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from core.forecast import ops
from core.forecast.tape import FLOAT, Tape, Tensor


@dataclass(frozen=True)
class UNet:
    """The sizes that its config.json names. heads: attention heads of each level."""

    widths: tuple[int, ...]
    heads: tuple[int, ...]
    has_attention: tuple[bool, ...]
    up_has_attention: tuple[bool, ...]
    layers: int
    groups: int
    context: int
    channels: int
    is_linear: bool

    @classmethod
    def of(cls, config: Mapping[str, Any]) -> UNet:
        """Raises KeyError for a config that is none of a U-Net's."""
        widths = tuple(config["block_out_channels"])
        heads = config["attention_head_dim"]
        return cls(
            widths,
            tuple(heads) if isinstance(heads, list | tuple) else (heads,) * len(widths),
            tuple(kind.startswith("CrossAttn") for kind in config["down_block_types"]),
            tuple(kind.startswith("CrossAttn") for kind in config["up_block_types"]),
            config["layers_per_block"],
            config["norm_num_groups"],
            config["cross_attention_dim"],
            config["in_channels"],
            bool(config.get("use_linear_projection")),
        )


def walk(tape: Tape, unet: UNet, sample: Tensor, text: Tensor) -> Tensor:
    """The prediction for latents (B, C, h, w) and text states (B, T, width)."""
    tape.part = "unet"
    widths = unet.widths
    emb = _time(tape, unet, sample.shape[0])
    sample = ops.conv(tape, "conv_in", sample, widths[0])
    skips = [sample]
    for level in range(len(widths)):
        sample = _down(tape, unet, level, sample, emb, text, skips)
    sample = _middle(tape, unet, sample, emb, text)
    for level in range(len(widths)):
        sample = _up(tape, unet, level, sample, emb, text, skips)
    sample = ops.group_norm(tape, "conv_norm_out", sample, unet.groups)
    sample = ops.silu(tape, sample)
    return ops.conv(tape, "conv_out", sample, unet.channels)


def _time(tape: Tape, unet: UNet, batch: int) -> Tensor:
    emb = ops.linear(
        tape, "time_embedding.linear_1", tape.new((batch, unet.widths[0]), FLOAT), 4 * unet.widths[0]
    )
    return ops.linear(tape, "time_embedding.linear_2", ops.silu(tape, emb), 4 * unet.widths[0])


def _down(
    tape: Tape, unet: UNet, level: int, sample: Tensor, emb: Tensor, text: Tensor, skips: list[Tensor]
) -> Tensor:
    path = f"down_blocks.{level}"
    for n in range(unet.layers):
        sample = _resnet(tape, f"{path}.resnets.{n}", sample, emb, unet.widths[level], unet.groups)
        if unet.has_attention[level]:
            sample = _transformer(tape, unet, f"{path}.attentions.{n}", sample, text, unet.heads[level])
        skips.append(sample)
    if level < len(unet.widths) - 1:
        sample = ops.conv(tape, f"{path}.downsamplers.0.conv", sample, unet.widths[level], stride=2)
        skips.append(sample)
    return sample


def _middle(tape: Tape, unet: UNet, sample: Tensor, emb: Tensor, text: Tensor) -> Tensor:
    width = unet.widths[-1]
    # diffusers recomputes the second of its two resnets only.
    sample = resnet(tape, "mid_block.resnets.0", sample, emb, width, unet.groups)
    sample = _transformer(tape, unet, "mid_block.attentions.0", sample, text, unet.heads[-1])
    return _resnet(tape, "mid_block.resnets.1", sample, emb, width, unet.groups)


def _up(
    tape: Tape, unet: UNet, level: int, sample: Tensor, emb: Tensor, text: Tensor, skips: list[Tensor]
) -> Tensor:
    path, mirrored = f"up_blocks.{level}", len(unet.widths) - 1 - level
    # The caller's list keeps what this block uses until the block is done.
    used = [skips.pop() for _ in range(unet.layers + 1)]
    for n, skip in enumerate(used):
        sample = ops.cat(tape, sample, skip)
        sample = _resnet(tape, f"{path}.resnets.{n}", sample, emb, unet.widths[mirrored], unet.groups)
        if unet.up_has_attention[level]:
            sample = _transformer(tape, unet, f"{path}.attentions.{n}", sample, text, unet.heads[mirrored])
    if level < len(unet.widths) - 1:
        sample = ops.upsample(tape, sample)
        sample = ops.conv(tape, f"{path}.upsamplers.0.conv", sample, unet.widths[mirrored])
    return sample


def _resnet(tape: Tape, path: str, x: Tensor, emb: Tensor, width: int, groups: int) -> Tensor:
    return tape.checkpoint(lambda x, emb: resnet(tape, path, x, emb, width, groups), x, emb)


def resnet(tape: Tape, path: str, x: Tensor, emb: Tensor | None, width: int, groups: int) -> Tensor:
    """Two convolutions beside a shortcut; emb: of the timestep, None in a VAE."""
    hidden = ops.group_norm(tape, f"{path}.norm1", x, groups)
    hidden = ops.silu(tape, hidden)
    hidden = ops.conv(tape, f"{path}.conv1", hidden, width)
    if emb is not None:
        shift = ops.linear(tape, f"{path}.time_emb_proj", ops.silu(tape, emb), width)
        hidden = ops.add(tape, hidden, shift)
    hidden = ops.group_norm(tape, f"{path}.norm2", hidden, groups)
    hidden = ops.silu(tape, hidden)
    hidden = ops.conv(tape, f"{path}.conv2", hidden, width)
    if x.shape[1] != width:
        x = ops.conv(tape, f"{path}.conv_shortcut", x, width, kernel=1)
    return ops.scaled(tape, ops.add(tape, x, hidden))


def _transformer(tape: Tape, unet: UNet, path: str, x: Tensor, text: Tensor, heads: int) -> Tensor:
    """One transformer block over the cells of the map, between two projections."""
    batch, width, height, breadth = x.shape
    as_rows = (batch, height * breadth, width)
    is_copied = not tape.rules.is_channels_last
    hidden = ops.group_norm(tape, f"{path}.norm", x, unet.groups)
    if unet.is_linear:
        hidden = ops.moved(tape, hidden, as_rows, is_copied)
        hidden = ops.linear(tape, f"{path}.proj_in", hidden, width)
    else:
        hidden = ops.conv(tape, f"{path}.proj_in", hidden, width, kernel=1)
        hidden = ops.moved(tape, hidden, as_rows, is_copied)
    block = f"{path}.transformer_blocks.0"
    hidden = tape.checkpoint(lambda h, t: _block(tape, block, h, t, heads), hidden, text)
    if unet.is_linear:
        hidden = ops.linear(tape, f"{path}.proj_out", hidden, width)
        hidden = ops.moved(tape, hidden, x.shape, True)
    else:
        hidden = ops.moved(tape, hidden, x.shape, True)
        hidden = ops.conv(tape, f"{path}.proj_out", hidden, width, kernel=1)
    return ops.add(tape, hidden, x)


def _block(tape: Tape, path: str, hidden: Tensor, text: Tensor, heads: int) -> Tensor:
    normed = ops.layer_norm(tape, f"{path}.norm1", hidden)
    found = _attend(tape, f"{path}.attn1", normed, normed, heads)
    hidden = ops.add(tape, found, hidden)
    normed = ops.layer_norm(tape, f"{path}.norm2", hidden)
    found = _attend(tape, f"{path}.attn2", normed, text, heads)
    hidden = ops.add(tape, found, hidden)
    normed = ops.layer_norm(tape, f"{path}.norm3", hidden)
    found = _feed_forward(tape, f"{path}.ff.net", normed)
    return ops.add(tape, found, hidden)


def _attend(tape: Tape, path: str, x: Tensor, context: Tensor, heads: int) -> Tensor:
    width = x.shape[-1]
    q = ops.linear(tape, f"{path}.to_q", x, width, has_bias=False)
    k = ops.linear(tape, f"{path}.to_k", context, width, has_bias=False)
    v = ops.linear(tape, f"{path}.to_v", context, width, has_bias=False)
    found = ops.attention(tape, q, k, v, heads)
    return ops.scaled(tape, ops.linear(tape, f"{path}.to_out.0", found, width))


def _feed_forward(tape: Tape, path: str, x: Tensor) -> Tensor:
    width = x.shape[-1]
    hidden = ops.linear(tape, f"{path}.0.proj", x, 8 * width)
    hidden = ops.gated_gelu(tape, hidden)
    return ops.linear(tape, f"{path}.2", hidden, width)
