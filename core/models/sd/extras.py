"""Tensors of a model's file beside the weights of its parts: ignored, reported, or refused."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

import torch
from torch import Tensor

from core.catalog import Words
from core.errors import UserError
from core.events import Warned
from core.formats.checkpoint import SingleFile
from core.formats.diffusers_dir import Folder
from core.formats.scaled import ScaledFile
from core.formats.tensor_slots import Shape
from core.formats.tensors import Lazy
from core.models.sd import messages, tensor_names
from core.reading import short

EMA = "model_ema."
"""What the names of averaged weights begin with; the trainer of the first models kept both kinds."""

POSITIONS = "position_ids"
"""The last part of the name of CLIP's counted positions, which are 0, 1, 2, ... and nothing else."""

_STARTS = {"unet": tensor_names.UNET, "text_encoder": "cond_stage_model.", "vae": tensor_names.VAE}
_UNUSED_ENDS = (POSITIONS, "text_projection", "logit_scale", "attn_mask")
_UNUSED_PARTS = (
    ".vision_model.", ".visual_projection.", "text_projection.", "first_stage_model.loss.",
    "first_stage_model.model_ema.", ".transformer.resblocks.",
)  # fmt: skip
"""What other programs keep in a text encoder or VAE and no image depends on; the last: a layer too many."""

Store = SingleFile | Folder


def refuse_unknown(path: Path, part: str, store: Store, wanted: Mapping[str, Shape], key: str) -> list[str]:
    """Names of tensors in a part that nothing uses. wanted: the module's, all of which the store has.

    Raises UserError for those that an image depends on: any more of a U-Net, and what stands in the same
    layer as a known weight, such as the scale of a quantised one.
    """
    used, others = _names(store, part, wanted)
    layers = {name.rpartition(".")[0] for name in used}
    others = [name for name in others if not _is_harmless(name, layers)]
    bad = [name for name in others if part == "unet" or name.rpartition(".")[0] in layers]
    own = store.names if isinstance(store, SingleFile) else {}
    if bad:
        tensors = ", ".join(short(own.get(name, name)) for name in bad[:5])
        raise UserError(
            messages.FOREIGN_TENSORS(key=key, path=path, part=part, count=len(bad), tensors=tensors)
        )
    return [own.get(name, name) for name in others]


def notices(
    path: Path, store: Store, wanted: Mapping[str, Mapping[str, Shape]], others: list[str]
) -> Iterator[Warned]:
    """Warnings about a file that is loaded: averaged weights, broken positions, fp8, unused tensors."""
    files = (
        [store.file]
        if isinstance(store, SingleFile)
        else [file for part in store.parts.values() for file in part.files]
    )
    averaged = sum(name.startswith(EMA) for file in files for name in file.tensors)
    if averaged > 2:  # two are counters
        yield Warned(messages.EMA_UNUSED(path=path))
    if isinstance(store, Folder) and any((path / "unet").glob("*.non_ema.*")):
        yield Warned(messages.EMA_USED(path=path))
    if isinstance(store, SingleFile) and broken_positions(store):
        yield Warned(messages.BAD_POSITIONS(path=path))
    small = sum(
        store.dtype(part, name).itemsize == 1
        for part, names in wanted.items()
        for name in names.keys() & store.shapes(part).keys()
    )
    scaled = sum(file.count for file in files if isinstance(file, ScaledFile))
    if small or scaled:
        scale = Words(" with a scale", "、スケール付き") if scaled else ""
        yield Warned(messages.FLOAT8(path=path, count=small + scaled, scale=scale))
    if others:
        tensors = ", ".join(short(name) for name in others[:3])
        yield Warned(messages.UNUSED(path=path, count=len(others), tensors=tensors))


def broken_positions(store: SingleFile) -> dict[str, Lazy]:
    """The counted positions as they should be, by their name in the file, where the file's are not so."""
    found: dict[str, Lazy] = {}
    for name in store.file.tensors:
        if name.split(".")[-1] == POSITIONS and name.startswith(_STARTS["text_encoder"]):
            wrote = store.file.read(name)
            right = torch.arange(wrote.numel())
            if not torch.equal(wrote.flatten().double(), right.double()):
                found[name] = _whole(right, tuple(wrote.shape))
    return found


def _names(store: Store, part: str, wanted: Mapping[str, Shape]) -> tuple[set[str], list[str]]:
    """Names in the file of what a part uses, and those of what lies in the part beside it."""
    if isinstance(store, Folder):
        places = store.parts[part].place
        return (
            {places[name][1] for name in wanted},
            [own for name, (_, own) in places.items() if name not in wanted],
        )
    used = {store.slots[part][name].name for name in wanted}
    canonical = {own: name for name, own in store.names.items()}
    inside = (canonical.get(own, own) for own in store.file.tensors)
    return used, [name for name in inside if name.startswith(_STARTS[part]) and name not in used]


def _is_harmless(name: str, layers: set[str]) -> bool:
    """Whether other programs keep it there and nothing is drawn with it. layers: those of known weights."""
    is_apart = name.rpartition(".")[0] not in layers
    return name.split(".")[-1] in _UNUSED_ENDS or (is_apart and any(part in name for part in _UNUSED_PARTS))


def _whole(numbers: Tensor, shape: Shape) -> Lazy:
    return Lazy(torch.int64, shape, lambda: numbers.reshape(shape))
