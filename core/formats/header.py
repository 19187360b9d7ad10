"""The header of a .safetensors file: names, types, shapes and metadata, without reading a weight."""

from __future__ import annotations

import errno
import json
import math
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from core.catalog import Words
from core.counting import counted
from core.errors import ResourceFault, UserError
from core.formats import first_bytes, messages
from core.formats.tensor_slots import LARGEST_SIDE, MOST_AXES, Shape
from core.reading import OUT_OF_RESOURCES, reading, short

LARGEST_HEADER = 100_000_000
"""Bytes; the safetensors library's own limit."""

MOST_TENSORS = 50_000
"""Of one file; the largest models have some thousands."""

_MOST_BRACKETS, _MOST_COMMAS = 5 * MOST_TENSORS, 20 * MOST_TENSORS
"""Signs that JSON needs for tables and lists and between values. Counted before it is parsed, since it takes
many times its own size as objects; the text of a training's metadata may hold some too."""

ITEM_BYTES: Mapping[str, int] = {
    "F64": 8, "I64": 8, "U64": 8, "C64": 8, "F32": 4, "I32": 4, "U32": 4, "F16": 2, "BF16": 2, "I16": 2,
    "U16": 2, "I8": 1, "U8": 1,
    "BOOL": 1, "F8_E4M3": 1, "F8_E5M2": 1, "F8_E8M0": 1, "F8_E4M3FNUZ": 1, "F8_E5M2FNUZ": 1,
}  # fmt: skip
"""Bytes of one number, by the format's name of its type; rarer types are not checked."""

TensorTable = dict[str, tuple[str, Shape]]
"""Tensor name -> (type such as "F16", shape)."""


class Place(NamedTuple):
    """Where a tensor is: `numbers` of type `dtype` from byte `begin` on, with a shape, stride and offset."""

    dtype: str
    shape: Shape
    stride: Shape
    offset: int
    begin: int
    numbers: int


@dataclass(frozen=True)
class Header:
    """What a file of weights holds: its tensors by name, and the texts beside them."""

    places: dict[str, Place]
    metadata: dict[str, str]

    @property
    def tensors(self) -> TensorTable:
        return {name: (place.dtype, place.shape) for name, place in self.places.items()}


def read_header(path: Path) -> Header:
    """Header of a .safetensors file, checked against the file's size.

    Raises UserError: E-MODEL-MISSING, E-MODEL-TRUNC (shorter than it says it is) or E-MODEL-BAD.
    """
    try:
        check_file(path)
        with path.open("rb") as file:
            size = path.stat().st_size
            start = file.read(first_bytes.LENGTH)
            length = _length(path, size, start)
            file.seek(8)
            text = file.read(length)
    except OSError as error:
        raise unreadable(path, error) from error
    with reading(path, "E-MODEL-BAD"):
        table, metadata = _parse(path, text)
        places: dict[str, Place] = {}
        spans: list[tuple[int, int]] = []
        for name, entry in table.items():
            dtype, shape, begin, end = _entry(path, name, entry)
            stride = [math.prod(shape[axis + 1 :]) for axis in range(len(shape))]
            places[name] = Place(dtype, shape, tuple(stride), 0, 8 + length + begin, math.prod(shape))
            spans.append((8 + length + begin, 8 + length + end))
        _check_cover(path, size, 8 + length, sorted(spans))
        return Header(places, metadata)


def _length(path: Path, size: int, start: bytes) -> int:
    """Bytes of the header's text. start: of the file. Raises UserError when it can't be one."""
    if len(start) < 8:
        raise cut_short(path, size, Words("its header", "ヘッダー"))
    if start[:2] in (b"PK", b"\x80\x02") and start[6:8] != b"\0\0":
        raise _bad(path, "it is a pickled file (.ckpt) by content", "中身は.ckpt（pickle）です")
    first_bytes.refuse_other(path, start)
    length: int = struct.unpack("<Q", start[:8])[0]
    if length > LARGEST_HEADER:
        raise _bad(path, f"its header claims {length} bytes", f"ヘッダーの長さが{length}バイトとなっています")
    if 8 + length > size:
        raise UserError(messages.TRUNCATED(path=path, size=size, expected=8 + length))
    return length


def check_file(path: Path) -> None:
    """Raises OSError for a path that is no file; opening a pipe would wait for ever."""
    if path.exists() and not path.is_file():
        raise OSError(errno.EINVAL, "this is no file")


def unreadable(path: Path, error: OSError) -> UserError:
    """The problem of a file that is not there or can't be opened; a ResourceFault where handles ran out."""
    reason = error.strerror or str(error)
    if error.errno in OUT_OF_RESOURCES:
        return ResourceFault(messages.UNREADABLE(path=path, reason=reason))
    if isinstance(error, FileNotFoundError):
        return UserError(messages.MISSING(path=path))
    return UserError(messages.UNREADABLE(path=path, reason=reason))


def _parse(path: Path, text: bytes) -> tuple[dict[str, Any], dict[str, str]]:
    def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found = dict(pairs)
        if len(found) < len(pairs):
            raise ValueError("a name stands twice")
        return found

    if text.count(b"{") + text.count(b"[") > _MOST_BRACKETS or text.count(b",") > _MOST_COMMAS:
        raise _too_many(path)
    try:
        table = json.loads(text.decode("utf-8"), object_pairs_hook=unique)
    except (ValueError, RecursionError) as error:
        why = short(str(error))
        raise _bad(
            path, f"its header is no JSON ({why})", f"ヘッダーがJSONではありません（{why}）"
        ) from error
    if not isinstance(table, dict):
        raise _bad(path, "its header is not a table", "ヘッダーが表になっていません")
    metadata = table.pop("__metadata__", None) or {}
    if not isinstance(metadata, dict) or not all(isinstance(value, str) for value in metadata.values()):
        raise _bad(path, "its metadata is not text", "メタデータが文字列ではありません")
    if len(table) > MOST_TENSORS:
        raise _too_many(path)
    return table, metadata


def _entry(path: Path, name: str, entry: Any) -> tuple[str, Shape, int, int]:
    """Type, shape, first and end byte of one tensor, from the start of the data."""
    try:
        dtype, shape, (begin, end) = entry["dtype"], tuple(entry["shape"]), entry["data_offsets"]
        numbers = (*shape, begin, end)
        well_formed = (
            isinstance(dtype, str)
            and len(shape) <= MOST_AXES
            and all(type(n) is int and 0 <= n <= LARGEST_SIDE for n in numbers)
            and begin <= end
        )
    except (KeyError, TypeError, ValueError):
        well_formed = False
    # Also the sides of an empty tensor have a product that a computer can hold.
    if not well_formed or math.prod(filter(None, shape)) > LARGEST_SIDE:
        named = short(repr(name))
        raise _bad(path, f"tensor {named} is not described", f"テンソル{named}の記述が正しくありません")
    if dtype in ITEM_BYTES and math.prod(shape) * ITEM_BYTES[dtype] != end - begin:
        raise _bad(
            path,
            f"tensor {short(repr(name))} of {short(dtype)} {list(shape)} has {end - begin} bytes",
            f"テンソル{short(repr(name))}（{short(dtype)} {list(shape)}）が{end - begin}バイトしかありません",
        )
    return dtype, shape, begin, end


def _check_cover(path: Path, size: int, start: int, spans: list[tuple[int, int]]) -> None:
    """The tensors must follow each other without gap or overlap up to the end of the file."""
    at = start
    for begin, end in spans:
        if begin != at:
            raise _bad(
                path, "its tensors overlap or leave gaps", "テンソルの領域が重なっているか隙間があります"
            )
        at = end
    if at > size:
        raise UserError(messages.TRUNCATED(path=path, size=size, expected=at))
    if at < size:
        raise _bad(
            path,
            f"{counted(size - at, 'byte follows', 'bytes follow')} its last tensor",
            f"最後のテンソルの後に{size - at}バイト余分にあります",
        )


def _too_many(path: Path) -> UserError:
    return _bad(
        path,
        f"its header lists more than any model has ({MOST_TENSORS:,} tensors)",
        f"ヘッダーの内容が多すぎます（テンソル{MOST_TENSORS:,}個まで）",
    )


def cut_short(path: Path, size: int, missing: Words | str) -> UserError:
    """The refusal of a file that ends before something that it must have."""
    return UserError(messages.CUT_SHORT(path=path, size=size, missing=missing))


def _bad(path: Path, en: str, ja: str) -> UserError:
    return UserError(messages.NOT_SAFETENSORS(path=path, fault=Words(en, ja)))
