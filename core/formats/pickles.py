"""The tensors of a .ckpt, .pt or .bin file, listed without running anything that stands in it.

A pickle is a program. This reader lets it build dictionaries, lists, numbers and text, and understands the
handful of names by which torch writes tensors; it hands out inert stand-ins for those, and any other name
ends the reading. Nothing of torch, and no code of the file, is ever called. The weights themselves are then
read as plain bytes.
"""

from __future__ import annotations

import io
import math
import pickle
import struct
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

from core.errors import Problem, UserError
from core.formats.header import ITEM_BYTES, unreadable
from core.formats.slots import Shape

SUFFIXES = (".ckpt", ".pt", ".pth", ".bin")

STORAGES: Mapping[str, str] = {
    "DoubleStorage": "F64", "FloatStorage": "F32", "HalfStorage": "F16", "BFloat16Storage": "BF16",
    "LongStorage": "I64", "IntStorage": "I32", "ShortStorage": "I16", "CharStorage": "I8",
    "ByteStorage": "U8", "BoolStorage": "BOOL", "UntypedStorage": "U8",
}  # fmt: skip
DTYPES: Mapping[str, str] = {
    "float64": "F64", "float32": "F32", "float16": "F16", "bfloat16": "BF16", "int64": "I64", "int32": "I32",
    "int16": "I16", "int8": "I8", "uint8": "U8", "bool": "BOOL",
    "float8_e4m3fn": "F8_E4M3", "float8_e5m2": "F8_E5M2",
}  # fmt: skip

BYSTANDERS = ("pytorch_lightning", "numpy")
"""Packages whose records the first Stable Diffusion checkpoints hold; they are passed over, unread."""

LARGEST_PROGRAM = 64 * 2**20
"""Bytes of the pickle itself, without the weights; real ones have under a megabyte."""

LEGACY_MAGIC = 0x1950A86A20F9469CFC6C
"""What torch before 1.6 wrote first."""


@dataclass(frozen=True)
class Place:
    """Where a tensor is: `numbers` of type `dtype` from byte `begin` on, with a shape, stride and offset."""

    dtype: str
    shape: Shape
    stride: Shape
    offset: int
    begin: int
    numbers: int


@dataclass(frozen=True)
class Listing:
    """The tensors of a file and what plain text and numbers stand beside them."""

    tensors: dict[str, Place]
    metadata: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Storage:
    dtype: str
    key: str
    numbers: int


@dataclass(frozen=True, slots=True)
class _Tensor:
    storage: _Storage
    offset: int
    shape: Shape
    stride: Shape
    dtype: str


_FAULTS = (
    pickle.UnpicklingError, EOFError, AttributeError, TypeError, ValueError, LookupError, ImportError,
    MemoryError, OverflowError, RecursionError, AssertionError, struct.error,
)  # fmt: skip
"""How the instructions of a damaged pickle can fail."""


class _Refused(Exception):
    """The pickle names something that is no tensor."""


class _Inert:
    """Stands for a callable of torch in the pickle; what the pickle sets on it is dropped."""

    __slots__ = ("kind", "value")
    kind: str
    value: str

    def __init__(self, kind: str, value: str = "") -> None:
        object.__setattr__(self, "kind", kind)
        object.__setattr__(self, "value", value)

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(name)

    def __setstate__(self, state: object) -> None:
        """Called when the pickle brings a state."""

    def __call__(self, *args: Any) -> Any:
        if self.kind == "dict":
            return dict(*args)
        if self.kind == "parameter":
            return args[0]
        if self.kind == "bystander":
            return self
        if self.kind == "tensor" and isinstance(args[0], _Storage):
            storage, offset, shape, stride = args[:4]
            # _rebuild_tensor_v3 names the type of the numbers, the others take the storage's.
            dtype = next(
                (arg.value for arg in args[4:] if isinstance(arg, _Inert) and arg.kind == "dtype"),
                storage.dtype,
            )
            return _Tensor(storage, offset, tuple(shape), tuple(stride), dtype)
        raise TypeError(self.kind)


# The unpickler in Python, like torch's own safe one: the one in C lets four bytes of a file ask for 64 GB.
class _Unpickler(pickle._Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        if (module, name) == ("collections", "OrderedDict"):
            return _Inert("dict")
        if module == "torch._utils" and name in ("_rebuild_tensor_v2", "_rebuild_tensor_v3"):
            return _Inert("tensor")
        if module == "torch._utils" and name == "_rebuild_parameter":
            return _Inert("parameter")
        if module in ("torch", "torch.storage") and name in STORAGES:
            return _Inert("storage", STORAGES[name])
        if module == "torch" and name in DTYPES:
            return _Inert("dtype", DTYPES[name])
        if module.split(".")[0] in BYSTANDERS or (module, name) == ("_codecs", "encode"):
            return _Inert("bystander")
        raise _Refused(f"{module}.{name}")

    def persistent_load(self, pid: Any) -> Any:
        if not (
            isinstance(pid, tuple) and len(pid) >= 5 and pid[0] == "storage" and isinstance(pid[1], _Inert)
        ):
            raise ValueError("persistent id")
        if pid[1].kind != "storage" or type(pid[4]) is not int or (len(pid) > 5 and pid[5] is not None):
            raise ValueError("storage")
        return _Storage(pid[1].value, str(pid[2]), pid[4])


def is_pickle(path: Path) -> bool:
    """Whether a file is one of torch's, by its name, and by its first bytes when the name says nothing."""
    if path.suffix.lower() in SUFFIXES:
        return True
    if path.suffix.lower() == ".safetensors":
        return False
    try:
        with path.open("rb") as file:
            return file.read(2) in (b"PK", b"\x80\x02")
    except OSError as error:
        raise unreadable(path, error) from error


def read(path: Path) -> Listing:
    """The tensors of a file that torch wrote, top level or below "state_dict".

    Raises UserError: E-MODEL-MISSING, E-MODEL-TRUNC or E-MODEL-BAD when it is damaged; E-MODEL-PICKLE,
    naming the name, when it wants to load anything that is no tensor.
    """
    try:
        with path.open("rb") as file:
            start = file.read(2)
            file.seek(0)
            if start == b"PK":
                root, places = _read_zip(path, file)
            else:
                root, places = _read_legacy(path, file)
    except _Refused as error:
        raise _forbidden(path, str(error)) from error
    except OSError as error:
        raise unreadable(path, error) from error
    return _listing(path, root, places)


def _load(file: BinaryIO, path: Path) -> Any:
    try:
        return _Unpickler(file).load()
    except _FAULTS as error:
        raise _bad(path, f"{type(error).__name__}: {error}") from error


def _read_zip(path: Path, file: BinaryIO) -> tuple[Any, dict[str, tuple[int, int]]]:
    """The root object, and for each storage its first byte and length."""
    size = path.stat().st_size
    try:
        with zipfile.ZipFile(file) as archive:
            entries = archive.infolist()
            names = [entry.filename for entry in entries]
            programs = [entry for entry in entries if entry.filename.rpartition("/")[2] == "data.pkl"]
            if len(programs) != 1 or len(set(names)) < len(names):
                raise _bad(path, "not one list of tensors")
            # torch stores without compression; a small file that unpacks to a huge one is an attack.
            if any(e.compress_type != zipfile.ZIP_STORED or e.file_size != e.compress_size for e in entries):
                raise _bad(path, "compressed contents")
            if sum(entry.file_size for entry in entries) > size or programs[0].file_size > LARGEST_PROGRAM:
                raise _bad(path, "contents larger than the file")
            folder = programs[0].filename.rpartition("/")[0]
            order = next((archive.read(name) for name in names if name == f"{folder}/byteorder"), b"little")
            if order != b"little":
                raise _bad(path, "byte order " + order.decode("ascii", "replace"))
            root = _load(io.BytesIO(archive.read(programs[0])), path)
            start = f"{folder}/data/" if folder else "data/"
            stored = [entry for entry in entries if entry.filename.startswith(start)]
    except (
        zipfile.BadZipFile,
        EOFError,
        NotImplementedError,
        RuntimeError,
        ValueError,
        struct.error,
    ) as error:
        raise _truncated(path, size, str(error)) from error
    return root, {e.filename[len(start) :]: (_data_start(file, path, e), e.file_size) for e in stored}


def _data_start(file: BinaryIO, path: Path, entry: zipfile.ZipInfo) -> int:
    """First byte of a stored entry's contents: behind its local header, which varies in length."""
    file.seek(entry.header_offset)
    local = file.read(30)
    if len(local) < 30 or local[:4] != b"PK\x03\x04":
        raise _bad(path, "zip directory")
    name_length, extra_length = struct.unpack("<HH", local[26:30])
    return int(entry.header_offset + 30 + name_length + extra_length)


def _read_legacy(path: Path, file: BinaryIO) -> tuple[Any, dict[str, tuple[int, int]]]:
    """As `_read_zip`, of a file from before torch 1.6: pickles one after the other, then the storages."""
    head = io.BytesIO(file.read(LARGEST_PROGRAM))
    if _load(head, path) != LEGACY_MAGIC:
        raise _bad(path, "not written by torch")
    _load(head, path)
    _load(head, path)
    root = _load(head, path)
    order = _load(head, path)
    file.seek(head.tell())
    size = path.stat().st_size
    sizes = {storage.key: ITEM_BYTES[storage.dtype] for storage in _storages(root)}
    places: dict[str, tuple[int, int]] = {}
    for key in order if isinstance(order, list) else []:
        count = file.read(8)
        length = max(0, struct.unpack("<q", count)[0]) * sizes.get(str(key), 0) if len(count) == 8 else size
        if file.tell() + length > size:
            raise _truncated(path, size, f"storage {key}")
        places[str(key)] = (file.tell(), length)
        file.seek(length, io.SEEK_CUR)
    return root, places


def _storages(root: Any) -> list[_Storage]:
    """Every storage below a value of dictionaries, which may hold each other."""
    found, todo, seen = [], [root], set()
    while todo:
        value = todo.pop()
        if isinstance(value, _Tensor):
            found.append(value.storage)
        elif isinstance(value, dict) and id(value) not in seen:
            seen.add(id(value))
            todo += value.values()
    return found


def _listing(path: Path, root: Any, places: Mapping[str, tuple[int, int]]) -> Listing:
    if not isinstance(root, dict):
        raise _bad(path, "no table of tensors")
    table = next(
        (root[key] for key in ("state_dict", "model", "params") if isinstance(root.get(key), dict)), root
    )
    size = path.stat().st_size
    found: dict[str, Place] = {}
    for name, value in table.items():
        if isinstance(value, dict) and table is root:
            # An embedding of A1111 keeps its tensor one level down.
            found |= {
                f"{name}.{k}": _place(path, f"{name}.{k}", v, places, size)
                for k, v in value.items()
                if isinstance(v, _Tensor)
            }
        elif isinstance(value, _Tensor):
            found[str(name)] = _place(path, str(name), value, places, size)
    beside = root.get("metadata")
    beside = beside if isinstance(beside, dict) else {}
    texts = {str(k): v for k, v in {**root, **beside}.items() if isinstance(v, str)}
    return Listing(found, texts)


def _place(path: Path, name: str, t: _Tensor, places: Mapping[str, tuple[int, int]], size: int) -> Place:
    """A tensor's place, checked to lie inside its storage and the storage inside the file."""
    numbers = (*t.shape, *t.stride, t.offset)
    if not all(type(n) is int and n >= 0 for n in numbers) or len(t.shape) != len(t.stride):
        raise _bad(path, f"shape of {name}")
    begin, length = places.get(t.storage.key, (0, -1))
    count = length // ITEM_BYTES[t.dtype]
    last = t.offset + sum((n - 1) * step for n, step in zip(t.shape, t.stride, strict=True))
    is_empty = 0 in t.shape
    if length < 0 or begin + length > size:
        raise _truncated(path, size, name)
    if not is_empty and (last >= count or math.prod(t.shape) > count):
        raise _bad(path, f"{name} is larger than its data")
    return Place(t.dtype, t.shape, t.stride, t.offset, begin, count)


def _truncated(path: Path, size: int, what: str) -> UserError:
    return UserError(
        Problem(
            "E-MODEL-TRUNC",
            f"{path} is incomplete: it has {size} bytes and more "
            f"is missing ({what}). Download or copy it again.",
            f"{path} は不完全です。{size}バイトしかなく、続きがありません（{what}）。"
            "もう一度ダウンロードまたはコピーしてください。",
            path=str(path),
        )
    )


def _bad(path: Path, reason: str) -> UserError:
    return UserError(
        Problem(
            "E-MODEL-BAD",
            f"{path} is no file of weights that can be read ({reason}). Get the .safetensors version of it.",
            f"{path} は読み込める重みファイルではありません（{reason}）。.safetensors版を入手してください。",
            path=str(path),
        )
    )


def _forbidden(path: Path, name: str) -> UserError:
    return UserError(
        Problem(
            "E-MODEL-PICKLE",
            f"{path} was not opened: it asks to run {name}, which "
            "no weights need. Get the .safetensors version of it.",
            f"{path} は開きませんでした：重みに不要なプログラム {name} "
            "の実行を要求しています。.safetensors版を入手してください。",
            path=str(path),
        )
    )
