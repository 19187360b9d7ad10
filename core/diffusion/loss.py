"""From a prediction to one number per sample, and what each sample weighs."""

from __future__ import annotations

import torch
from torch import Tensor


def per_sample(model_pred: Tensor, target: Tensor) -> Tensor:
    """Mean squared error of each sample over its channels and pixels, in float32; (B,).

    Source: Ho et al. 2020, arXiv:2006.11239, eq. 14.
    """
    return torch.nn.functional.mse_loss(model_pred.float(), target.float(), reduction="none").mean(
        dim=(1, 2, 3)
    )


def min_snr_weight(snr: Tensor, gamma: float, prediction: str) -> Tensor:
    """Loss weight of each sample that caps easy timesteps.

    snr: (B,), alphas_cumprod / (1 - alphas_cumprod) at each timestep. Returns (B,).
    Source: Hang et al. 2023, arXiv:2303.09556, section 3.4.
    """
    capped = snr.clamp(max=gamma)
    return capped / (snr + 1.0) if prediction == "v" else capped / snr


def debiased_weight(snr: Tensor, prediction: str) -> Tensor:
    """Loss weight of each sample that lifts hard timesteps; (B,).

    snr: (B,); above 1000 it counts as 1000, as in sd-scripts. For v the weight is 1 / (snr + 1), again as
    there.
    Source: Yu et al. 2023, arXiv:2310.08442, section 3.3.
    """
    capped = snr.clamp(max=1000.0)
    return 1.0 / (capped + 1.0) if prediction == "v" else 1.0 / capped.sqrt()
