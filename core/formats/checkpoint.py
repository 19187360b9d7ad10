"""The tensors of a model's parts laid out as a single-file checkpoint (LDM), or as a Diffusers folder."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import torch

from core.families import FamilySpec
from core.formats import atomic_write
from core.formats.diffusers_dir import stem
from core.formats.tensor_slots import Shape, Slot
from core.formats.tensors import Lazy, save

Slots = Mapping[str, Mapping[str, Slot]]
"""Part -> module tensor name -> its place in the file."""


def to_file(slots: Slots, tensors: Mapping[str, Mapping[str, Lazy]]) -> dict[str, Lazy]:
    """Part -> module tensor name -> tensor, laid out as a single file; what it stacks is put together."""
    rows: dict[str, list[tuple[int, Lazy]]] = {}
    found: dict[str, Lazy] = {}
    for part, named in tensors.items():
        for name, lazy in named.items():
            slot = slots[part][name]
            if slot.rows is not None:
                rows.setdefault(slot.name, []).append((slot.rows[0], lazy))
            else:
                found[slot.name] = (
                    _transposed(lazy)
                    if slot.is_transposed
                    else reshaped(lazy, slot.shape_in_file(lazy.shape))
                )
    return found | {
        name: _stacked([lazy for _, lazy in sorted(pieces, key=lambda p: p[0])])
        for name, pieces in rows.items()
    }


def reshaped(lazy: Lazy, shape: Shape) -> Lazy:
    """The same tensor in another shape."""
    return lazy if lazy.shape == shape else Lazy(lazy.dtype, shape, lambda: lazy.read().reshape(shape))


def _transposed(lazy: Lazy) -> Lazy:
    return Lazy(lazy.dtype, lazy.shape[::-1], lambda: lazy.read().t().contiguous())


def _stacked(pieces: list[Lazy]) -> Lazy:
    first = pieces[0]
    shape = (sum(piece.shape[0] for piece in pieces), *first.shape[1:])
    return Lazy(first.dtype, shape, lambda: torch.cat([piece.read() for piece in pieces]))


def save_folder(
    path: Path,
    tensors: Mapping[str, Mapping[str, Lazy]],
    texts: Mapping[str, str],
    suffix: str,
    spec: FamilySpec,
) -> Path:
    """Write a model folder as Diffusers does; returns where it lies.

    tensors: part -> name in the module -> tensor. texts: path in the folder -> contents (configs, tokenizer).
    suffix: ".safetensors" or ".bin". A Diffusers folder of the same name is replaced, any other folder is
    left alone.
    """

    def write(folder: Path) -> None:
        for name, text in texts.items():
            place = folder / name
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_text(text, encoding="utf-8")
        for part, named in tensors.items():
            level = f"{spec.part(part).level}." if spec.part(part).level else ""
            place = folder / part / f"{stem(spec.part(part).role, suffix)}{suffix}"
            save(place, {level + name: lazy for name, lazy in named.items()}, {"format": "pt"})

    size = sum(lazy.nbytes for named in tensors.values() for lazy in named.values())
    return atomic_write.write_folder(path, write, size, replaces="model_index.json")
