"""Latents, the noise schedule, and pictures drawn by Diffusers' pipeline."""

from __future__ import annotations

import inspect
import warnings
from collections.abc import Mapping
from typing import Any

import diffusers
import torch
from diffusers import DDPMScheduler, StableDiffusionPipeline
from torch import Tensor

from core.diffusion.objective import Diffusion
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

LAST_ALPHA = 2**-24
"""alphas_cumprod at pure noise for samplers that divide by it; EulerDiscreteScheduler takes the same."""


def encode_image(parts: Components, pixels: Tensor) -> tuple[Tensor, Tensor]:
    """See SD.encode_image."""
    latents = parts.vae.encode(pixels).latent_dist
    scale = parts.spec.latent_scale
    return latents.mean * scale, latents.std * scale


def objective(parts: Components) -> Diffusion:
    """See SD.objective."""
    return Diffusion(_made("DDPMScheduler", {}, parts).alphas_cumprod, parts.prediction)


def pipeline(parts: Components, sampler: str) -> StableDiffusionPipeline:
    """See SD.pipeline. Raises KeyError for a sampler that is not in the table."""
    kind, more = SCHEDULERS[sampler]
    pipe = StableDiffusionPipeline(
        vae=parts.vae,
        text_encoder=parts.text_encoder,
        tokenizer=parts.tokenizer,
        unet=parts.unet,
        scheduler=_made(kind, more, parts),
        safety_checker=None,
        feature_extractor=None,
        requires_safety_checker=False,
    )
    pipe.set_progress_bar_config(disable=True)
    return pipe


def _made(name: str, more: Mapping[str, Any], parts: Components) -> Any:
    """A scheduler of Diffusers with those of the settings that it has."""
    kind, settings = getattr(diffusers, name), {**schedule(parts.prediction), **more}
    if parts.zero_terminal_snr:
        settings |= zero_terminal(kind, parts.prediction)
    with warnings.catch_warnings():
        # Diffusers calls the first DPM-Solver deprecated, in favour of its successor.
        warnings.simplefilter("ignore", FutureWarning)
        return kind.from_config(settings)


def zero_terminal(kind: type[Any], prediction: str) -> dict[str, Any]:
    """Settings of a schedule that ends in pure noise.

    A model that predicts v is drawn from that end ("trailing"); one that predicts the noise says nothing
    there, and is drawn from just below it as always. Schedulers that know no such schedule get its betas,
    ending where Diffusers' own sigma schedulers end it.
    Source: Lin et al. 2023, arXiv:2305.08891, sections 3.1 and 3.3.
    """
    settings: dict[str, Any] = {"timestep_spacing": "trailing"} if prediction == "v" else {}
    if "rescale_betas_zero_snr" in inspect.signature(kind.__init__).parameters:
        return settings | {"rescale_betas_zero_snr": True}
    alphas_cumprod = DDPMScheduler.from_config(
        {**schedule(prediction), "rescale_betas_zero_snr": True}
    ).alphas_cumprod
    alphas_cumprod[-1] = LAST_ALPHA
    alphas = alphas_cumprod / torch.cat([torch.ones(1), alphas_cumprod[:-1]])
    return settings | {"trained_betas": (1.0 - alphas).tolist()}
