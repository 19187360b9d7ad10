"""LoRA files, in the names that A1111, ComfyUI, sd-scripts and Diffusers read <-> tensors by module."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

import torch
from safetensors.torch import save
from torch import Tensor

TEXT_LEVEL = "text_model_"
"""What stands before a text encoder module's path in files; transformers 5.6 dropped it from the module."""

Place = tuple[str, str]
"""(part, module path in that part), such as ("unet", "mid_block.attentions.0.proj_in")."""


class LoraModule(NamedTuple):
    """The add-on of one module: out = W x + up(down(x)) * alpha / rank.

    down: (rank, in) or (rank, in, kh, kw). up: (out, rank) or (out, rank, 1, 1).
    """

    down: Tensor
    up: Tensor
    alpha: float


@dataclass(frozen=True)
class LoraFile:
    """A file's add-ons by module, and the tensors of it that belong to no module of the model."""

    modules: dict[Place, LoraModule]
    unknown: list[str]


def file_name(part: str, path: str, prefix: Mapping[str, str]) -> str:
    """A module's name in a file, lora_te_text_model_encoder_layers_0_mlp_fc1. prefix: spec.lora_prefix."""
    level = TEXT_LEVEL if part.startswith("text_encoder") else ""
    return f"{prefix[part]}_{level}{path.removeprefix('text_model.').replace('.', '_')}"


def to_file(
    modules: Mapping[Place, LoraModule | tuple[Tensor, Tensor, float]],
    prefix: Mapping[str, str],
    dtype: torch.dtype | None = None,
) -> dict[str, Tensor]:
    """Tensors by the names in a file, on the CPU. dtype: of the numbers in it, None for as they are."""
    found: dict[str, Tensor] = {}
    for (part, path), (down, up, alpha) in modules.items():
        name = file_name(part, path, prefix)
        found[f"{name}.lora_down.weight"] = down.detach().to("cpu", dtype or down.dtype).contiguous()
        found[f"{name}.lora_up.weight"] = up.detach().to("cpu", dtype or up.dtype).contiguous()
        found[f"{name}.alpha"] = torch.tensor(float(alpha), dtype=dtype or down.dtype)
    return found


def from_file(
    tensors: Mapping[str, Tensor], modules: Mapping[str, Iterable[str]], prefix: Mapping[str, str]
) -> LoraFile:
    """Tensors of a file by module; kohya's names, and those of PEFT and Diffusers.

    modules: part -> module paths of the model, since dots can't be told from underscores in a file. A file
    without alpha means a scale of 1.
    """
    places: dict[str, Place] = {}
    for part, paths in modules.items():
        for path in paths:
            kohya = file_name(part, path, prefix)
            # Some writers lost the text_model level when transformers did.
            bare = f"{prefix[part]}_{path.replace('.', '_')}"
            dotted = path.removeprefix("text_model.")
            for name in (
                kohya,
                bare,
                f"{part}.{dotted}",
                f"{part}.text_model.{dotted}",
                f"base_model.model.{part}.{dotted}",
            ):
                places[name] = (part, path)
    found: dict[Place, dict[str, Tensor]] = {}
    unknown: list[str] = []
    for name, tensor in tensors.items():
        module, kind = _split(name)
        if kind and module in places:
            found.setdefault(places[module], {})[kind] = tensor
        else:
            unknown.append(name)
    whole: dict[Place, LoraModule] = {}
    for place, pieces in found.items():
        if "down" in pieces and "up" in pieces:
            alpha = float(pieces["alpha"]) if "alpha" in pieces else float(pieces["down"].shape[0])
            whole[place] = LoraModule(pieces["down"], pieces["up"], alpha)
        else:
            unknown += [f"{file_name(*place, prefix)} ({kind} only)" for kind in pieces]
    return LoraFile(whole, unknown)


_ENDINGS = {
    ".lora_down.weight": "down", ".lora_up.weight": "up", ".lora_A.weight": "down", ".lora_B.weight": "up",
    ".lora_A.default.weight": "down", ".lora_B.default.weight": "up",
    ".lora.down.weight": "down", ".lora.up.weight": "up",
    ".lora_linear_layer.down.weight": "down", ".lora_linear_layer.up.weight": "up", ".alpha": "alpha",
}  # fmt: skip


def _split(name: str) -> tuple[str, str]:
    """Module name and "down", "up", "alpha", or "" when the tensor is none of these."""
    for ending, kind in _ENDINGS.items():
        if name.endswith(ending):
            return name.removesuffix(ending), kind
    return name, ""


def hashes(tensors: Mapping[str, Tensor], metadata: Mapping[str, str]) -> dict[str, str]:
    """sshs_model_hash and sshs_legacy_hash, by which A1111's add-ons know a LoRA whose texts were edited.

    Source: sd-scripts, train_util.precalculate_safetensors_hashes.
    """
    raw = save(
        {name: t.contiguous() for name, t in tensors.items()},
        {k: v for k, v in metadata.items() if k.startswith("ss_")},
    )
    data = 8 + int.from_bytes(raw[:8], "little")
    return {
        "sshs_model_hash": hashlib.sha256(memoryview(raw)[data:]).hexdigest(),
        "sshs_legacy_hash": hashlib.sha256(raw[0x100000:0x110000]).hexdigest()[:8],
    }
