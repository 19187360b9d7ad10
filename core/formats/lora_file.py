"""LoRA files, in the names that A1111, ComfyUI, sd-scripts and Diffusers read <-> tensors by module."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import NamedTuple

import torch
from safetensors.torch import save
from torch import Tensor

from core.formats import lora_kinds

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
    """A file's add-ons by module, and the tensors of it that belong to no module of the model.

    aside: tensors that belong to none either and change nothing in it.
    """

    modules: dict[Place, LoraModule]
    unknown: list[str]
    aside: list[str]


AlphaOf = Callable[[Place, int], float]
"""The alpha of a module of this rank, where a file has no tensor that says it."""


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
    tensors: Mapping[str, Tensor],
    modules: Mapping[str, Iterable[str]],
    prefix: Mapping[str, str],
    others: Mapping[str, Place] = MappingProxyType({}),
    alpha_of: AlphaOf = lambda place, rank: float(rank),
) -> LoraFile:
    """Tensors of a file by module; kohya's names, and those of PEFT and Diffusers.

    modules: part -> module paths of the model, since dots can't be told from underscores in a file. others:
    more names of modules. alpha_of: for modules without alpha; a scale of 1 unless told otherwise.
    """
    places = {**others, **_places(modules, prefix)}
    found: dict[Place, dict[str, Tensor]] = {}
    unknown: list[str] = []
    aside: list[str] = []
    for name, tensor in tensors.items():
        named, kind = _split(name)
        place = next((places[module] for module in named if module in places), None)
        if lora_kinds.is_aside(name):
            aside.append(name)
        elif kind and place is not None:
            found.setdefault(place, {})[kind] = tensor
        else:
            unknown.append(name)
    whole: dict[Place, LoraModule] = {}
    for place, pieces in found.items():
        down, up = pieces.get("down"), pieces.get("up")
        if down is None or up is None:
            unknown += [f"{file_name(*place, prefix)} ({kind} only)" for kind in pieces]
        elif not _is_pair(down, up) or pieces.get("alpha", down.new_zeros(())).numel() != 1:
            unknown.append(f"{file_name(*place, prefix)} {[*down.shape]} {[*up.shape]}")
        else:
            rank = down.shape[0]
            alpha = float(pieces["alpha"]) if "alpha" in pieces else alpha_of(place, rank)
            whole[place] = LoraModule(down, up, alpha)
    return LoraFile(whole, unknown, aside)


def _places(modules: Mapping[str, Iterable[str]], prefix: Mapping[str, str]) -> dict[str, Place]:
    """Every name that writers give to a module -> its place."""
    places: dict[str, Place] = {}
    for part, paths in modules.items():
        for path in paths:
            kohya = file_name(part, path, prefix)
            dotted = path.removeprefix("text_model.")
            names = [
                kohya,
                # Some writers lost the text_model level when transformers did.
                f"{prefix[part]}_{path.replace('.', '_')}",
                f"{part}.{dotted}",
                f"{part}.text_model.{dotted}",
                f"base_model.model.{part}.{dotted}",
                # PEFT, and the first Diffusers, save one part to a file and do not name it.
                f"base_model.model.{dotted}",
                f"base_model.model.text_model.{dotted}",
                dotted,
            ]
            if part != "unet":
                # As trainers of models with several text encoders call the first.
                names.append(kohya.replace(prefix[part], f"{prefix[part]}1", 1))
            places |= dict.fromkeys(names, (part, path))
    return places


def _is_pair(down: Tensor, up: Tensor) -> bool:
    """Whether two tensors have the form of a LoRA's matrices; how large they are is not asked."""
    return down.ndim in (2, 4) and up.ndim in (2, 4) and down.shape[0] == up.shape[1] > 0


_ENDINGS = {
    ".lora_down.weight": "down", ".lora_up.weight": "up",
    ".lora.down.weight": "down", ".lora.up.weight": "up",
    ".lora_linear_layer.down.weight": "down", ".lora_linear_layer.up.weight": "up", ".alpha": "alpha",
}  # fmt: skip
_PEFT = re.compile(r"(.+)\.lora_([AB])(?:\.\w+)?\.weight")
"""Between the letter and "weight" may stand the name that PEFT gave to the adapter."""

_PROCESSOR = re.compile(r"(.+?)(?:\.processor)?\.to_(q|k|v|out)_lora\.(down|up)\.weight")
"""Diffusers' first LoRA: attention processors of the U-Net, and the same within CLIP's attention."""


def _split(name: str) -> tuple[tuple[str, ...], str]:
    """What the module may be called, and "down", "up", "alpha", or "" when the tensor is none of these."""
    for ending, kind in _ENDINGS.items():
        if name.endswith(ending):
            return (name.removesuffix(ending),), kind
    if found := _PEFT.fullmatch(name):
        return (found[1],), "down" if found[2] == "A" else "up"
    if found := _PROCESSOR.fullmatch(name):
        attention, which, kind = found.groups()
        return (f"{attention}.to_{'out.0' if which == 'out' else which}", f"{attention}.{which}_proj"), kind
    return (), ""


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
