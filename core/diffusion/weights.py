"""What each sample's loss weighs, by the signal-to-noise ratio of its timestep."""

from __future__ import annotations

from torch import Tensor

LARGEST_SNR = 1000.0
"""Higher ones, at the first timesteps, count as this one; so in sd-scripts."""

SMALLEST_SNR = 1.0 / LARGEST_SNR
"""The mirror of it, for weights by 1 / SNR at a terminal SNR of 0; the usual schedule ends at 0.0047."""


def min_snr_weight(snr: Tensor, gamma: float, prediction: str) -> Tensor:
    """Loss weight of each sample that caps easy timesteps.

    snr: (B,). Returns (B,): min(snr, gamma) over snr or, for v, over snr + 1, or, for flow, over
    (sqrt(snr) + 1)^2: what the error of the prediction is in the image. At an SNR of 0 that is 1, and 0 for v
    and flow.
    Source: Hang et al. 2023, arXiv:2303.09556, section 3.4.
    """
    if prediction == "v":
        return snr.clamp(max=gamma) / (snr + 1.0)
    if prediction == "flow":
        return snr.clamp(max=gamma) / (snr.sqrt() + 1.0) ** 2
    return (gamma / snr).clamp(max=1.0)


def debiased_weight(snr: Tensor, prediction: str) -> Tensor:
    """Loss weight of each sample that lifts hard timesteps; (B,).

    snr: (B,). For v the weight is 1 / (snr + 1), as in sd-scripts; for flow it is what weighs the error of
    the image as that for epsilon does.
    Source: Yu et al. 2023, arXiv:2310.08442, section 3.3.
    """
    capped = _within(snr)
    if prediction == "v":
        return 1.0 / (capped + 1.0)
    if prediction == "flow":
        return capped.sqrt() / (capped.sqrt() + 1.0) ** 2
    return 1.0 / capped.sqrt()


def like_noise_weight(snr: Tensor) -> Tensor:
    """Loss weight that makes the loss of v weigh timesteps as the loss of epsilon does; (B,).

    Source: the ratio of the two targets' errors, Salimans and Ho 2022, arXiv:2202.00512, section 4.
    """
    capped = snr.clamp(max=LARGEST_SNR)
    return capped / (capped + 1.0)


def like_velocity_weight(snr: Tensor, share: float) -> Tensor:
    """Loss weight that adds to the loss of epsilon `share` times that of v; (B,).

    Source: as like_noise_weight, the other way round.
    """
    capped = _within(snr)
    return 1.0 + share * (capped + 1.0) / capped


def _within(snr: Tensor) -> Tensor:
    return snr.clamp(SMALLEST_SNR, LARGEST_SNR)
