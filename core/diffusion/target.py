"""What the U-Net has to predict."""

from __future__ import annotations

from torch import Tensor

from core.diffusion.schedule import NoiseTable


def target(prediction: str, latents: Tensor, noise: Tensor, timesteps: Tensor, table: NoiseTable) -> Tensor:
    """The training target of a prediction type, (B, C, H, W).

    prediction: "epsilon", the noise (Ho et al. 2020, arXiv:2006.11239, eq. 14), or "v", the velocity
    sqrt(a) noise - sqrt(1 - a) x (Salimans and Ho 2022, arXiv:2202.00512, appendix D).
    """
    if prediction == "epsilon":
        return noise
    if prediction == "v":
        signal, sigma = table.signal_and_noise(timesteps)
        return signal * noise - sigma * latents
    raise ValueError(f"no such prediction type: {prediction}")
