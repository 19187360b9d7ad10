"""Noise and how it is laid over latents."""

from __future__ import annotations

from torch import Tensor

from core.diffusion.schedule import NoiseTable


def add_noise(latents: Tensor, noise: Tensor, timesteps: Tensor, table: NoiseTable) -> Tensor:
    """Noisy latents sqrt(a) x + sqrt(1 - a) noise, (B, C, H, W).

    timesteps: (B,) integers. Source: Ho et al. 2020, arXiv:2006.11239, eq. 4; DDPMScheduler.add_noise of
    diffusers.
    """
    signal, sigma = table.signal_and_noise(timesteps)
    return signal * latents + sigma * noise


def offset_noise(noise: Tensor, shift: Tensor, strength: float) -> Tensor:
    """Noise whose mean differs per picture and channel, so that the model learns dark and bright pictures.

    noise: (B, C, H, W). shift: (B, C, 1, 1), standard normal.
    Source: crosslabs.org/blog/diffusion-with-offset-noise.
    """
    return noise + strength * shift


def sample_latents(mean: Tensor, std: Tensor, noise: Tensor) -> Tensor:
    """A draw from the VAE's distribution, as diffusers' latent_dist.sample(); all (B, C, H, W).

    Source: Kingma and Welling 2013, arXiv:1312.6114, section 2.4.
    """
    return mean + std * noise
