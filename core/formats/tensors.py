"""Reading tensors from files one by one, and writing files that are complete or not there at all."""

from __future__ import annotations

import errno
import itertools
import json
import math
import struct
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import BinaryIO, Protocol

import torch
from torch import Tensor

from core.errors import NumericFault, ResourceFault, UserError
from core.formats import atomic_write, messages, pickle_reader, pickle_writer
from core.formats.header import TensorTable, read_header, unreadable
from core.formats.tensor_slots import Shape
from core.reading import short

DTYPES: Mapping[str, torch.dtype] = {
    "F64": torch.float64, "F32": torch.float32, "F16": torch.float16, "BF16": torch.bfloat16,
    "I64": torch.int64, "I32": torch.int32, "I16": torch.int16, "I8": torch.int8, "U8": torch.uint8,
    "BOOL": torch.bool, "F8_E4M3": torch.float8_e4m3fn, "F8_E5M2": torch.float8_e5m2,
}  # fmt: skip
DTYPE_NAMES: Mapping[torch.dtype, str] = {dtype: name for name, dtype in DTYPES.items()}

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


def of(tensor: Tensor, dtype: torch.dtype | None = None) -> Lazy:
    """A tensor in memory, to be written as `dtype` (None: as it is). Whole numbers are never converted."""
    wanted = tensor.dtype if dtype is None or not tensor.is_floating_point() else dtype
    return Lazy(wanted, tuple(tensor.shape), lambda: tensor.detach().to("cpu", wanted))


Watch = Callable[[int, int], None]
"""Called with (tensors written, tensors in all); may raise to end the writing and leave nothing behind."""


def watched(named: Mapping[str, Lazy], watch: Watch | None) -> Mapping[str, Lazy]:
    """The same tensors, telling `watch` each time one is made."""
    if watch is None:
        return named
    done = itertools.count()

    def telling(lazy: Lazy) -> Lazy:
        def read() -> Tensor:
            watch(next(done), len(named))
            return lazy.read()

        return replace(lazy, read=read)

    return {name: telling(lazy) for name, lazy in named.items()}


class TensorFile(Protocol):
    """A file of tensors, known by name, type and shape, and read one at a time. Holds no file open."""

    path: Path
    tensors: TensorTable
    metadata: dict[str, str]

    def read(self, name: str) -> Tensor:
        """A new tensor in memory, of the file's own type."""


class SafetensorsFile:
    """A .safetensors file."""

    def __init__(self, path: Path) -> None:
        header = read_header(path)
        self.path, self.tensors, self.metadata = path, header.tensors, header.metadata
        self._spans = header.spans

    def read(self, name: str) -> Tensor:
        dtype, shape = self.tensors[name]
        begin, end = self._spans[name]
        return read_span(self.path, dtype_of(self.path, name, dtype), shape, begin, end - begin)


class PickleFile:
    """A .ckpt, .pt or .bin file, read without running what is in it."""

    def __init__(self, path: Path) -> None:
        listing = pickle_reader.read(path)
        self.path, self.metadata = path, listing.metadata
        self.tensors: TensorTable = {name: (t.dtype, t.shape) for name, t in listing.tensors.items()}
        self._places = listing.tensors

    def read(self, name: str) -> Tensor:
        place = self._places[name]
        dtype = dtype_of(self.path, name, place.dtype)
        storage = read_span(self.path, dtype, (place.numbers,), place.begin, place.numbers * dtype.itemsize)
        view = storage.as_strided(place.shape, place.stride, place.offset)
        return (
            view.contiguous()
            if view.numel() == storage.numel()
            else view.clone(memory_format=torch.contiguous_format)
        )


def open_file(path: Path) -> TensorFile:
    """The file's tensors. Raises UserError when it is damaged, or holds what could run as a program."""
    return PickleFile(path) if pickle_reader.is_pickle(path) else SafetensorsFile(path)


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
    file = open_file(path)
    return {name: file.read(name) for name in file.tensors}


def read_span(path: Path, dtype: torch.dtype, shape: Shape, begin: int, length: int) -> Tensor:
    """`length` bytes of a file from `begin` on, as a new tensor."""
    tensor = torch.empty(shape, dtype=dtype)
    if length == 0:
        return tensor
    # Read and not memory-mapped: a mapped file could not be replaced on Windows, and its pages would
    # stay in memory.
    window = memoryview(tensor.reshape(-1).view(torch.uint8).numpy())
    try:
        with path.open("rb") as file:
            file.seek(begin)
            if file.readinto(window) != length:
                raise OSError(errno.EIO, "the file became shorter while it was read")
    except OSError as error:
        # It was there when its header was read.
        raise ResourceFault(*unreadable(path, error).problems) from error
    return tensor


def dtype_of(path: Path, name: str, dtype: str) -> torch.dtype:
    """Type of the numbers of a tensor, by the format's name of it. Raises UserError when it can't be read."""
    if dtype not in DTYPES:
        raise UserError(messages.UNKNOWN_DTYPE(path=path, dtype=short(dtype), tensor=short(name)))
    return DTYPES[dtype]


def is_finite(tensor: Tensor) -> bool:
    """Whether every number is neither NaN nor infinite."""
    if not tensor.is_floating_point() or tensor.numel() == 0:
        return True
    # The sum is quick and finite for all sane weights; only when it is not do the numbers have to be
    # looked at.
    values = tensor if tensor.dtype.itemsize >= 2 else tensor.float()
    return bool(values.sum(dtype=torch.float32).isfinite()) or bool(values.isfinite().all())


def save(path: Path, tensors: Mapping[str, Tensor | Lazy], metadata: Mapping[str, str]) -> Path:
    """Write a .safetensors file, or a .ckpt/.pt/.bin file when the path ends so; returns where it lies.

    A pickled file holds {"state_dict": tensors} and the metadata as text. Written beside and renamed (see
    core.formats.atomic_write).
    Raises NumericFault when a number is NaN or infinite, ResourceFault when the disk is full or can't be
    written.
    """
    lazy = {name: t if isinstance(t, Lazy) else of(t) for name, t in tensors.items()}
    size = sum(_bytes(t) for t in lazy.values())
    write = _write_pickle if path.suffix.lower() in pickle_reader.SUFFIXES else _write_safetensors
    return atomic_write.write_file(path, lambda file: write(file, path, lazy, metadata), size)


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
            "data_offsets": [at, at + _bytes(t)],
        }
        at += _bytes(t)
    header = json.dumps(table, ensure_ascii=False, separators=(",", ":")).encode("utf-8")
    header += b" " * (-len(header) % 8)
    file.write(struct.pack("<Q", len(header)) + header)
    for name in names:
        tensor = _made(path, name, tensors[name])
        if tensor.numel():
            file.write(memoryview(tensor.reshape(-1).view(torch.uint8).numpy()))


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


def _bytes(lazy: Lazy) -> int:
    return lazy.dtype.itemsize * math.prod(lazy.shape)
