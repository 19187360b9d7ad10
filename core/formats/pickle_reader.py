"""The tensors of a .ckpt, .pt or .bin file, listed without running anything that stands in it.

The file's program is carried out on inert stand-ins (core.formats.unpickle); the weights themselves are then
read as plain bytes.
"""

from __future__ import annotations

import io
import math
import struct
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, BinaryIO, cast

from core.catalog import Words
from core.errors import UserError
from core.formats import first_bytes, messages
from core.formats.header import ITEM_BYTES, MOST_TENSORS, Header, Place, check_file, cut_short, unreadable
from core.formats.unpickle import Refused, Storage, Tensor, Unpickler, Unusual
from core.reading import reading, short

SUFFIXES = (".ckpt", ".pt", ".pth", ".bin")

LARGEST_PROGRAM = 2 * 2**20
"""Bytes of the pickle itself, without the weights; real ones have under a megabyte."""

_LARGEST_READ = 4 * 2**20
"""Bytes of a zip's list of contents, and of any other read that is not of weights."""

_LONGEST_NAME = 1000

_BELOW = ("state_dict", "model", "params", "params_ema")
"""Keys of the root under which programs put the table of tensors."""

_SAFER = Words("Get the .safetensors version of it.", ".safetensors版を入手してください。")

LEGACY_MAGIC = 0x1950A86A20F9469CFC6C
"""What torch before 1.6 wrote first."""


def is_pickle(path: Path) -> bool:
    """Whether a file is one of torch's, by its name, and by its first bytes when the name says nothing."""
    if path.suffix.lower() in SUFFIXES:
        return True
    if path.suffix.lower() == ".safetensors":
        return False
    try:
        check_file(path)
        with path.open("rb") as file:
            return file.read(2) in (b"PK", b"\x80\x02")
    except OSError as error:
        raise unreadable(path, error) from error


def read(path: Path) -> Header:
    """The tensors of a file that torch wrote, top level or below "state_dict".

    Raises UserError: E-MODEL-MISSING, E-MODEL-TRUNC or E-MODEL-BAD when it is damaged; E-MODEL-PICKLE,
    naming the name, when it wants to load anything that is no tensor; E-MODEL-DTYPE for tensors of an unusual
    kind.
    """
    with reading(path, "E-MODEL-BAD", advice=_SAFER):
        try:
            check_file(path)
            with path.open("rb") as file:
                start = file.read(first_bytes.LENGTH)
                file.seek(0)
                first_bytes.refuse_other(path, start)
                bounded = _Bounded(file)
                root, places = (_read_zip if start[:2] == b"PK" else _read_legacy)(path, bounded)
                return _listing(path, root, places)
        except Refused as error:
            raise UserError(messages.ASKS_TO_RUN(path=path, code=short(str(error)))) from error
        except Unusual as error:
            raise UserError(messages.UNUSUAL_TENSORS(path=path, kind=str(error))) from error
        except OSError as error:
            raise unreadable(path, error) from error


class _Bounded:
    """An open file that is never asked for more at once than a sound one needs."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self.seek, self.tell = file.seek, file.tell

    def seekable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        data = self._file.read(min(size, _LARGEST_READ + 1) if size >= 0 else _LARGEST_READ + 1)
        if len(data) > _LARGEST_READ:
            raise ValueError("a list of contents longer than that of any file of weights")
        return data


def _read_zip(path: Path, file: _Bounded) -> tuple[Any, dict[str, tuple[int, int]]]:
    """The root object, and for each storage its first byte and length."""
    size = path.stat().st_size
    try:
        archive = zipfile.ZipFile(cast(BinaryIO, file))
    except (zipfile.BadZipFile, EOFError, struct.error) as error:
        raise cut_short(path, size, short(str(error))) from error
    entries = archive.infolist()
    names = [entry.filename for entry in entries]
    programs = [entry for entry in entries if entry.filename.rpartition("/")[2] == "data.pkl"]
    if len(programs) != 1 or len(set(names)) < len(names):
        raise _bad(path, "not one list of tensors")
    # torch stores without compression; a small file that unpacks to a huge one is an attack.
    if any(e.compress_type != zipfile.ZIP_STORED or e.file_size != e.compress_size for e in entries):
        raise _bad(path, "compressed contents")
    if sum(entry.file_size for entry in entries) > size:
        raise _bad(path, "contents larger than the file")
    if programs[0].file_size > LARGEST_PROGRAM:
        raise _bad(path, "a list of tensors longer than that of any model")
    folder = programs[0].filename.rpartition("/")[0]
    order = next((e for e in entries if e.filename == f"{folder}/byteorder"), None)
    if order is not None and (order.file_size > 16 or archive.read(order) != b"little"):
        raise _bad(path, "byte order")
    root = Unpickler(io.BytesIO(archive.read(programs[0]))).load()
    start = f"{folder}/data/" if folder else "data/"
    stored = [entry for entry in entries if entry.filename.startswith(start)]
    return root, {e.filename[len(start) :]: (_data_start(file, path, e), e.file_size) for e in stored}


def _data_start(file: _Bounded, path: Path, entry: zipfile.ZipInfo) -> int:
    """First byte of a stored entry's contents: behind its local header, which varies in length."""
    file.seek(entry.header_offset)
    local = file.read(30)
    if len(local) < 30 or local[:4] != b"PK\x03\x04":
        raise _bad(path, "zip directory")
    name_length, extra_length = struct.unpack("<HH", local[26:30])
    return int(entry.header_offset + 30 + name_length + extra_length)


def _read_legacy(path: Path, file: _Bounded) -> tuple[Any, dict[str, tuple[int, int]]]:
    """As `_read_zip`, of a file from before torch 1.6: pickles one after the other, then the storages."""
    head = io.BytesIO(file.read(LARGEST_PROGRAM))
    if Unpickler(head).load() != LEGACY_MAGIC:
        raise _bad(path, "not written by torch")
    _protocol, _system, root, order = (Unpickler(head).load() for _ in range(4))
    file.seek(head.tell())
    size = path.stat().st_size
    sizes = {storage.key: ITEM_BYTES[storage.dtype] for storage in _storages(root)}
    places: dict[str, tuple[int, int]] = {}
    for key in order if isinstance(order, list) else []:
        count = file.read(8)
        name = _name(path, key)
        length = max(0, struct.unpack("<q", count)[0]) * sizes.get(name, 0) if len(count) == 8 else size
        if file.tell() + length > size:
            raise cut_short(path, size, short(f"storage {name}"))
        places[name] = (file.tell(), length)
        file.seek(length, io.SEEK_CUR)
    return root, places


def _storages(root: Any) -> list[Storage]:
    """Every storage below a value of dictionaries, which may hold each other."""
    found, todo, seen = [], [root], set()
    while todo:
        value = todo.pop()
        if isinstance(value, Tensor):
            found.append(value.storage)
        elif isinstance(value, dict) and id(value) not in seen:
            seen.add(id(value))
            todo += value.values()
    return found


def _listing(path: Path, root: Any, places: Mapping[str, tuple[int, int]]) -> Header:
    if not isinstance(root, dict):
        raise _bad(path, "no table of tensors")
    table = next(
        (root[key] for key in _BELOW if isinstance(root.get(key), dict)),
        root,
    )
    size = path.stat().st_size
    found: dict[str, Place] = {}

    def add(name: str, tensor: Tensor) -> None:
        if len(found) >= MOST_TENSORS:
            raise _bad(path, f"more than {MOST_TENSORS:,} tensors")
        found[name] = _place(path, name, tensor, places, size)

    for key, value in table.items():
        if isinstance(value, Tensor):
            add(_name(path, key), value)
        elif isinstance(value, dict) and table is root:
            # An embedding of A1111 keeps its tensor one level down.
            inner = {k: v for k, v in value.items() if isinstance(v, Tensor)}
            for k, v in inner.items():
                add(f"{_name(path, key)}.{_name(path, k)}", v)
    beside = root.get("metadata")
    beside = beside if isinstance(beside, dict) else {}
    texts = {k: v for k, v in {**root, **beside}.items() if isinstance(k, str) and isinstance(v, str)}
    if sum(len(k) + len(v) for k, v in texts.items()) > LARGEST_PROGRAM:
        raise _bad(path, "one text over and over")
    return Header(found, texts)


def _name(path: Path, key: object) -> str:
    """The name of a tensor or storage; a training state numbers some of its own."""
    if isinstance(key, str | int) and (not isinstance(key, str) or len(key) <= _LONGEST_NAME):
        return str(key)
    raise _bad(path, "a tensor whose name is no text")


def _place(path: Path, name: str, t: Tensor, places: Mapping[str, tuple[int, int]], size: int) -> Place:
    """A tensor's place, checked to lie inside its storage and the storage inside the file."""
    if len(t.shape) != len(t.stride):
        raise _bad(path, f"shape of {name}")
    begin, length = places.get(t.storage.key, (0, -1))
    count = length // ITEM_BYTES[t.dtype]
    last = t.offset + sum((n - 1) * step for n, step in zip(t.shape, t.stride, strict=True))
    is_empty = 0 in t.shape
    if length < 0 or begin + length > size:
        raise cut_short(path, size, short(name))
    if not is_empty and (last >= count or math.prod(t.shape) > count):
        raise _bad(path, f"{name} is larger than its data")
    return Place(t.dtype, t.shape, t.stride, t.offset, begin, count)


def _bad(path: Path, fault: str) -> UserError:
    return UserError(messages.NOT_WEIGHTS(path=path, fault=short(fault)))
