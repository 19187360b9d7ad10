"""How much of a picture is left at each timestep: the table that every formula of this folder reads."""

from __future__ import annotations

import torch
from torch import Tensor


class NoiseTable:
    """The noise schedule as device tensors, so that a step looks up and never asks the host.

    alphas_cumprod: (T,) float32, the share of signal variance left at each timestep; diffusers' schedulers
    hold it under this name. Source: Ho et al. 2020, arXiv:2006.11239, section 2.
    """

    def __init__(self, alphas_cumprod: Tensor, device: torch.device | str = "cpu") -> None:
        self.alphas_cumprod = alphas_cumprod.detach().to(device=device, dtype=torch.float32)
        self.sqrt_alpha = self.alphas_cumprod.sqrt()
        self.sqrt_one_minus_alpha = (1.0 - self.alphas_cumprod).sqrt()
        self.snr = self.alphas_cumprod / (1.0 - self.alphas_cumprod)

    def __len__(self) -> int:
        return self.alphas_cumprod.shape[0]

    def signal_and_noise(self, timesteps: Tensor) -> tuple[Tensor, Tensor]:
        """sqrt(alphas_cumprod) and sqrt(1 - alphas_cumprod) at each timestep, each (B, 1, 1, 1)."""
        shape = (-1, 1, 1, 1)
        return self.sqrt_alpha[timesteps].view(shape), self.sqrt_one_minus_alpha[timesteps].view(shape)
