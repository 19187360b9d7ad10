"""A file of weights, .safetensors or pickled; torch is imported where a tensor is read."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from core.formats import pickle_reader
from core.formats.header import Header, TensorTable, read_header, unreadable

if TYPE_CHECKING:
    from torch import Tensor


class TensorFile(Protocol):
    """Tensors that are read one at a time. Holds no file open."""

    path: Path
    tensors: TensorTable
    metadata: dict[str, str]

    def read(self, name: str) -> Tensor:
        """A new tensor in memory, of the file's own type."""
        ...


class WeightFile:
    """A .safetensors file, or a .ckpt, .pt or .bin file, of which nothing is run."""

    def __init__(self, path: Path) -> None:
        header = header_of(path)
        self.path, self.tensors, self.metadata = path, header.tensors, header.metadata
        self._places = header.places

    def read(self, name: str) -> Tensor:
        from core.formats import tensor_bytes

        return tensor_bytes.read(self.path, name, self._places[name])


def header_of(path: Path) -> Header:
    """What a file holds. Raises UserError when it is damaged, or holds what could run as a program."""
    if not path.exists():
        raise unreadable(path, FileNotFoundError())
    return pickle_reader.read(path) if pickle_reader.is_pickle(path) else read_header(path)
