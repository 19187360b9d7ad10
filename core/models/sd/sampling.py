"""Latents, the noise schedule, and pictures drawn by Diffusers' pipeline."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from typing import Any

import diffusers
from diffusers import DDPMScheduler, StableDiffusionPipeline
from torch import Tensor

from core.models.family import Components
from core.models.sd.configs import schedule

SCHEDULERS: Mapping[str, tuple[str, Mapping[str, Any]]] = {
    "ddim": ("DDIMScheduler", {}),
    # Without the Runge-Kutta steps at the start, as Stable Diffusion's own model folders set it.
    "pndm": ("PNDMScheduler", {"skip_prk_steps": True}),
    "lms": ("LMSDiscreteScheduler", {}),
    "euler": ("EulerDiscreteScheduler", {}),
    "euler_a": ("EulerAncestralDiscreteScheduler", {}),
    "heun": ("HeunDiscreteScheduler", {}),
    "dpm_2": ("KDPM2DiscreteScheduler", {}),
    "dpm_2_a": ("KDPM2AncestralDiscreteScheduler", {}),
    "dpmsolver": (
        "DPMSolverMultistepScheduler",
        {"algorithm_type": "dpmsolver", "solver_order": 2, "final_sigmas_type": "sigma_min"},
    ),
    "dpmsolver++": ("DPMSolverMultistepScheduler", {"algorithm_type": "dpmsolver++", "solver_order": 2}),
    "dpmsingle": ("DPMSolverSinglestepScheduler", {"solver_order": 2}),
}
"""A key of catalog.SAMPLERS -> Diffusers' scheduler and what it needs beside the noise schedule."""


def encode_image(parts: Components, pixels: Tensor) -> tuple[Tensor, Tensor]:
    """See SD.encode_image."""
    latents = parts.vae.encode(pixels).latent_dist
    scale = parts.spec.latent_scale
    return latents.mean * scale, latents.std * scale


def noise_scheduler(parts: Components) -> DDPMScheduler:
    """See SD.noise_scheduler."""
    made: DDPMScheduler = _made("DDPMScheduler", {}, parts.prediction)
    return made


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


def _made(name: str, more: Mapping[str, Any], prediction: str) -> Any:
    """A scheduler of Diffusers with those of the settings that it has."""
    with warnings.catch_warnings():
        # Diffusers calls the first DPM-Solver deprecated, in favour of its successor.
        warnings.simplefilter("ignore", FutureWarning)
        return getattr(diffusers, name).from_config({**schedule(prediction), **more})
