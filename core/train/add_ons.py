"""LoRA files that a run starts from: one to go on with, and those merged into the base model."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from core.adapters import merge, ranks
from core.adapters.network import Network, describe
from core.adapters.targets import Ranks, Size
from core.config import blocks
from core.config.schema import NetworkConfig
from core.errors import Problem, UserError
from core.events import Emit, Warned
from core.formats import lora_file, tensors
from core.formats.lora_file import LoraModule, Place
from core.models.family import Components

ADAPTED = ("unet", "text_encoder")
"""Parts of a model that a LoRA may be for."""


def check(network: NetworkConfig) -> None:
    """See that the files are there and can be read, before a model is loaded. Raises UserError."""
    for path in (network.weights, *network.base_weights):
        if path and network.method != "none":
            tensors.open_file(Path(path))


def merge_base(parts: Components, network: NetworkConfig, emit: Emit) -> None:
    """Add the LoRA files of network.base_weights to the model in memory. Raises UserError."""
    if network.method == "none" or not network.base_weights:
        return
    files = network.base_weights
    given = network.base_weights_multiplier
    strengths = (1.0,) * len(files) if given is None else blocks.numbers(given)
    for path, strength in zip(files, strengths, strict=True):
        found = _read(path, parts, "network.base_weights")
        merge.merge(parts.modules(), found, strength)
        emit(
            Warned(
                "W-LORA-MERGED",
                f"{len(found)} modules of this LoRA were added to the base model with strength {strength:g}.",
                f"このLoRAのモジュール{len(found)}個を強さ{strength:g}で元モデルに加えました。",
                path,
            )
        )


def to_continue(parts: Components, network: NetworkConfig) -> Mapping[Place, LoraModule] | None:
    """What the file of network.weights holds, None where none is named. Raises UserError."""
    if network.method == "none" or not network.weights:
        return None
    return _read(network.weights, parts, "network.weights")


def ranks_of(network: NetworkConfig, start: Mapping[Place, LoraModule] | None) -> Ranks:
    """The ranks asked for; with dim_from_weights those of the file."""
    wanted = ranks.of(network)
    if not network.dim_from_weights or start is None:
        return wanted
    known = {place: Size(module.down.shape[0], module.alpha) for place, module in start.items()}
    return replace(wanted, known=known)


def continue_from(
    start: Mapping[Place, LoraModule] | None, network: Network, path: str | None, emit: Emit
) -> None:
    """Put the file's weights in. Raises UserError when they do not fit."""
    if start is None or path is None:
        return
    fresh = network.load(start, path)
    if fresh:
        emit(
            Warned(
                "W-LORA-PARTLY",
                f"the LoRA file lacks {len(fresh)} of {len(network)} modules; these start from zero.",
                f"LoRAファイルに{len(network)}個中{len(fresh)}個のモジュールがなく、それらは最初から学習します。",
                path,
            )
        )


def _read(path: str, parts: Components, key: str) -> dict[Place, LoraModule]:
    """The modules of a LoRA file by their place in this model. Raises UserError when it is not for it."""
    modules = {part: {m.path: m for m in describe(parts.modules()[part])} for part in ADAPTED}
    found = lora_file.from_file(tensors.load(Path(path)), modules, parts.spec.lora_prefix)
    misfits = [
        ".".join(place)
        for place, module in found.modules.items()
        if not _fits(module, parts.modules()[place[0]].get_submodule(place[1]).weight.shape)
    ]
    strangers = found.unknown + misfits
    if strangers or not found.modules:
        shown = ", ".join(strangers[:3])
        raise UserError(
            Problem(
                "E-LORA-UNKNOWN",
                f"this is no LoRA for this model: {len(strangers)} of its tensors fit nowhere ({shown}).",
                f"このモデルのLoRAではありません。対応しないテンソルが{len(strangers)}個あります（{shown}）。",
                key=key,
                path=path,
            )
        )
    return found.modules


def _fits(module: LoraModule, shape: tuple[int, ...]) -> bool:
    """Whether up @ down has as many numbers each way as the weight."""
    down, up = module.down.flatten(1), module.up.flatten(1)
    rows, columns = shape[0], 1
    for side in shape[1:]:
        columns *= side
    return up.shape == (rows, down.shape[0]) and down.shape[1] == columns
