"""A walk over the VAE of Stable Diffusion, as diffusers computes it; it is never trained."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from core.forecast import ops
from core.forecast.tape import FLOAT, Tape, Tensor
from core.forecast.unet import resnet


@dataclass(frozen=True)
class VAE:
    """The sizes that its config.json names."""

    widths: tuple[int, ...]
    layers: int
    groups: int
    colours: int
    latents: int

    @classmethod
    def of(cls, config: Mapping[str, Any]) -> VAE:
        """Raises KeyError for a config that is none of a VAE's."""
        return cls(
            tuple(config["block_out_channels"]),
            config["layers_per_block"],
            config["norm_num_groups"],
            config["in_channels"],
            config["latent_channels"],
        )


def encode(tape: Tape, vae: VAE, pictures: int, width: int, height: int) -> Tensor:
    """Mean and deviation of the latents of pictures so many pixels wide and high."""
    tape.part = "vae"
    x = tape.new((pictures, vae.colours, height, width), FLOAT)
    x = ops.conv(tape, "encoder.conv_in", x, vae.widths[0])
    for level, channels in enumerate(vae.widths):
        path = f"encoder.down_blocks.{level}"
        for n in range(vae.layers):
            x = resnet(tape, f"{path}.resnets.{n}", x, None, channels, vae.groups)
        if level < len(vae.widths) - 1:
            x = ops.scaled(tape, x)  # padded on two sides first
            x = ops.conv(tape, f"{path}.downsamplers.0.conv", x, channels, stride=2)
    x = _middle(tape, "encoder", vae, x)
    x = _end(tape, "encoder", vae, x, 2 * vae.latents)
    return ops.conv(tape, "quant_conv", x, 2 * vae.latents, kernel=1)


def decode(tape: Tape, vae: VAE, latents: Tensor) -> Tensor:
    """The pictures of latents (B, C, h, w)."""
    tape.part = "vae"
    x = ops.conv(tape, "post_quant_conv", latents, vae.latents, kernel=1)
    x = ops.conv(tape, "decoder.conv_in", x, vae.widths[-1])
    x = _middle(tape, "decoder", vae, x)
    for level, channels in enumerate(reversed(vae.widths)):
        path = f"decoder.up_blocks.{level}"
        for n in range(vae.layers + 1):
            x = resnet(tape, f"{path}.resnets.{n}", x, None, channels, vae.groups)
        if level < len(vae.widths) - 1:
            x = ops.upsample(tape, x)
            x = ops.conv(tape, f"{path}.upsamplers.0.conv", x, channels)
    return _end(tape, "decoder", vae, x, vae.colours)


def _middle(tape: Tape, side: str, vae: VAE, x: Tensor) -> Tensor:
    width, path = vae.widths[-1], f"{side}.mid_block"
    x = resnet(tape, f"{path}.resnets.0", x, None, width, vae.groups)
    x = _attend(tape, f"{path}.attentions.0", vae, x)
    return resnet(tape, f"{path}.resnets.1", x, None, width, vae.groups)


def _attend(tape: Tape, path: str, vae: VAE, x: Tensor) -> Tensor:
    batch, width, height, breadth = x.shape
    normed = ops.group_norm(tape, f"{path}.group_norm", x, vae.groups)
    rows = ops.moved(tape, normed, (batch, height * breadth, width), False)
    del normed
    q, k, v = (ops.linear(tape, f"{path}.to_{name}", rows, width) for name in "qkv")
    found = ops.attention(tape, q, k, v, 1)
    found = ops.linear(tape, f"{path}.to_out.0", found, width)
    return ops.scaled(tape, ops.add(tape, ops.moved(tape, found, x.shape, False), x))


def _end(tape: Tape, side: str, vae: VAE, x: Tensor, channels: int) -> Tensor:
    x = ops.group_norm(tape, f"{side}.conv_norm_out", x, vae.groups)
    x = ops.silu(tape, x)
    return ops.conv(tape, f"{side}.conv_out", x, channels)
