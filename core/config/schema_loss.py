"""Declarations of [train], second part: noise, timesteps and what the loss weighs."""

from __future__ import annotations

from typing import ClassVar

from core.config.option import Section, opt


class LossOptions(Section):
    """Noise, timesteps and loss."""

    GROUP: ClassVar[str] = "loss"

    min_snr_gamma: float | None = opt(
        None,
        ("Min-SNR gamma", "Min-SNRのgamma"),
        (
            "Weighs the loss of easy timesteps down; 5 is usual. Empty: off.",
            "ノイズの少ないtimestepのlossの重みを下げます。通常5。空欄なら使いません。",
        ),
        level="advanced",
        sd_scripts="min_snr_gamma",
        gt=0,
    )
    debiased_estimation_loss: bool = opt(
        False,
        ("Debiased loss", "debiased estimation loss"),
        (
            "Weighs the loss by 1/sqrt(SNR): learns shapes sooner.",
            "lossを1/√SNRで重み付けし、形を早く学びます。",
        ),
        level="advanced",
        sd_scripts="debiased_estimation_loss",
    )
    noise_offset: float = opt(
        0.0,
        ("Noise offset", "noise offset"),
        (
            "Shifts the noise of each picture and channel, for darker and brighter pictures; 0: off.",
            "画像とチャンネルごとにノイズをずらし、暗い・明るい画像を学びやすくします。0なら不使用。",
        ),
        level="expert",
        sd_scripts="noise_offset",
        ge=0,
        le=1,
    )
    min_timestep: int = opt(
        0,
        ("Smallest timestep", "最小timestep"),
        ("Timesteps are drawn from here on.", "この値以上のtimestepで学習します。"),
        level="expert",
        sd_scripts="min_timestep",
        ge=0,
        le=999,
    )
    max_timestep: int = opt(
        1000,
        ("Largest timestep", "最大timestep"),
        ("Timesteps are drawn below this.", "この値未満のtimestepで学習します。"),
        level="expert",
        sd_scripts="max_timestep",
        ge=1,
        le=1000,
    )
