"""From a prediction to one number per sample: how an error is measured."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from core.diffusion.objective import STEPS, Objective


def squared(model_pred: Tensor, target: Tensor) -> Tensor:
    """The squared error of each element, in float32; (B, C, H, W).

    Source: Ho et al. 2020, arXiv:2006.11239, eq. 14.
    """
    return torch.nn.functional.mse_loss(model_pred.float(), target.float(), reduction="none")


def absolute(model_pred: Tensor, target: Tensor) -> Tensor:
    """The absolute error of each element, in float32; (B, C, H, W)."""
    return torch.nn.functional.l1_loss(model_pred.float(), target.float(), reduction="none")


def huber(model_pred: Tensor, target: Tensor, threshold: Tensor, *, is_smooth_l1: bool) -> Tensor:
    """The pseudo-Huber error of each element, in float32; (B, C, H, W).

    threshold: (B,), c below: 2c (sqrt(d^2 + c^2) - c), squared below it and absolute above. is_smooth_l1:
    the same without the leading c, so that its slope far out is 2 for every c.
    Source: Song and Dhariwal 2023, arXiv:2310.14189, section 3.3; sd-scripts' huber and smooth_l1.
    """
    c = threshold.view(-1, 1, 1, 1)
    error = torch.sqrt(squared(model_pred, target) + c**2) - c
    return 2.0 * error if is_smooth_l1 else 2.0 * c * error


def huber_thresholds(
    objective: Objective, timesteps: Tensor, schedule: str, c: float, scale: float
) -> Tensor:
    """The threshold of `huber` for each sample, (B,).

    schedule: "snr", from 1 down to c as noise grows, (1 - c) / (1 + sigma)^2 + c with sigma the noise over
    the signal, and without `scale`, as in sd-scripts; "exponential", from scale down to c * scale;
    "constant", c * scale.
    Source: Khrapov et al. 2024, arXiv:2403.16728, section 4.
    """
    if schedule == "snr":
        signal, noise = objective.levels(timesteps)
        return (1.0 - c) / (1.0 + noise / signal) ** 2 + c
    if schedule == "exponential":
        return torch.exp(timesteps.float() / STEPS * math.log(c)) * scale
    if schedule == "constant":
        return torch.full_like(timesteps, c * scale, dtype=torch.float32)
    raise ValueError(f"no such Huber schedule: {schedule}")


def per_sample(error: Tensor, mask: Tensor | None = None) -> Tensor:
    """The mean error of each sample over its channels and pixels, (B,).

    error: (B, C, H, W). mask: (B, 1, H, W), what each pixel counts, 0 to 1. The mean is over all pixels, the
    masked ones too, as in sd-scripts: an image weighs as much as it shows of its subject.
    """
    return (error if mask is None else error * mask).mean(dim=(1, 2, 3))
