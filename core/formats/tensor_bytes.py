"""From the bytes of a file to a tensor."""

from __future__ import annotations

import errno
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from core.errors import ResourceFault, UserError
from core.formats import messages
from core.formats.header import Place, unreadable
from core.formats.tensor_slots import Shape
from core.reading import short

DTYPES: Mapping[str, torch.dtype] = {
    "F64": torch.float64, "F32": torch.float32, "F16": torch.float16, "BF16": torch.bfloat16,
    "I64": torch.int64, "I32": torch.int32, "I16": torch.int16, "I8": torch.int8, "U8": torch.uint8,
    "BOOL": torch.bool, "F8_E4M3": torch.float8_e4m3fn, "F8_E5M2": torch.float8_e5m2,
}  # fmt: skip
DTYPE_NAMES: Mapping[torch.dtype, str] = {dtype: name for name, dtype in DTYPES.items()}


def read(path: Path, name: str, place: Place) -> Tensor:
    """A tensor of a file, in memory."""
    dtype = dtype_of(path, name, place.dtype)
    storage = read_span(path, dtype, (place.numbers,), place.begin, place.numbers * dtype.itemsize)
    view = storage.as_strided(place.shape, place.stride, place.offset)
    is_all = view.numel() == storage.numel()
    return view.contiguous() if is_all else view.clone(memory_format=torch.contiguous_format)


def read_span(path: Path, dtype: torch.dtype, shape: Shape, begin: int, length: int) -> Tensor:
    """`length` bytes of a file from `begin` on, as a new tensor."""
    tensor = torch.empty(shape, dtype=dtype)
    if length == 0:
        return tensor
    # Read and not memory-mapped: a mapped file could not be replaced on Windows, and its pages would
    # stay in memory.
    try:
        with path.open("rb") as file:
            file.seek(begin)
            if file.readinto(bytes_of(tensor)) != length:
                raise OSError(errno.EIO, "the file became shorter while it was read")
    except OSError as error:
        # It was there when its header was read.
        raise ResourceFault(*unreadable(path, error).problems) from error
    return tensor


def bytes_of(tensor: Tensor) -> memoryview:
    """The memory of a contiguous tensor on the CPU."""
    numbers: Any = tensor.reshape(-1).view(torch.uint8).numpy() if tensor.numel() else b""
    return memoryview(numbers)


def dtype_of(path: Path, name: str, dtype: str) -> torch.dtype:
    """Type of the numbers of a tensor, by the format's name of it. Raises UserError when it can't be read."""
    if dtype not in DTYPES:
        raise UserError(messages.UNKNOWN_DTYPE(path=path, dtype=short(dtype), tensor=short(name)))
    return DTYPES[dtype]
