"""Captions to the states of both text encoders, and to the vector that stands for a whole caption."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor
from transformers import CLIPTokenizer

from core.config.schema.model import ModelConfig
from core.models.family import Model, TextState
from core.models.sd import text

LAYER = -2
"""Of the hidden states: what the layer before the last gives, without the last norm."""


def encode(model: Model, captions: Sequence[str], config: ModelConfig) -> list[TextState]:
    """ "states" (T, 768 + 1280) of each caption and its "pooled" (1280); keeps gradients.

    T is max_token_length + 2. Longer captions than 75 tokens are read in windows, see sd.text.encode; the
    pooled vector is that of the first. Source: sd-scripts, library/strategy_sdxl.py.
    """
    states = []
    pooled = torch.empty(0)
    for part in model.spec.names("text"):
        encoder: Any = model.modules[part]
        tokenizer = model.tokenizer[part]
        ids = tokenizer(captions, config, next(encoder.parameters()).device)
        windows = text.cut(ids, tokenizer.clip)
        out = encoder(windows, output_hidden_states=True)
        states.append(text.joined(out.hidden_states[LAYER], len(ids)))
        if hasattr(encoder, "text_projection"):
            last, count = out.last_hidden_state, len(windows) // len(ids)
            weight = encoder.text_projection.weight
            if config.pooled_as_sd_scripts and not model.source.is_folder:
                weight = weight.t()
            pooled = _pooled(last[::count], windows[::count], tokenizer.clip) @ weight.t()
    both = torch.cat(states, dim=-1)
    return [TextState({"states": one, "pooled": whole}) for one, whole in zip(both, pooled, strict=True)]


def _pooled(states: Tensor, ids: Tensor, tokenizer: CLIPTokenizer) -> Tensor:
    """The last states at the first mark of the end: (B, T, width) -> (B, width).

    Looked for by its id, since a textual inversion's tokens have larger ones.
    """
    ends = (ids == tokenizer.eos_token_id).int().argmax(dim=-1)
    return states[torch.arange(len(ids), device=ids.device), ends]
