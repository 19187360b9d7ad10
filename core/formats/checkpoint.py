"""A single-file checkpoint (LDM) seen as the tensors of its parts, and the way back."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from core.formats.tensor_slots import Shape, Slot
from core.formats.tensors import DTYPES, Lazy, TensorFile, dtype_of

Slots = Mapping[str, Mapping[str, Slot]]
"""Part -> module tensor name -> its place in the file."""


@dataclass(frozen=True)
class SingleFile:
    """A checkpoint and where the tensors of its parts lie in it.

    names: the name a slot speaks of -> the name this file really has, where a writer spelled it otherwise.
    """

    file: TensorFile
    slots: Slots
    names: Mapping[str, str]

    def shapes(self, part: str) -> dict[str, Shape]:
        """Module tensor name -> shape in the module, of all that the file has of a part."""
        return {name: self._shape(slot) for name, slot in self.slots.get(part, {}).items()}

    def shape(self, part: str, name: str) -> Shape:
        """Shape in the module of one tensor."""
        return self._shape(self.slots[part][name])

    def dtype(self, part: str, name: str) -> torch.dtype:
        """Type of the numbers in the file."""
        own = self._name(self.slots[part][name])
        return dtype_of(self.file.path, own, self.file.tensors[own][0])

    def read(self, part: str, name: str) -> Tensor:
        """A tensor in the module's shape and the file's own precision."""
        slot = self.slots[part][name]
        tensor = self.file.read(self._name(slot))
        if slot.rows is not None:
            index, count = slot.rows
            return tensor.chunk(count)[index].clone()
        return tensor.reshape(self._shape(slot))

    def beside(self, written: Iterable[str]) -> dict[str, Lazy]:
        """What else the file holds: averaged weights, schedules, unused layers, other programs' own.

        written: names, as slots speak of them, that are accounted for.
        """
        ours = {self.names.get(name, name) for name in written}
        others = [name for name, (dtype, _) in self.file.tensors.items() if dtype in DTYPES]
        return {name: self._as_it_is(name) for name in others if name not in ours}

    def _as_it_is(self, name: str) -> Lazy:
        dtype, shape = self.file.tensors[name]
        # Other programs' numbers are not judged.
        return Lazy(DTYPES[dtype], shape, lambda: self.file.read(name), is_checked=False)

    def _name(self, slot: Slot) -> str:
        return self.names.get(slot.name, slot.name)

    def _shape(self, slot: Slot) -> Shape:
        in_file = self.file.tensors[self._name(slot)][1]
        # Some writers store the VAE's 1x1 convolutions as the matrices they are.
        return in_file if slot.is_conv and len(in_file) == 2 else slot.shape_in_module(in_file)


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
                found[slot.name] = reshaped(lazy, slot.shape_in_file(lazy.shape))
    return found | {
        name: _stacked([lazy for _, lazy in sorted(pieces, key=lambda p: p[0])])
        for name, pieces in rows.items()
    }


def reshaped(lazy: Lazy, shape: Shape) -> Lazy:
    """The same tensor in another shape."""
    return lazy if lazy.shape == shape else Lazy(lazy.dtype, shape, lambda: lazy.read().reshape(shape))


def _stacked(pieces: list[Lazy]) -> Lazy:
    first = pieces[0]
    shape = (sum(piece.shape[0] for piece in pieces), *first.shape[1:])
    return Lazy(first.dtype, shape, lambda: torch.cat([piece.read() for piece in pieces]))
