"""The functions of Stable Diffusion XL, as core.models.family asks for them."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from core.models import tokens
from core.models.family import Model, TextState
from core.models.sd import load as loading
from core.models.sd import lora_names as names
from core.models.sd import sampling
from core.models.sd import save as saving
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


class SDXL:
    """See core.models.family.Family; holds nothing."""

    open = staticmethod(loading.open_model)
    load = staticmethod(loading.load_part)
    objective = staticmethod(sampling.objective_of)
    count_tokens = staticmethod(tokens.count_tokens)
    encode_text = staticmethod(text.encode)
    encode_image = staticmethod(sampling.encode_image)
    decode_image = staticmethod(sampling.decode_image)
    predict = staticmethod(predict)
    schedule = staticmethod(sampling.scheduler)
    lora_names = staticmethod(names.others)
    lora_file_names = staticmethod(names.written_as_ldm)
    unused = staticmethod(text.unused)
    save = staticmethod(saving.save)
    convert = staticmethod(saving.convert)
