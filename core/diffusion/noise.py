"""Noise and the forms of it that a model may be trained with."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn.functional import interpolate


def offset_noise(noise: Tensor, shift: Tensor, strength: Tensor) -> Tensor:
    """Noise whose mean differs per image and channel, so that the model learns dark and bright images.

    noise: (B, C, H, W). shift: (B, C, 1, 1), standard normal. strength: (B, 1, 1, 1) or (B, C, 1, 1).
    Source: crosslabs.org/blog/diffusion-with-offset-noise.
    """
    return noise + strength * shift


def adaptive_strength(strength: Tensor, latents: Tensor, scale: float) -> Tensor:
    """The strength of offset noise that grows with how far from grey an image is, at least 0; (B, C, 1, 1).

    strength: (B, 1, 1, 1). latents: (B, C, H, W). scale: what the size of a channel's mean is worth.
    Source: sd-scripts' adaptive_noise_scale.
    """
    return (strength + scale * latents.mean(dim=(2, 3), keepdim=True).abs()).clamp(min=0.0)


def add_coarse_noise(noise: Tensor, iterations: int, discount: float, generator: torch.Generator) -> None:
    """Add noise of coarser and coarser grain to one sample's noise (C, H, W), in place; see `unit_variance`.

    Level i of `iterations` is drawn at 1/r^i of the size, r anew for each from 2 to 4, enlarged bilinearly
    and weighed discount^i; a side of one cell is the last. r belongs to the sample here, where sd-scripts
    draws one for a batch, so that a sample's noise does not depend on what it is batched with.
    Source: Whitaker 2023, "Multi-Resolution Noise for Diffusion Model Training" (Weights & Biases report).
    """
    channels, height, width = noise.shape
    for level in range(iterations):
        ratio = (2.0 + 2.0 * torch.rand((), generator=generator).item()) ** level
        size = (max(1, int(height / ratio)), max(1, int(width / ratio)))
        coarse = torch.randn(1, channels, *size, generator=generator)
        noise += interpolate(coarse, (height, width), mode="bilinear")[0] * discount**level
        if 1 in size:
            break


def unit_variance(noise: Tensor) -> Tensor:
    """Noise (B, C, H, W) over each sample's own deviation; sd-scripts takes that of the batch."""
    return noise / noise.std(dim=(1, 2, 3), keepdim=True)


def sample_latents(mean: Tensor, std: Tensor, noise: Tensor) -> Tensor:
    """A draw from the VAE's distribution, as diffusers' latent_dist.sample(); all (B, C, H, W).

    Source: Kingma and Welling 2013, arXiv:1312.6114, section 2.4.
    """
    return mean + std * noise
