"""LoRA files in the names of PEFT, as Diffusers writes them: alpha stands in the metadata."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from types import MappingProxyType

import torch
from torch import Tensor

from core.adapters.methods import Adapted
from core.adapters.targets import ModuleKey
from core.families import FamilySpec
from core.formats.lora_alpha import METADATA_KEY
from core.formats.lora_file import levelled

_NAMES: Mapping[str, str] = MappingProxyType(
    {
        "lora_down.weight": "lora_A.weight",
        "lora_up.weight": "lora_B.weight",
        "dora_scale": "lora_magnitude_vector",
    }
)
"""Ours -> PEFT's; what other methods train has no name that Diffusers reads."""

_NAMES_OF_TEXT: Mapping[str, str] = MappingProxyType(
    {
        **_NAMES,
        "lora_down.weight": "lora_linear_layer.down.weight",
        "lora_up.weight": "lora_linear_layer.up.weight",
        "dora_scale": "lora_magnitude_vector.weight",
    }
)
"""The same in text encoders, where Diffusers reads PEFT's names only of files that have attention layers.

Source: diffusers 0.42, utils/state_dict_utils.py, convert_state_dict_to_peft.
"""


def is_nameable(module: Adapted) -> bool:
    """Whether there are such names for a module: for LoRA, and for DoRA with magnitudes of outputs."""
    magnitudes = module.tensors.get("dora_scale")
    outputs = module.tensors["lora_up.weight"].shape[0] if "lora_up.weight" in module.tensors else 0
    is_of_outputs = magnitudes is None or magnitudes.numel() == outputs == magnitudes.shape[0]
    return module.tensors.keys() <= _NAMES.keys() and is_of_outputs


def to_file(
    modules: Mapping[ModuleKey, Adapted], spec: FamilySpec, dtype: torch.dtype | None = None
) -> tuple[dict[str, Tensor], dict[str, str]]:
    """Tensors by the names in a file, on the CPU, and the metadata with rank and alpha of each module.

    All of them are to be `is_nameable`. dtype: of the numbers, None for as they are.
    """
    tensors: dict[str, Tensor] = {}
    for key, module in modules.items():
        part = spec.part(key.part)
        name = f"{key.part}.{levelled(part, key.path)}"
        names = _NAMES_OF_TEXT if part.role == "text" else _NAMES
        for ours, tensor in module.tensors.items():
            if ours == "dora_scale":
                tensor = tensor.reshape(-1)
                if module.tensors["lora_down.weight"].ndim > 2:
                    tensor = tensor.reshape(1, -1, 1, 1)
            tensors[f"{name}.{names[ours]}"] = tensor.detach().to("cpu", dtype or tensor.dtype).contiguous()
    told: dict[str, object] = {}
    for owner in dict.fromkeys(key.part for key in modules):
        own = {key.path: module for key, module in modules.items() if key.part == owner}
        told |= {f"{owner}.{name}": value for name, value in _settings(own).items()}
    return tensors, {"format": "pt", METADATA_KEY: json.dumps(told, indent=2, sort_keys=True)}


def _settings(modules: Mapping[str, Adapted]) -> dict[str, object]:
    """PEFT's settings for the modules of one part, by their paths."""
    [(rank, _)] = Counter(module.rank for module in modules.values()).most_common(1)
    [(alpha, _)] = Counter(module.alpha for module in modules.values()).most_common(1)
    return {
        "peft_type": "LORA",
        "r": rank,
        "lora_alpha": alpha,
        "rank_pattern": {path: module.rank for path, module in modules.items() if module.rank != rank},
        "alpha_pattern": {path: module.alpha for path, module in modules.items() if module.alpha != alpha},
        "target_modules": [*modules],
        "use_dora": any("dora_scale" in module.tensors for module in modules.values()),
        "bias": "none",
    }
