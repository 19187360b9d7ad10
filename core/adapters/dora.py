"""DoRA: a LoRA whose sum with the weight is brought to trained magnitudes, of each input or of each output.

PEFT's own knows magnitudes of outputs only, and multiplies by a unit matrix to find their norms. Source: Liu
et al. 2024, arXiv:2402.09353; the norm is detached, as in its section 4.3.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import Tensor, nn

from core.adapters import delta, lora
from core.adapters.lora import ADAPTER, Dropouts


class Magnitudes(nn.Module):
    """The trained magnitudes of one layer, (outputs, 1, ...) or (1, inputs, ...)."""

    def __init__(self, weight: Tensor) -> None:
        super().__init__()
        self.weight = nn.Parameter(weight)


def add_magnitudes(layer: Any, values: Mapping[str, object]) -> None:
    """Put the magnitudes on a LoRA layer of PEFT: those of the weight as it is.

    values: "dora_axis", "input" or "output".
    """
    weight = layer.get_base_layer().weight.detach().float()
    axis = 1 if values["dora_axis"] == "input" else 0
    sides = [side if n == axis else 1 for n, side in enumerate(weight.shape)]
    layer.lora_magnitude_vector[ADAPTER] = Magnitudes(delta.norms(weight, weight.new_empty(sides)))


def make_forward(layer: Any, dropouts: Dropouts) -> Callable[..., Tensor]:
    """The forward of a layer with magnitudes; `layer.strength` is the share of the whole change."""
    base, down, up = layer.get_base_layer(), layer.lora_A[ADAPTER], layer.lora_B[ADAPTER]
    magnitudes = layer.lora_magnitude_vector[ADAPTER]
    is_linear = isinstance(base, nn.Linear)
    is_of_inputs = magnitudes.weight.shape[0] == 1 and base.weight.shape[0] != 1
    plain = lora.make_forward(layer, dropouts)

    def ratios() -> Tensor:
        with torch.no_grad():
            change = up.weight.flatten(1) @ down.weight.flatten(1) * layer.scaling[ADAPTER]
            changed = base.weight.float() + change.reshape(base.weight.shape)
            norms = delta.norms(changed, magnitudes.weight)
        found: Tensor = magnitudes.weight / norms
        return found.flatten() if is_linear else found.reshape(1, -1, 1, 1)

    def forward(x: Tensor, *args: Any, **kwargs: Any) -> Tensor:
        if layer.disable_adapters:
            own: Tensor = base(x, *args, **kwargs)
            return own
        if is_of_inputs:
            result = plain(x * ratios().to(x.dtype))
        else:
            result = plain(x)
            share = ratios().to(result.dtype)
            if base.bias is None:
                result = result * share
            else:
                bias = base.bias if is_linear else base.bias.reshape(1, -1, 1, 1)
                result = (result - bias) * share + bias
        return result if layer.strength == 1 else torch.lerp(base(x), result, layer.strength)

    return forward
