"""Adapter files, in the names that A1111, ComfyUI, sd-scripts and Diffusers read <-> tensors by module."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from types import MappingProxyType

import torch
from safetensors.torch import save
from torch import Tensor

from core.adapters.methods import METHODS, Adapted, method_of
from core.adapters.targets import ModuleKey
from core.families import FamilySpec, Part
from core.formats import lora_kinds, tucker


@dataclass(frozen=True)
class LoraFile:
    """What a file adds to each module, and the tensors of it that belong to no module of the model.

    aside: tensors that belong to none either and change nothing in it.
    """

    modules: dict[ModuleKey, Adapted]
    unknown: list[str]
    aside: list[str]


AlphaOf = Callable[[ModuleKey, int], float]
"""The alpha of a module of this rank, where a file has no tensor that says it; of rank 0 for a module without
one (a full LoKr): its scale."""


def file_name(part: Part, path: str) -> str:
    """A module's name in a file, lora_te_text_model_encoder_layers_0_mlp_fc1."""
    return f"{part.lora_prefix}_{levelled(part, path).replace('.', '_')}"


def levelled(part: Part, path: str) -> str:
    """A module's path as files write it; versions of transformers have the level in the module or not."""
    return f"{part.level}.{_bare(part, path)}" if part.level else path


def _bare(part: Part, path: str) -> str:
    return path.removeprefix(f"{part.level}.")


def to_file(
    modules: Mapping[ModuleKey, Adapted],
    spec: FamilySpec,
    dtype: torch.dtype | None = None,
    names: Mapping[ModuleKey, str] = MappingProxyType({}),
) -> dict[str, Tensor]:
    """Tensors by the names in a file, on the CPU. dtype: of the numbers in it, None for as they are.

    names: of modules that are not called as `file_name` says.
    """
    tensors: dict[str, Tensor] = {}
    for key, module in modules.items():
        name = names.get(key) or file_name(spec.part(key.part), key.path)
        named, alpha = module.tensors, float(module.alpha)
        method = module.method
        if not method.has_scale:
            alpha = 0.0  # where others have a constraint on the rotations
        elif method.rank_of(named) is None:  # what reads it can't know a scale
            named, alpha = method.scaled(named, module.scale), 1.0
        for parameter, tensor in named.items():
            tensors[f"{name}.{parameter}"] = tensor.detach().to("cpu", dtype or tensor.dtype).contiguous()
        own = next(iter(named.values())).dtype
        tensors[f"{name}.{ALPHA}"] = torch.tensor(alpha, dtype=dtype or own)
    return tensors


def from_file(
    tensors: Mapping[str, Tensor],
    modules: Mapping[str, Iterable[str]],
    spec: FamilySpec,
    others: Mapping[str, ModuleKey] = MappingProxyType({}),
    alpha_of: AlphaOf = lambda key, rank: float(rank or 1),
) -> LoraFile:
    """Tensors of a file by module; kohya's names, and those of PEFT and Diffusers.

    modules: part -> module paths of the model, since dots can't be told from underscores in a file. others:
    more names of modules. alpha_of: for modules without alpha; a scale of 1 unless it is given.
    """
    keys, names = {**others, **_keys(modules, spec)}, _Names()
    pieces: dict[ModuleKey, dict[str, Tensor]] = {}
    unknown: list[str] = []
    aside: list[str] = []
    for name, tensor in tensors.items():
        named, parameter = names.split(name)
        key = next((keys[module] for module in named if module in keys), None)
        if lora_kinds.is_aside(name):
            aside.append(name)
        elif parameter and key is not None and parameter not in pieces.get(key, {}):  # not in a second name
            # PEFT's magnitudes are of outputs: (O,), of a convolution (1, O, 1, 1).
            column = _PEFT_MAGNITUDES in name or (parameter == "dora_scale" and tensor.ndim == 1)
            pieces.setdefault(key, {})[parameter] = tensor.reshape(-1, 1) if column else tensor
        else:
            unknown.append(name)
    whole: dict[ModuleKey, Adapted] = {}
    for key, piece in pieces.items():
        found = _adapted(piece, partial(alpha_of, key))
        if isinstance(found, Adapted):
            whole[key] = found
        else:
            name = file_name(spec.part(key.part), key.path)
            unknown += [f"{name} {reason}" for reason in found]
    return LoraFile(whole, unknown, aside)


def _adapted(piece: Mapping[str, Tensor], alpha_of: Callable[[int], float]) -> Adapted | list[str]:
    """What the tensors of one module are; where they mean what no method here does, why not."""
    told, tensors = piece.get(ALPHA), tucker.plain({name: t for name, t in piece.items() if name != ALPHA})
    method = None if tensors is None else method_of(tensors)
    shapes = " ".join(str([*tensor.shape]) for name, tensor in piece.items() if name != ALPHA)
    if tensors is None:
        return [shapes]
    if method is None:
        return [f"({parameter} only)" for parameter in tensors or (ALPHA,)]
    if not _has_form(tensors) or (told is not None and told.numel() != 1):
        return [shapes]
    rank = method.rank_of(tensors)
    if not method.has_scale:
        return _rotated(tensors, told)
    if rank is None:  # at a rank as large as its sides such a module is whole, and its scale is 1
        rank = max(side for tensor in tensors.values() for side in tensor.shape)
        factor = alpha_of(0) if told is None else 1.0
        return Adapted(method.scaled(tensors, factor), float(rank), rank)
    return Adapted(tensors, alpha_of(rank) if told is None else float(told), rank)


def _rotated(tensors: Mapping[str, Tensor], told: Tensor | None) -> Adapted | list[str]:
    """Rotations, whose alpha is a limit to them: readers differ in what the limit is of.

    One that is kept to anyway means nothing.
    """
    [(name, blocks)] = tensors.items()
    if blocks.ndim != 3:  # those of BOFT, of the same name, have a side more
        return [f"({name} {[*blocks.shape]})"]
    limit = float(told) if told is not None else 0.0
    if 0 < limit < float((blocks.float() - blocks.float().mT).norm()):
        return [f"({name} with a constraint, alpha {limit:g})"]
    return Adapted(tensors, float(blocks.shape[1]), blocks.shape[1])


def _keys(modules: Mapping[str, Iterable[str]], spec: FamilySpec) -> dict[str, ModuleKey]:
    """Every name that writers give to a module -> the module."""
    keys: dict[str, ModuleKey] = {}
    for part in map(spec.part, modules):
        # PEFT, and the first Diffusers, save one part to a file and do not name it.
        starts = [f"{part.name}.", f"base_model.model.{part.name}.", "base_model.model.", ""]
        prefixes = [part.lora_prefix]
        if part.role == "text":
            # As trainers of models with several text encoders call the first.
            prefixes.append(f"{part.lora_prefix}1")
        starts += [f"{prefix}." for prefix in prefixes]  # OneTrainer's, while it trains
        for path in modules[part.name]:
            # Some writers lost the level when transformers did.
            dotted = dict.fromkeys((levelled(part, path), _bare(part, path)))
            names = [start + each for start in starts for each in dotted]
            names += [f"{prefix}_{each.replace('.', '_')}" for prefix in prefixes for each in dotted]
            keys |= dict.fromkeys(names, ModuleKey(part.name, path))
    return keys


def _has_form(tensors: Mapping[str, Tensor]) -> bool:
    """Whether these have sides and something in them, magnitudes of one axis only; how many is not asked."""
    magnitudes = tensors.get("dora_scale")
    is_of_one_axis = magnitudes is None or magnitudes.numel() == max(magnitudes.shape, default=0)
    return is_of_one_axis and all(tensor.ndim and tensor.numel() for tensor in tensors.values())


ALPHA = "alpha"
_PEFT_MAGNITUDES = "lora_magnitude_vector"
_ATTENTION = re.compile(r"(.+?)(?:\.processor)?\.to_(q|k|v|out)")
"""Diffusers' first LoRA: attention processors of the U-Net, and the same within CLIP's attention."""


class _Names:
    """What the tensors of every method are called: endings of names in files, and PEFT's own names."""

    def __init__(self) -> None:
        every = [*METHODS.values()]
        self._peft = {theirs: ours for method in every for theirs, ours in method.names.items()}
        self._endings = {f".{ours}": ours for ours in (*self._peft.values(), *tucker.CORES, ALPHA)}
        for method in every:
            for other, ours in method.spellings.items():
                self._endings |= {f".{other}": ours, f"_{other}": ours}
        # Between the tensor's name and "weight" may stand the name that PEFT gave to the adapter.
        self._pattern = re.compile(rf"(.+)\.({'|'.join(self._peft)})(?:(?:\.\w+)?\.weight)?")

    def split(self, name: str) -> tuple[tuple[str, ...], str]:
        """What the module may be called, and the tensor's name there; "" when it is none that is known."""
        for ending, parameter in self._endings.items():
            if name.endswith(ending):
                return self._modules(name.removesuffix(ending)), parameter
        if found := self._pattern.fullmatch(name):
            return self._modules(found[1]), self._peft[found[2]]
        return (), ""

    @staticmethod
    def _modules(name: str) -> tuple[str, ...]:
        if (found := _ATTENTION.fullmatch(name)) is None:
            return (name,)
        attention, which = found.groups()
        return name, f"{attention}.to_{'out.0' if which == 'out' else which}", f"{attention}.{which}_proj"


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
