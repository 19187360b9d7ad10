"""LoRA files added into a model's own weights, for good."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor, nn


def merge(
    models: Mapping[str, nn.Module],
    weights: Mapping[tuple[str, str], tuple[Tensor, Tensor, float]],
    strength: float,
) -> None:
    """Add up @ down * alpha / rank * strength to the weight of every module of (part, path).

    down: (rank, in) or (rank, in, kh, kw); up: (out, rank) or (out, rank, 1, 1); on any device and of any
    type.
    """
    with torch.no_grad():
        for (part, path), (down, up, alpha) in weights.items():
            weight = models[part].get_submodule(path).weight
            assert isinstance(weight, Tensor), (part, path)
            delta = up.flatten(1).float() @ down.flatten(1).float()
            delta *= strength * alpha / down.shape[0]
            weight.add_(delta.reshape(weight.shape).to(weight.device, weight.dtype))
