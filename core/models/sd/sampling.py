"""Latents, the noise schedule, and pictures drawn by Diffusers' pipeline."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from diffusers import (
    DDIMScheduler,
    DDPMScheduler,
    DPMSolverMultistepScheduler,
    EulerAncestralDiscreteScheduler,
    EulerDiscreteScheduler,
    StableDiffusionPipeline,
)
from torch import Tensor

from core.models.family import Components
from core.models.sd.configs import schedule

SCHEDULERS: Mapping[str, tuple[type[Any], Mapping[str, Any]]] = {
    "ddim": (DDIMScheduler, {}),
    "euler": (EulerDiscreteScheduler, {}),
    "euler_a": (EulerAncestralDiscreteScheduler, {}),
    "dpmsolver++": (DPMSolverMultistepScheduler, {"algorithm_type": "dpmsolver++", "solver_order": 2}),
}
"""A key of catalog.SAMPLERS -> Diffusers' scheduler and what it needs beside the noise schedule."""


def encode_image(parts: Components, pixels: Tensor) -> tuple[Tensor, Tensor]:
    """See SD.encode_image."""
    latents = parts.vae.encode(pixels).latent_dist
    scale = parts.spec.latent_scale
    return latents.mean * scale, latents.std * scale


def noise_scheduler(parts: Components) -> DDPMScheduler:
    """See SD.noise_scheduler."""
    return _made(DDPMScheduler, {}, parts.prediction)


def pipeline(parts: Components, sampler: str) -> StableDiffusionPipeline:
    """See SD.pipeline. Raises KeyError for a sampler that is not in the table."""
    kind, more = SCHEDULERS[sampler]
    pipe = StableDiffusionPipeline(
        vae=parts.vae,
        text_encoder=parts.text_encoder,
        tokenizer=parts.tokenizer,
        unet=parts.unet,
        scheduler=_made(kind, more, parts.prediction),
        safety_checker=None,
        feature_extractor=None,
        requires_safety_checker=False,
    )
    pipe.set_progress_bar_config(disable=True)
    return pipe


def _made(kind: type[Any], more: Mapping[str, Any], prediction: str) -> Any:
    """A scheduler of Diffusers with those of the settings that it has."""
    return kind.from_config({**schedule(prediction), **more})
