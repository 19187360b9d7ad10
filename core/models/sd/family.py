"""The functions of Stable Diffusion 1 and 2, as core.models.family asks for them."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from core.config.schema.model import ModelConfig
from core.models import tokens
from core.models.family import Model, TextState
from core.models.sd import load as loading
from core.models.sd import lora_names as names
from core.models.sd import sampling, text
from core.models.sd import save as saving
from core.models.sd.every_module import every_module


def encode_text(model: Model, captions: Sequence[str], config: ModelConfig) -> list[TextState]:
    """ "states" (T, width) of each caption; keeps gradients when the text encoder is trained.

    T is max_token_length + 2, with no_token_padding only as much as the longest caption needs.
    """
    encoder, tokenizer = model.modules["text_encoder"], model.tokenizer["text_encoder"]
    ids = tokenizer(captions, config, next(encoder.parameters()).device)
    states = text.encode(encoder, ids, config.clip_skip, tokenizer.clip)
    return [TextState({"states": one}) for one in states]


def teach(model: Model, word: str, count: int) -> dict[str, int]:
    """See Family.teach."""
    return {part: model.tokenizer[part].teach(word, count) for part in model.spec.names("text")}


def predict(
    model: Model, noisy: Tensor, timesteps: Tensor, texts: Sequence[TextState], frames: Tensor
) -> Tensor:
    """The noise or velocity in latents (B, 4, h, w) at timesteps (B,); same shape."""
    states = torch.stack([text.tensors["states"] for text in texts])
    pred: Tensor = model.denoiser(noisy, timesteps, encoder_hidden_states=states, return_dict=False)[0]
    return pred


class SD:
    """See core.models.family.Family; holds nothing."""

    open = staticmethod(loading.open_model)
    every_module = staticmethod(every_module)
    load = staticmethod(loading.load_part)
    objective = staticmethod(sampling.objective_of)
    count_tokens = staticmethod(tokens.count_tokens)
    encode_text = staticmethod(encode_text)
    teach = staticmethod(teach)
    tokens_of = staticmethod(tokens.encode)
    encode_image = staticmethod(sampling.encode_image)
    decode_image = staticmethod(sampling.decode_image)
    predict = staticmethod(predict)
    schedule = staticmethod(sampling.scheduler)
    lora_names = staticmethod(names.others)
    lora_file_names = staticmethod(names.written)
    save = staticmethod(saving.save)
    convert = staticmethod(saving.convert)
