"""Adapter files, in the names that A1111, ComfyUI, sd-scripts and Diffusers read <-> tensors by module."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

import torch
from safetensors.torch import save
from torch import Tensor

from core.adapters.methods import METHODS, Adapted, method_of
from core.adapters.targets import ModuleKey
from core.formats import lora_kinds

TEXT_LEVEL = "text_model_"
"""What stands before a text encoder module's path in files; transformers 5.6 dropped it from the module."""


@dataclass(frozen=True)
class LoraFile:
    """What a file adds to each module, and the tensors of it that belong to no module of the model.

    aside: tensors that belong to none either and change nothing in it.
    """

    modules: dict[ModuleKey, Adapted]
    unknown: list[str]
    aside: list[str]


AlphaOf = Callable[[ModuleKey, int], float]
"""The alpha of a module of this rank, where a file has no tensor that says it."""


def file_name(part: str, path: str, prefix: Mapping[str, str]) -> str:
    """A module's name in a file, lora_te_text_model_encoder_layers_0_mlp_fc1. prefix: spec.lora_prefix."""
    level = TEXT_LEVEL if part.startswith("text_encoder") else ""
    return f"{prefix[part]}_{level}{path.removeprefix('text_model.').replace('.', '_')}"


def to_file(
    modules: Mapping[ModuleKey, Adapted],
    prefix: Mapping[str, str],
    dtype: torch.dtype | None = None,
) -> dict[str, Tensor]:
    """Tensors by the names in a file, on the CPU. dtype: of the numbers in it, None for as they are."""
    tensors: dict[str, Tensor] = {}
    for (part, path), module in modules.items():
        name = file_name(part, path, prefix)
        for parameter, tensor in module.tensors.items():
            tensors[f"{name}.{parameter}"] = tensor.detach().to("cpu", dtype or tensor.dtype).contiguous()
        own = next(iter(module.tensors.values())).dtype
        tensors[f"{name}.{ALPHA}"] = torch.tensor(float(module.alpha), dtype=dtype or own)
    return tensors


def from_file(
    tensors: Mapping[str, Tensor],
    modules: Mapping[str, Iterable[str]],
    prefix: Mapping[str, str],
    others: Mapping[str, ModuleKey] = MappingProxyType({}),
    alpha_of: AlphaOf = lambda key, rank: float(rank),
) -> LoraFile:
    """Tensors of a file by module; kohya's names, and those of PEFT and Diffusers.

    modules: part -> module paths of the model, since dots can't be told from underscores in a file. others:
    more names of modules. alpha_of: for modules without alpha; a scale of 1 unless told otherwise.
    """
    keys = {**others, **_keys(modules, prefix)}
    pieces: dict[ModuleKey, dict[str, Tensor]] = {}
    unknown: list[str] = []
    aside: list[str] = []
    for name, tensor in tensors.items():
        named, parameter = _split(name)
        key = next((keys[module] for module in named if module in keys), None)
        if lora_kinds.is_aside(name):
            aside.append(name)
        elif parameter and key is not None:
            pieces.setdefault(key, {})[parameter] = tensor
        else:
            unknown.append(name)
    whole: dict[ModuleKey, Adapted] = {}
    for key, tensors_of in pieces.items():
        told = tensors_of.pop(ALPHA, None)
        method = method_of(tensors_of)
        if method is None:
            unknown += [
                f"{file_name(*key, prefix)} ({parameter} only)" for parameter in tensors_of or (ALPHA,)
            ]
        elif not _has_form(tensors_of.values()) or (told is not None and told.numel() != 1):
            shapes = " ".join(str([*tensor.shape]) for tensor in tensors_of.values())
            unknown.append(f"{file_name(*key, prefix)} {shapes}")
        else:
            rank = method.rank_of(tensors_of)
            whole[key] = Adapted(tensors_of, alpha_of(key, rank) if told is None else float(told), rank)
    return LoraFile(whole, unknown, aside)


def _keys(modules: Mapping[str, Iterable[str]], prefix: Mapping[str, str]) -> dict[str, ModuleKey]:
    """Every name that writers give to a module -> the module."""
    keys: dict[str, ModuleKey] = {}
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
            keys |= dict.fromkeys(names, ModuleKey(part, path))
    return keys


def _has_form(tensors: Iterable[Tensor]) -> bool:
    """Whether these are matrices or kernels with something in them; how large they are is not asked."""
    return all(tensor.ndim in (2, 4) and tensor.numel() for tensor in tensors)


ALPHA = "alpha"
_ENDINGS = {
    f".{spelling}": name
    for method in METHODS.values()
    for spelling, name in ({name: name for name in method.names.values()} | {**method.spellings}).items()
} | {f".{ALPHA}": ALPHA}
"""End of a tensor's name in a file -> what it is."""

_PEFT_NAMES = {theirs: ours for method in METHODS.values() for theirs, ours in method.names.items()}
_PEFT = re.compile(rf"(.+)\.({'|'.join(_PEFT_NAMES)})(?:\.\w+)?\.weight")
"""Between the tensor's name and "weight" may stand the name that PEFT gave to the adapter."""

_PROCESSOR = re.compile(r"(.+?)(?:\.processor)?\.to_(q|k|v|out)_(lora\.(?:down|up)\.weight)")
"""Diffusers' first LoRA: attention processors of the U-Net, and the same within CLIP's attention."""


def _split(name: str) -> tuple[tuple[str, ...], str]:
    """What the module may be called, and the tensor's name there; "" when it is none that is known."""
    for ending, parameter in _ENDINGS.items():
        if name.endswith(ending):
            return (name.removesuffix(ending),), parameter
    if found := _PEFT.fullmatch(name):
        return (found[1],), _PEFT_NAMES[found[2]]
    if found := _PROCESSOR.fullmatch(name):
        attention, which, spelling = found.groups()
        modules = (f"{attention}.to_{'out.0' if which == 'out' else which}", f"{attention}.{which}_proj")
        return modules, _ENDINGS[f".{spelling}"]
    return (), ""


def hashes(tensors: Mapping[str, Tensor], metadata: Mapping[str, str]) -> dict[str, str]:
    """sshs_model_hash and sshs_legacy_hash, by which A1111's adapters know a LoRA whose texts were edited.

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
