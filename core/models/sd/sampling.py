"""Latents, the noise schedule, and the schedulers of Diffusers that samples are drawn with."""

from __future__ import annotations

import inspect
import warnings
from collections.abc import Mapping
from typing import Any

import diffusers
import torch
from torch import Tensor

from core.catalog import Size
from core.config.schema.train import TrainConfig
from core.diffusion.objective import Diffusion, Objective
from core.models.family import Model
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


def encode_image(model: Model, pixels: Tensor) -> tuple[Tensor, Tensor]:
    """Mean and deviation of the latents, each (B, 4, H/8, W/8), times latent_scale.

    pixels: (B, 3, H, W) in [-1, 1].
    """
    latents = model.modules["vae"].encode(pixels).latent_dist  # type: ignore[operator]
    scale = model.spec.latent_scale
    return latents.mean * scale, latents.std * scale


def decode_image(model: Model, latents: Tensor) -> Tensor:
    """See Family.decode_image."""
    pixels: Tensor = model.modules["vae"].decode(latents / model.spec.latent_scale, return_dict=False)[0]  # type: ignore[operator]
    return pixels


def objective_of(model: Model, train: TrainConfig) -> Diffusion:
    """epsilon or v over Stable Diffusion's own betas, rescaled as asked or as the model's own are."""
    return objective(model.objective.name, train.zero_terminal_snr or is_zero_terminal(model.objective))


def objective(prediction: str, is_zero_terminal: bool = False) -> Diffusion:
    """The objective over the noise schedule, or over the one rescaled to end in pure noise."""
    return Diffusion(_made("DDPMScheduler", {}, prediction, is_zero_terminal).alphas_cumprod, prediction)


def scheduler(model: Model, sampler: str, steps: int, size: Size) -> Any:
    """See Family.schedule; the same for every size. sampler: a key of catalog.SAMPLERS, else KeyError."""
    kind, more = SCHEDULERS[sampler]
    made = _made(kind, more, model.objective.name, is_zero_terminal(model.objective))
    made.set_timesteps(steps, device=model.device)
    return made


def is_zero_terminal(objective: Objective) -> bool:
    """Whether the noise schedule is the one rescaled to end in pure noise."""
    return bool(objective.snr(torch.tensor(-1)) == 0)


def _made(name: str, more: Mapping[str, Any], prediction: str, is_zero_terminal: bool) -> Any:
    """A scheduler of Diffusers with those of the settings that it has."""
    kind, settings = getattr(diffusers, name), {**schedule(prediction), **more}
    if is_zero_terminal:
        settings |= zero_terminal(kind, prediction)
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
    alphas_cumprod = _made("DDPMScheduler", {}, prediction, is_zero_terminal=True).alphas_cumprod
    alphas_cumprod[-1] = LAST_ALPHA
    alphas = alphas_cumprod / torch.cat([torch.ones(1), alphas_cumprod[:-1]])
    return settings | {"trained_betas": (1.0 - alphas).tolist()}
