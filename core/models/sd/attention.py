"""How attention is computed: PyTorch's own, xformers where it works, or in pieces that need little memory."""

from __future__ import annotations

import importlib
from typing import Any

import torch
from torch import Tensor
from torch.utils.checkpoint import checkpoint

from core.events import Emit, Warned
from core.models.family import Model
from core.models.sd import messages

PIECE = 512
"""Queries looked at together; at 512 pixels SD1 has 4096 of them, an eighth of the memory."""


def choose(model: Model, name: str, emit: Emit) -> None:
    """Set the attention to `name`, a key of catalog.ATTENTIONS; PyTorch's own, with notice, when it fails."""
    unet: Any = model.denoiser
    if name == "mem_eff":
        unet.set_attn_processor(InPieces())
    if name != "xformers":
        return
    reason = _why_not()
    if reason:
        emit(Warned(messages.NO_XFORMERS(reason=reason)))
        return
    unet.enable_xformers_memory_efficient_attention()


def _why_not() -> str:
    if not torch.cuda.is_available():
        return "no NVIDIA card"
    try:
        importlib.import_module("xformers.ops")
    except (ImportError, OSError, RuntimeError) as error:
        return f"{type(error).__name__}: {error}"
    return ""


class InPieces:
    """Diffusers' attention processor for the U-Net that computes `attention_in_pieces`."""

    def __call__(
        self,
        attn: Any,
        hidden_states: Tensor,
        encoder_hidden_states: Tensor | None = None,
        attention_mask: Tensor | None = None,
        **more: Any,
    ) -> Tensor:
        """hidden_states: (B, T, C). Returns the same shape. The U-Net of Stable Diffusion masks nothing."""
        assert attention_mask is None and hidden_states.ndim == 3
        context = hidden_states if encoder_hidden_states is None else encoder_hidden_states
        sides = (attn.to_q(hidden_states), attn.to_k(context), attn.to_v(context))
        query, key, value = (side.unflatten(-1, (attn.heads, -1)).transpose(1, 2) for side in sides)
        found = attention_in_pieces(query, key, value).transpose(1, 2).flatten(2)
        out: Tensor = attn.to_out[1](attn.to_out[0](found)) / attn.rescale_output_factor
        return out


def attention_in_pieces(query: Tensor, key: Tensor, value: Tensor, piece: int = PIECE) -> Tensor:
    """softmax(query keyᵀ / √d) value, `piece` queries at a time, worked out anew for the gradients.

    query: (B, heads, T, d), key and value: (B, heads, S, d). Returns (B, heads, T, d). The table of weights
    in memory is (B, heads, piece, S) and not (B, heads, T, S).
    Source: Rabe & Staats 2021, arXiv:2112.05682.
    """
    found = [
        checkpoint(_attend, some, key, value, use_reentrant=False, preserve_rng_state=False)
        for some in torch.split(query, piece, dim=2)
    ]
    return torch.cat(found, dim=2)


def _attend(query: Tensor, key: Tensor, value: Tensor) -> Tensor:
    scores: Tensor = (query * query.shape[-1] ** -0.5) @ key.transpose(-1, -2)
    return torch.matmul(scores.softmax(dim=-1).to(value.dtype), value)
