"""Shapes of the weights of a Stable Diffusion 1 or 2 model, from the headers of its files; no torch."""

from __future__ import annotations

from pathlib import Path

from core.formats.identify import table, weight_files
from core.formats.tensor_slots import Shape
from core.models.sd import tensor_names


def shapes(path: Path, family: str) -> dict[str, dict[str, Shape]]:
    """Part -> tensor name in the module -> shape. Raises UserError when a file is damaged."""
    if path.is_dir():
        return {part: folder_shapes(path / part, part) for part in tensor_names.PARTS}
    own = {tensor_names.canonical(name): shape for name, (_, shape) in table(path)[0].items()}
    return {
        part: {
            name: slot.shape_in_module(own[slot.name])
            for name, slot in tensor_names.from_file(part, own, family).items()
        }
        for part in tensor_names.PARTS
    }


def folder_shapes(folder: Path, part: str) -> dict[str, Shape]:
    """The same of one part's Diffusers folder."""
    return {
        tensor_names.canonical_module(part, name): shape
        for file in weight_files(folder)
        for name, (_, shape) in table(file)[0].items()
    }
