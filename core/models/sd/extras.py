"""Tensors of a model's file beside the weights of its parts: ignored, reported, or refused."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

import torch
from torch import Tensor

from core.catalog import Words
from core.errors import UserError
from core.events import Warned
from core.formats.scaled import ScaledFile
from core.formats.store import Store
from core.formats.tensor_slots import Shape, Slot
from core.formats.tensors import Lazy
from core.formats.weight_file import TensorFile
from core.models.sd import messages, tensor_names
from core.reading import short

EMA = "model_ema."
"""What the names of averaged weights begin with; the trainer of the first models kept both kinds."""

POSITIONS = "position_ids"
"""The last part of the name of CLIP's counted positions, which are 0, 1, 2, ... and nothing else."""

_UNUSED_ENDS = (POSITIONS, "text_projection", "logit_scale", "attn_mask")
_UNUSED_PARTS = (
    ".vision_model.", ".visual_projection.", "text_projection.", "first_stage_model.loss.",
    "first_stage_model.model_ema.", ".transformer.resblocks.",
)  # fmt: skip
"""What other programs keep in a text encoder or VAE and no image depends on; the last: a layer too many."""


def refuse_unknown(path: Path, part: str, store: Store, wanted: Mapping[str, Shape], key: str) -> list[str]:
    """Names of tensors in a part that nothing uses. wanted: the module's, all of which the store has.

    Raises UserError for those that an image depends on: any more of a U-Net, and what stands in the same
    layer as a known weight, such as the scale of a quantised one.
    """
    places = store.places[part]
    layers = {places[name][1].name.rpartition(".")[0] for name in wanted}
    others = [
        (own.name, own.name.rpartition(".")[0] in layers, name)
        for name, (_, own) in places.items()
        if name not in wanted
    ]
    unknown = [(own, is_beside) for own, is_beside, name in others if not _is_harmless(name, is_beside)]
    bad = [own for own, is_beside in unknown if part == "unet" or is_beside]
    if bad:
        tensors = ", ".join(short(own) for own in bad[:5])
        raise UserError(
            messages.FOREIGN_TENSORS(key=key, path=path, part=part, count=len(bad), tensors=tensors)
        )
    return [own for own, _ in unknown]


def notices(
    path: Path, store: Store, wanted: Mapping[str, Mapping[str, Shape]], others: list[str]
) -> Iterator[Warned]:
    """Warnings about a file that is loaded: averaged weights, broken positions, fp8, unused tensors."""
    files = store.files
    averaged = sum(name.startswith(EMA) for file in files for name in file.tensors)
    if averaged > 2:  # two are counters
        yield Warned(messages.EMA_UNUSED(path=path))
    if any((path / "unet").glob("*.non_ema.*")):
        yield Warned(messages.EMA_USED(path=path))
    if broken_positions(store):
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


def broken_positions(store: Store) -> dict[str, Lazy]:
    """The counted positions as they should be, by their name in a single file, where its own are not so."""
    found: dict[str, Lazy] = {}
    for name, (file, slot) in _of_encoders(store):
        if name.split(".")[-1] == POSITIONS:
            wrote = file.read(slot.name)
            right = torch.arange(wrote.numel())
            if not torch.equal(wrote.flatten().double(), right.double()):
                found[slot.name] = _whole(right, tuple(wrote.shape))
    return found


def _of_encoders(store: Store) -> Iterator[tuple[str, tuple[TensorFile, Slot]]]:
    """What a single file holds of text encoders and no module has, by its name there."""
    starts = tuple(
        place.start
        for places in tensor_names.PLACES.values()
        for part, place in places.items()
        if part.startswith("text_encoder")
    )
    for part, own in store.places.items():
        if part.startswith("text_encoder"):
            yield from ((name, at) for name, at in own.items() if name.startswith(starts))


def _is_harmless(name: str, is_beside: bool) -> bool:
    """Whether other programs keep it there and no image depends on it. is_beside: in a known layer."""
    return name.split(".")[-1] in _UNUSED_ENDS or (
        not is_beside and any(part in name for part in _UNUSED_PARTS)
    )


def _whole(numbers: Tensor, shape: Shape) -> Lazy:
    return Lazy(torch.int64, shape, lambda: numbers.reshape(shape))
