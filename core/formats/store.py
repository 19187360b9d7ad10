"""The weights of a model, by part and by the names of its modules, in whichever files they lie; no torch."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from core.formats.tensor_slots import Shape, Slot
from core.formats.weight_file import TensorFile

if TYPE_CHECKING:
    import torch
    from torch import Tensor


@dataclass(frozen=True)
class Store:
    """Where the tensors of a model lie.

    places: part -> name in the module -> file, and slot by the file's own names. What lies in a part and
    belongs to no module that is known stands there too, by the name that such a file should give it.
    """

    path: Path
    places: Mapping[str, Mapping[str, tuple[TensorFile, Slot]]]

    @property
    def files(self) -> list[TensorFile]:
        """Every file once."""
        return list({id(file): file for part in self.places.values() for file, _ in part.values()}.values())

    def shapes(self, part: str) -> dict[str, Shape]:
        """Name -> shape in the module, of all that there is of a part."""
        return {name: self.shape(part, name) for name in self.places.get(part, {})}

    def shape(self, part: str, name: str) -> Shape:
        """Shape in the module of one tensor."""
        file, slot = self.places[part][name]
        in_file = file.tensors[slot.name][1]
        # Some writers store the VAE's 1x1 convolutions as the matrices they are.
        return in_file if slot.is_conv and len(in_file) == 2 else slot.shape_in_module(in_file)

    def dtype(self, part: str, name: str) -> torch.dtype:
        """Type of the numbers in the file."""
        from core.formats.tensor_bytes import dtype_of

        file, slot = self.places[part][name]
        return dtype_of(file.path, slot.name, file.tensors[slot.name][0])

    def read(self, part: str, name: str) -> Tensor:
        """A tensor in the module's shape and the file's own precision."""
        file, slot = self.places[part][name]
        tensor = file.read(slot.name)
        if slot.rows is not None:
            index, count = slot.rows
            return tensor.chunk(count)[index].clone()
        if slot.is_transposed:
            return tensor.t().contiguous()
        return tensor.reshape(self.shape(part, name))
