"""Writing a .ckpt, .pt or .bin file as torch.save does, one tensor at a time.

torch.save wants every tensor in memory at once; here each is written as it is read. The file is a zip archive
of `data.pkl`, which names the tensors, and an entry of bytes for each.
Source: torch.serialization; a test has torch.load read it.
"""

from __future__ import annotations

import collections
import io
import pickle
import struct
import zipfile
from collections.abc import Callable, Mapping
from typing import Any, BinaryIO

import torch
from torch import Tensor

from core.formats.tensor_bytes import bytes_of
from core.formats.tensor_slots import Shape

FOLDER = "archive"
ALIGNMENT = 64
"""Bytes at whose multiples torch puts the numbers of a tensor."""

STORAGES: Mapping[torch.dtype, str] = {
    torch.float64: "DoubleStorage", torch.float32: "FloatStorage", torch.float16: "HalfStorage",
    torch.bfloat16: "BFloat16Storage", torch.int64: "LongStorage", torch.int32: "IntStorage",
    torch.int16: "ShortStorage", torch.int8: "CharStorage", torch.uint8: "ByteStorage",
    torch.bool: "BoolStorage",
}  # fmt: skip
"""Types that have a storage of their own; younger ones are bytes with their type beside."""

_DATE = (1980, 1, 1, 0, 0, 0)


class _Entry:
    """Stands for a tensor in what is pickled. key: name of its bytes in the archive."""

    def __init__(self, key: str, dtype: torch.dtype, shape: Shape) -> None:
        self.key, self.dtype, self.shape = key, dtype, shape


class _Storage:
    """Stands for a tensor's bytes in what is pickled."""

    def __init__(self, entry: _Entry) -> None:
        self.entry = entry


class _Pickler(pickle.Pickler):
    """Writes the stand-ins as torch writes a tensor on the CPU."""

    def persistent_id(self, obj: Any) -> Any:
        if not isinstance(obj, _Storage):
            return None
        entry, numbers = obj.entry, torch.Size(obj.entry.shape).numel()
        if entry.dtype in STORAGES:
            return ("storage", getattr(torch, STORAGES[entry.dtype]), entry.key, "cpu", numbers)
        return ("storage", torch.UntypedStorage, entry.key, "cpu", numbers * entry.dtype.itemsize)

    def reducer_override(self, obj: Any) -> Any:
        if not isinstance(obj, _Entry):
            return NotImplemented
        stride = torch.empty(obj.shape, device="meta").stride()
        values: tuple[Any, ...] = (_Storage(obj), 0, obj.shape, stride, False, collections.OrderedDict())
        if obj.dtype in STORAGES:
            return torch._utils._rebuild_tensor_v2, values
        return torch._utils._rebuild_tensor_v3, (*values, obj.dtype)


def write(
    file: BinaryIO,
    tensors: Mapping[str, tuple[torch.dtype, Shape]],
    read: Callable[[str], Tensor],
    metadata: Mapping[str, str] | None,
) -> None:
    """Write the tensors named, each asked for once, in order.

    read: a tensor by its name, contiguous and on the CPU, of the type and shape announced. metadata: None
    puts the tensors at the top of the file, else they stand below "state_dict" and this below "metadata".
    """
    named = {name: _Entry(str(i), dtype, shape) for i, (name, (dtype, shape)) in enumerate(tensors.items())}
    program = io.BytesIO()
    root = named if metadata is None else {"state_dict": named, "metadata": dict(metadata)}
    _Pickler(program, protocol=2).dump(root)
    with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED, allowZip64=True) as archive:
        _put(archive, file, "data.pkl", memoryview(program.getbuffer()))
        _put(archive, file, "byteorder", memoryview(b"little"))
        for name, entry in named.items():
            tensor = read(name)
            _put(archive, file, f"data/{entry.key}", bytes_of(tensor))
        _put(archive, file, "version", memoryview(b"3\n"))


def _put(archive: zipfile.ZipFile, file: BinaryIO, name: str, content: memoryview) -> None:
    """One entry, its contents at a multiple of ALIGNMENT."""
    info = zipfile.ZipInfo(f"{FOLDER}/{name}", _DATE)
    is_large = content.nbytes >= 2**31
    # A large entry's header is longer by its size in 64 bits.
    header = 30 + len(info.filename) + 4 + (20 if is_large else 0)
    padding = -(file.tell() + header) % ALIGNMENT
    info.extra = struct.pack("<2sH", b"FB", padding) + b"Z" * padding
    info.file_size = content.nbytes
    with archive.open(info, "w", force_zip64=is_large) as entry:
        entry.write(content)
