"""How attention is computed: PyTorch's own, or xformers where it works."""

from __future__ import annotations

import importlib

import torch

from core.events import Emit, Warned
from core.models.family import Components


def choose(parts: Components, name: str, emit: Emit) -> None:
    """Set the attention to `name`, a key of catalog.ATTENTIONS; PyTorch's own, with notice, when it fails."""
    if name != "xformers":
        return
    reason = _why_not()
    if reason:
        emit(
            Warned(
                "W-XFORMERS",
                f"xformers can't be used ({reason}); "
                "PyTorch's own attention is used, which is about as fast.",
                f"xformersを使用できません（{reason}）。PyTorch標準のAttentionを使います（速度はほぼ同じです）。",
            )
        )
        return
    parts.unet.enable_xformers_memory_efficient_attention()


def _why_not() -> str:
    if not torch.cuda.is_available():
        return "no NVIDIA card"
    try:
        importlib.import_module("xformers.ops")
    except (ImportError, OSError, RuntimeError) as error:
        return f"{type(error).__name__}: {error}"
    return ""
