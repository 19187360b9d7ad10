"""The functions of Stable Diffusion XL, as core.models.family asks for them."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from core.models.family import Model, TextState
from core.models.sd import lora_names as names
from core.models.sd.family import SD
from core.models.sdxl import text


def predict(
    model: Model, noisy: Tensor, timesteps: Tensor, texts: Sequence[TextState], frames: Tensor
) -> Tensor:
    """The noise or velocity in latents (B, 4, h, w) at timesteps (B,); same shape.

    Source: Podell et al. 2023, arXiv:2307.01952, section 2.2; the order of the six numbers as diffusers'
    StableDiffusionXLPipeline has it.
    """
    states = torch.stack([text.tensors["states"] for text in texts])
    added = {"text_embeds": torch.stack([text.tensors["pooled"] for text in texts]), "time_ids": frames}
    pred: Tensor = model.denoiser(
        noisy, timesteps, encoder_hidden_states=states, added_cond_kwargs=added, return_dict=False
    )[0]
    return pred


class SDXL(SD):
    """See core.models.family.Family: what it does otherwise than SD1 and SD2."""

    encode_text = staticmethod(text.encode)
    predict = staticmethod(predict)
    lora_file_names = staticmethod(names.written_as_ldm)
