"""How noise is laid over latents, and what of it a model predicts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor

from core.diffusion.timesteps import logit_normal, logit_normal_draw, shift_of_size, shifted, uniform

STEPS = 1000
"""Timesteps run from 0, the image, to this, the noise."""


class Objective(Protocol):
    """A training objective. timesteps: (B,), from 0 to STEPS; latents, noise: (B, C, h, w).

    name: what is predicted: "epsilon", "v" or "flow".
    """

    @property
    def name(self) -> str: ...
    def to(self, device: torch.device) -> Objective:
        """The same with its tables on a device, so that a step looks up and never asks the host."""
        ...

    def draw(self, draw: float, low: int, high: int, cells: int) -> float:
        """A timestep in [low, high); low where high is not above it.

        draw: in [0, 1), belongs to the sample. cells: of the sample's latents.
        """
        ...

    def levels(self, timesteps: Tensor) -> tuple[Tensor, Tensor]:
        """What the image and the noise are multiplied by, each (B,)."""
        ...

    def noisy(self, latents: Tensor, noise: Tensor, timesteps: Tensor) -> Tensor: ...
    def target(self, latents: Tensor, noise: Tensor, timesteps: Tensor) -> Tensor: ...
    def snr(self, timesteps: Tensor) -> Tensor:
        """Variance of the image over that of the noise, (B,); infinite where there is no noise."""
        ...


def mixed(levels: tuple[Tensor, Tensor], latents: Tensor, noise: Tensor) -> Tensor:
    """Noisy latents, (B, C, h, w): signal x + sigma noise, with a level of each for each sample."""
    signal, sigma = (level.view(-1, 1, 1, 1) for level in levels)
    return signal * latents + sigma * noise


class Diffusion:
    """The discrete noise schedule of Ho et al. 2020, arXiv:2006.11239; timesteps: int64.

    alphas_cumprod: (T,) float32, the share of signal variance left at each timestep; diffusers' schedulers
    hold it under this name. name: "epsilon", the noise (eq. 14), or "v", the velocity sqrt(a) noise -
    sqrt(1 - a) x (Salimans and Ho 2022, arXiv:2202.00512, appendix D).
    """

    def __init__(self, alphas_cumprod: Tensor, name: str) -> None:
        if name not in ("epsilon", "v"):
            raise ValueError(f"no such prediction type: {name}")
        self.name = name
        self._alphas_cumprod = alphas_cumprod.detach().float()
        self._signal = self._alphas_cumprod.sqrt()
        self._sigma = (1.0 - self._alphas_cumprod).sqrt()
        self._snr = self._alphas_cumprod / (1.0 - self._alphas_cumprod)

    def to(self, device: torch.device) -> Diffusion:
        return Diffusion(self._alphas_cumprod.to(device), self.name)

    def draw(self, draw: float, low: int, high: int, cells: int) -> int:
        return uniform(draw, low, high)

    def levels(self, timesteps: Tensor) -> tuple[Tensor, Tensor]:
        return self._signal[timesteps], self._sigma[timesteps]

    def noisy(self, latents: Tensor, noise: Tensor, timesteps: Tensor) -> Tensor:
        """Eq. 4 of Ho et al.; DDPMScheduler.add_noise of diffusers."""
        return mixed(self.levels(timesteps), latents, noise)

    def target(self, latents: Tensor, noise: Tensor, timesteps: Tensor) -> Tensor:
        if self.name == "epsilon":
            return noise
        signal, sigma = (level.view(-1, 1, 1, 1) for level in self.levels(timesteps))
        return signal * noise - sigma * latents

    def snr(self, timesteps: Tensor) -> Tensor:
        return self._snr[timesteps]


@dataclass(frozen=True)
class Flow:
    """Rectified flow: a straight line from the image to the noise; timesteps: float32.

    mean, std: of the logit-normal distribution of timesteps; std None: they are uniform. shift: moves them
    towards the noise. shift_points: two (cells, power) points, for a shift that grows with the image.
    Source: Esser et al. 2024, arXiv:2403.03206; Lipman et al. 2022, arXiv:2210.02747.
    """

    mean: float = 0.0
    std: float | None = None
    shift: float = 1.0
    shift_points: tuple[tuple[int, float], tuple[int, float]] | None = None
    name: str = "flow"

    def to(self, device: torch.device) -> Flow:
        return self

    def draw(self, draw: float, low: int, high: int, cells: int) -> float:
        """Between low and high the distribution keeps its shape: it is cut, not squeezed."""
        if high <= low:
            return float(low)
        shift = self.shift if self.shift_points is None else shift_of_size(cells, *self.shift_points)
        first, last = (self._probability(shifted(end / STEPS, 1.0 / shift)) for end in (low, high))
        sigma = shifted(self._quantile(first + draw * (last - first)), shift)
        return min(max(sigma * STEPS, low), high)

    def _quantile(self, draw: float) -> float:
        return draw if self.std is None else logit_normal(draw, self.mean, self.std)

    def _probability(self, sigma: float) -> float:
        return sigma if self.std is None else logit_normal_draw(sigma, self.mean, self.std)

    def levels(self, timesteps: Tensor) -> tuple[Tensor, Tensor]:
        sigma = timesteps.float() / STEPS
        return 1.0 - sigma, sigma

    def noisy(self, latents: Tensor, noise: Tensor, timesteps: Tensor) -> Tensor:
        return mixed(self.levels(timesteps), latents, noise)

    def target(self, latents: Tensor, noise: Tensor, timesteps: Tensor) -> Tensor:
        """The velocity of the line, the same everywhere on it."""
        return noise - latents

    def snr(self, timesteps: Tensor) -> Tensor:
        signal, sigma = self.levels(timesteps)
        return (signal / sigma) ** 2
