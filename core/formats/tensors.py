"""Writing files of tensors that are complete or not there at all, one tensor at a time."""

from __future__ import annotations

import itertools
import json
import math
import struct
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import BinaryIO

import torch
from torch import Tensor

from core.errors import NumericFault
from core.formats import atomic_write, messages, pickle_reader, pickle_writer
from core.formats.tensor_bytes import DTYPE_NAMES, bytes_of, dtype_of
from core.formats.tensor_slots import Shape
from core.formats.weight_file import TensorFile, WeightFile

PRECISIONS: Mapping[str, torch.dtype | None] = {
    "auto": None, "float": torch.float32, "fp16": torch.float16, "bf16": torch.bfloat16,
}  # fmt: skip
"""The option save_precision -> type of the numbers, None for as they are."""


@dataclass(frozen=True)
class Lazy:
    """A tensor that is made when it is written, so that a whole model never lies in memory twice.

    is_checked: NaN and infinity in it are refused.
    """

    dtype: torch.dtype
    shape: Shape
    read: Callable[[], Tensor]
    is_checked: bool = True

    @property
    def nbytes(self) -> int:
        return self.dtype.itemsize * math.prod(self.shape)


def of(tensor: Tensor, dtype: torch.dtype | None = None) -> Lazy:
    """A tensor in memory, to be written as `dtype` (None: as it is). Whole numbers are never converted."""
    wanted = tensor.dtype if dtype is None or not tensor.is_floating_point() else dtype
    return Lazy(wanted, tuple(tensor.shape), lambda: tensor.detach().to("cpu", wanted))


Watch = Callable[[int, int], None]
"""Called with (tensors written, tensors in all); may raise to end the writing and leave nothing behind."""


def watched(named: Mapping[str, Lazy], watch: Watch | None) -> Mapping[str, Lazy]:
    """The same tensors, reporting `watch` each time one is made."""
    if watch is None:
        return named
    done = itertools.count()

    def reporting(lazy: Lazy) -> Lazy:
        def read() -> Tensor:
            watch(next(done), len(named))
            return lazy.read()

        return replace(lazy, read=read)

    return {name: reporting(lazy) for name, lazy in named.items()}


def from_file(file: TensorFile, name: str, dtype: torch.dtype | None = None) -> Lazy:
    """A tensor of a file, to be written as `dtype` (None: as it is)."""
    own, shape = file.tensors[name]
    found = dtype_of(file.path, name, own)
    wanted = found if dtype is None or not found.is_floating_point else dtype
    return Lazy(wanted, shape, lambda: file.read(name).to(wanted))


def with_suffix(path: Path, suffix: str) -> Path:
    """The path with that ending; another model ending is taken off, dots in a name are not."""
    known = (".safetensors", ".ckpt", ".pt", ".bin")
    stem = path.with_suffix("") if path.suffix.lower() in known else path
    return stem.with_name(stem.name + suffix)


def load(path: Path) -> dict[str, Tensor]:
    """Every tensor of a file, of its own type, on the CPU."""
    file = WeightFile(path)
    return {name: file.read(name) for name in file.tensors}


def is_finite(tensor: Tensor) -> bool:
    """Whether every number is neither NaN nor infinite."""
    if not tensor.is_floating_point() or tensor.numel() == 0:
        return True
    # The sum is quick and finite for all sane weights; only when it is not do the numbers have to be
    # looked at.
    values = tensor if tensor.dtype.itemsize >= 2 else tensor.float()
    return bool(values.sum(dtype=torch.float32).isfinite()) or bool(values.isfinite().all())


def save(
    path: Path,
    tensors: Mapping[str, Tensor | Lazy],
    metadata: Mapping[str, str],
    *,
    is_new: bool = False,
) -> Path:
    """Write a .safetensors file, or a .ckpt/.pt/.bin file when the path ends so; returns where it lies.

    A pickled file holds {"state_dict": tensors} and the metadata as text. Written beside and renamed, is_new:
    without replacing anything (see core.formats.atomic_write).
    Raises NumericFault when a number is NaN or infinite, ResourceFault when the disk is full or can't be
    written.
    """
    lazy = {name: t if isinstance(t, Lazy) else of(t) for name, t in tensors.items()}
    size = sum(t.nbytes for t in lazy.values())
    write = _write_pickle if path.suffix.lower() in pickle_reader.SUFFIXES else _write_safetensors
    return atomic_write.write_file(path, lambda file: write(file, path, lazy, metadata), size, is_new=is_new)


def _write_safetensors(
    file: BinaryIO, path: Path, tensors: Mapping[str, Lazy], metadata: Mapping[str, str]
) -> None:
    # Widest numbers first, so that every tensor lies at a multiple of its item size.
    names = sorted(tensors, key=lambda name: (-tensors[name].dtype.itemsize, name))
    table: dict[str, object] = {"__metadata__": dict(metadata)} if metadata else {}
    at = 0
    for name in names:
        t = tensors[name]
        table[name] = {
            "dtype": DTYPE_NAMES[t.dtype],
            "shape": list(t.shape),
            "data_offsets": [at, at + t.nbytes],
        }
        at += t.nbytes
    header = json.dumps(table, ensure_ascii=False, separators=(",", ":")).encode("utf-8")
    header += b" " * (-len(header) % 8)
    file.write(struct.pack("<Q", len(header)) + header)
    for name in names:
        tensor = _made(path, name, tensors[name])
        file.write(bytes_of(tensor))


def _write_pickle(
    file: BinaryIO, path: Path, tensors: Mapping[str, Lazy], metadata: Mapping[str, str]
) -> None:
    pickle_writer.write(
        file,
        {name: (t.dtype, t.shape) for name, t in tensors.items()},
        lambda name: _made(path, name, tensors[name]),
        # Diffusers and transformers want the tensors of a .bin file at the top.
        None if path.suffix.lower() == ".bin" else metadata,
    )


def _made(path: Path, name: str, lazy: Lazy) -> Tensor:
    """The tensor, contiguous, on the CPU, of the type announced, and finite."""
    tensor = lazy.read().detach().to("cpu", lazy.dtype).contiguous()
    assert tuple(tensor.shape) == lazy.shape, (name, tensor.shape, lazy.shape)
    if lazy.is_checked and not is_finite(tensor):
        dtype = DTYPE_NAMES[lazy.dtype]
        raise NumericFault(messages.SAVED_NAN(path=path, tensor=name, dtype=dtype))
    return tensor
