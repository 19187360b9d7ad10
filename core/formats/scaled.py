"""Weights in fp8 that are only right times a scale beside them, read as what they stand for."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING

from core.errors import UserError
from core.formats import messages
from core.formats.header import TensorTable
from core.formats.weight_file import TensorFile
from core.reading import short

if TYPE_CHECKING:
    from torch import Tensor

FLOAT8 = ("F8_E4M3", "F8_E5M2")

_SCALES = (".scale_weight", ".weight_scale")
"""Endings of a scale's name, ComfyUI's older and newer one; before it stands the layer's name."""

_COMPANIONS = (".scale_input", ".input_scale", ".comfy_quant")
"""Endings of what only matters to who computes in fp8."""

_MARK = "scaled_fp8"
"""The name, or its last part, of an empty tensor by which ComfyUI knows such a file."""


class ScaledFile:
    """The same file, with the scaled weights as float32 and without what belongs to the scaling."""

    def __init__(self, file: TensorFile, scale_of: Mapping[str, str], hidden: frozenset[str]) -> None:
        self.path, self.metadata = file.path, file.metadata
        self.tensors: TensorTable = {
            name: ("F32", shape) if name in scale_of else (dtype, shape)
            for name, (dtype, shape) in file.tensors.items()
            if name not in hidden
        }
        self._file, self._scale_of = file, scale_of

    @property
    def count(self) -> int:
        """How many weights are multiplied by a scale."""
        return len(self._scale_of)

    def read(self, name: str) -> Tensor:
        tensor = self._file.read(name)
        if name not in self._scale_of:
            return tensor
        return tensor.float() * self._file.read(self._scale_of[name]).float().reshape(())


def unscaled(file: TensorFile) -> TensorFile:
    """The file itself, or a view of it with its weights as they are meant.

    Raises UserError (E-MODEL-DTYPE) when weights have a scale that can't be multiplied: one for blocks of
    numbers, or beside weights that are no fp8.
    """
    scale_of: dict[str, str] = {}
    hidden = {name for name in file.tensors if name.endswith(_COMPANIONS) or name.split(".")[-1] == _MARK}
    for name, (_, shape) in file.tensors.items():
        ending = next((ending for ending in _SCALES if name.endswith(ending)), None)
        if ending is None:
            continue
        weight = f"{name.removesuffix(ending)}.weight"
        dtype, _ = file.tensors.get(weight, ("", ()))
        if math.prod(shape) != 1 or (dtype and dtype not in FLOAT8):
            raise UserError(messages.UNKNOWN_SCALE(path=file.path, tensor=short(name)))
        hidden.add(name)
        if dtype:
            scale_of[weight] = name
    return ScaledFile(file, scale_of, frozenset(hidden)) if hidden else file
