"""LoRA files that a run starts from: one to go on with, and those merged into the base model."""

from __future__ import annotations

import copy
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path

from torch import Tensor, nn

from core.adapters import network as adapters
from core.adapters import ranks
from core.adapters.methods import Adapted
from core.adapters.network import Network, describe
from core.adapters.targets import ModuleKey, RankAlpha, Ranks
from core.catalog import Words
from core.config.schema import block_lists
from core.config.schema.network import NetworkConfig
from core.counting import counted
from core.errors import Problem, UserError
from core.events import Emit, Warned
from core.families import FamilySpec
from core.formats import lora_alpha, lora_file, lora_kinds, tensors
from core.formats.identify import damaged
from core.formats.lora_file import AlphaOf, LoraFile
from core.formats.weight_file import WeightFile
from core.models import lora_precheck, refusals
from core.models.family import Model, open_family
from core.reading import short
from core.train.weights import messages


def check(network: NetworkConfig) -> None:
    """See that the files are LoRAs with sound numbers, before a model is loaded. Raises UserError."""
    for key, path in lora_precheck.named(network):
        _tensors(Path(path), key)


Added = tuple[Mapping[ModuleKey, Adapted], float]
"""The modules of a LoRA file that is merged into the base model, and its strength."""


def base_loras(model: Model, network: NetworkConfig, emit: Emit) -> list[Added]:
    """The LoRA files of network.base_weights. Raises UserError."""
    if not network.is_adapter or not network.base_weights:
        return []
    files = network.base_weights
    given = network.base_weights_multiplier
    strengths = (1.0,) * len(files) if given is None else block_lists.numbers(given)
    added: list[Added] = []
    for path, strength in zip(files, strengths, strict=True):
        found = read(Path(path), model, emit, "network.base_weights")
        added.append((found, strength))
        number = len(found)
        modules = Words(
            counted(number, "module of this LoRA was", "modules of this LoRA were"),
            f"このLoRAのモジュール{number}個",
            f"此LoRA的{number}个模块",
        )
        emit(Warned(messages.LORA_MERGED(modules=modules, strength=strength, path=path)))
    return added


def merge_into(module: nn.Module, part: str, name: str, weight: Tensor, added: Iterable[Added]) -> None:
    """Add LoRAs to one weight of a part, in place, while it is read. module: the part without weights."""
    path, _, kind = name.rpartition(".")
    for modules, strength in added:
        adapted = modules.get(ModuleKey(part, path)) if kind == "weight" else None
        if adapted is not None:
            layer = copy.deepcopy(module.get_submodule(path))
            layer.weight = nn.Parameter(weight, requires_grad=False)
            adapters.merge(
                {part: nn.ModuleDict({"layer": layer})}, {ModuleKey(part, "layer"): adapted}, strength
            )
            weight.copy_(layer.weight)


def to_continue(model: Model, network: NetworkConfig, emit: Emit) -> Mapping[ModuleKey, Adapted] | None:
    """What the file of network.weights holds, None where none is named. Raises UserError."""
    if not network.is_adapter or not network.weights:
        return None
    return read(Path(network.weights), model, emit, "network.weights")


def ranks_of(network: NetworkConfig, spec: FamilySpec, start: Mapping[ModuleKey, Adapted] | None) -> Ranks:
    """The ranks asked for; with dim_from_weights those of the file."""
    wanted = ranks.of(network, spec)
    if not network.dim_from_weights or start is None:
        return wanted
    known = {key: RankAlpha(module.rank, module.alpha) for key, module in start.items()}
    return replace(wanted, known=known)


def continue_from(
    start: Mapping[ModuleKey, Adapted] | None, network: Network, path: str | None, emit: Emit
) -> None:
    """Put the file's weights in. Raises UserError when they do not fit."""
    if start is None or path is None:
        return
    fresh = network.load(start, path)
    if fresh:
        modules = Words(
            counted(len(network), "module"), f"モジュール{len(network)}個", f"{len(network)}个模块"
        )
        emit(Warned(messages.LORA_PARTLY(missing=len(fresh), modules=modules, path=path)))


def read(path: Path, model: Model, emit: Emit, key: str = "") -> dict[ModuleKey, Adapted]:
    """What a LoRA file adds to each module of this model.

    key: the option that named it, "" for none. Raises UserError when it is of another kind, for another
    model, or damaged.
    """
    found = named(path, model, key)
    misfits = [".".join(key) for key in adapters.misfits(model.modules, found.modules)]
    refuse_strangers(path, found, misfits, key)
    if found.aside:
        emit(_set_aside(path, found.aside))
    return found.modules


def named(path: Path, model: Model, key: str = "") -> LoraFile:
    """The tensors of a LoRA file by the modules of a model; their shapes are not compared with the model's.

    Raises UserError when it is of another kind, of another family, or damaged.
    """
    refused = lora_precheck.problems(path, key, model.spec.name)
    if refused:
        raise UserError(*refused)
    tensors_of, alpha_of = _tensors(path, key)
    modules = {
        part.name: [m.path for m in describe(model.modules[part.name])] for part in model.spec.adaptable
    }
    names = open_family(model.spec.name).lora_names(model)
    return lora_file.from_file(tensors_of, modules, model.spec, names, alpha_of)


def refuse_strangers(path: Path, found: LoraFile, misfits: list[str], key: str = "") -> None:
    """Raises UserError when tensors of a file belong to no module. misfits: modules of other shapes."""
    strangers = found.unknown + misfits
    if strangers or not found.modules:
        fitting = len(found.modules) - len(misfits)
        raise UserError(_for_another_model(path, strangers, key, is_mostly_fit=fitting > len(strangers)))


def _tensors(path: Path, key: str) -> tuple[dict[str, Tensor], AlphaOf]:
    """What a LoRA file holds, and the alpha of modules that have no tensor for it.

    Raises UserError when it is none, or holds NaN, infinity or whole numbers.
    """
    refused = lora_precheck.problems(path, key)
    if refused:
        raise UserError(*refused)
    file = WeightFile(path)
    settings = lora_alpha.peft_settings(path, file.tensors, file.metadata)
    found = {name: file.read(name) for name in file.tensors}
    matrices = {name: tensor.dtype for name, tensor in found.items() if tensor.ndim > 1}
    refusals.check_numbers(
        path, {n: d for n, d in matrices.items() if not lora_kinds.is_aside(n)}, "LoRA", key
    )
    for name, tensor in found.items():
        if not lora_kinds.is_aside(name) and not tensors.is_finite(tensor):
            raise UserError(*(replace(problem, key=key) for problem in damaged(path, name).problems))

    def alpha_of(module: ModuleKey, rank: int) -> float:
        if settings is None:
            return float(rank)
        of_part = settings.get(module.part) or settings.get("")
        alpha = of_part.alpha_of(module.path, rank) if of_part is not None else None
        if alpha is None:
            what = f"{'.'.join(module)} of rank {rank}"
            raise lora_alpha.unknown(
                path, f"its settings do not tell of {what}", f"設定に{what}の記述がありません"
            )
        return alpha

    return found, alpha_of


def _for_another_model(path: Path, misfits: list[str], key: str, is_mostly_fit: bool) -> Problem:
    """The refusal of a LoRA with tensors that fit nowhere; where most fit, the file itself is at fault."""
    message = messages.LORA_DAMAGED if is_mostly_fit else messages.LORA_UNKNOWN
    number = len(misfits)
    words = Words(
        counted(number, "of its tensors fits", "of its tensors fit"),
        f"テンソルが{number}個",
        f"有{number}个张量",
    )
    return message(misfits=words, examples=_examples(misfits), key=key, path=path)


def _set_aside(path: Path, names: list[str]) -> Warned:
    number = len(names)
    words = Words(
        counted(number, "tensor of this LoRA is", "tensors of this LoRA are"),
        f"このLoRAのテンソル{number}個",
        f"此LoRA的{number}个张量",
    )
    return Warned(messages.LORA_ASIDE(tensors=words, examples=_examples(names), path=path))


def _examples(names: list[str]) -> str:
    return ", ".join(short(name) for name in names[:3])
