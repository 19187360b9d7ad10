"""What a U-Net predicts, the noise or the velocity: by the option, by the file, else by a look at it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch

from core.config.schema.model import ModelConfig
from core.errors import UserError
from core.events import Emit, Warned
from core.formats.identify import Identity
from core.models import refusals
from core.models.sd import messages


def choose(
    attempt: Callable[[], str], path: Path, identity: Identity, config: ModelConfig, emit: Emit
) -> str:
    """ "epsilon" or "v": what the option says, else what the file says, else what a trial of the U-Net does.

    Raises UserError when the option and the file differ. Where the file says nothing the option is believed,
    with a notice when a trial of the U-Net says otherwise.
    """
    known, asked = identity.prediction, config.prediction
    denied = refusals.prediction_denied(path, identity, asked)
    if denied is not None:
        raise UserError(denied)
    if asked != "auto":
        # The trial is one for Stable Diffusion 2.
        tried = attempt() if not known else asked
        if tried != asked:
            emit(Warned(messages.PREDICTION_DOUBTED(path=path, tried=tried, asked=asked)))
        return asked
    if known:
        return known
    tried = attempt()
    emit(Warned(messages.PREDICTION_TRIED(path=path, tried=tried)))
    return tried


@torch.no_grad()
def attempt(unet: Any) -> str:
    """What a U-Net of Stable Diffusion 2 predicts, from one look at almost pure noise.

    There a noise model gives its input back, a velocity model nearly minus an image.
    Source: AUTOMATIC1111, sd_models_config.is_using_v_parameterization_for_sd2.
    """
    latents = torch.full((1, 4, 8, 8), 0.5)
    states = torch.full((1, 2, unet.config.cross_attention_dim), 0.5)
    out = unet(latents, torch.tensor([999]), encoder_hidden_states=states, return_dict=False)[0]
    return "v" if (out - latents).mean().item() < -1 else "epsilon"
