"""The instructions of a pickle, carried out on inert stand-ins: no code of the file, nothing of torch.

A pickle is a program. This reader lets it build dictionaries, lists, numbers and text, and understands the
handful of names by which torch writes tensors; any other name ends the reading. What a few bytes could ask
for without end (copies of one table, keys that are trees, numbers of megabytes) is bounded.
"""

from __future__ import annotations

import pickle
import struct
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, BinaryIO, ClassVar

from core.formats.tensor_slots import LARGEST_SIDE, MOST_AXES, Shape

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
UNUSUAL: Mapping[str, str] = {
    "_rebuild_sparse_tensor": "sparse", "_rebuild_sparse_csr_tensor": "sparse",
    "_rebuild_nested_tensor": "nested", "_rebuild_qtensor": "quantized",
    "_rebuild_meta_tensor_no_storage": "meta", "_rebuild_wrapper_subclass": "wrapped",
}  # fmt: skip
"""How torch writes tensors that are no plain table of numbers -> the word for them."""

BYSTANDERS = ("pytorch_lightning", "numpy")
"""Packages whose records the first Stable Diffusion checkpoints hold; they are passed over, unread."""

_MOST_COPIED = 1_000_000
"""Entries of tables that are made from other tables; a real file makes some thousands."""
_MOST_ARGUMENTS = 16
_LARGEST_NUMBER = 1024
"""Bytes of a whole number."""


class Refused(Exception):
    """The pickle names something that is no tensor."""


class Unusual(Exception):
    """The pickle holds tensors that are no plain tables of numbers; a word of UNUSUAL."""


@dataclass(frozen=True)
class Storage:
    """Numbers in a row, by the key under which the file keeps them."""

    dtype: str
    key: str
    numbers: int


@dataclass(frozen=True)
class Tensor:
    """A view of a storage."""

    storage: Storage
    offset: int
    shape: Shape
    stride: Shape
    dtype: str


class _Inert:
    """Stands for a callable of torch in the pickle."""

    def __init__(self, kind: str, value: str = "") -> None:
        self.kind, self.value = kind, value


# The unpickler in Python, like torch's own safe one: the one in C lets four bytes of a file ask for 64 GB.
class Unpickler(pickle._Unpickler):
    """Reads one pickle from an open file. Raises Refused, Unusual, or whatever a damaged program ends in."""

    dispatch: ClassVar[dict[int, Any]] = {**pickle._Unpickler.dispatch}
    stack: list[Any]
    append: Callable[[Any], None]
    pop_mark: Callable[[], list[Any]]
    read: Callable[[int], bytes]
    readline: Callable[[], bytes]

    def __init__(self, file: BinaryIO) -> None:
        super().__init__(file)
        self._copied = 0

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) == ("collections", "OrderedDict"):
            return _Inert("dict")
        if module == "torch._utils" and name in ("_rebuild_tensor_v2", "_rebuild_tensor_v3"):
            return _Inert("tensor")
        if module == "torch._utils" and name == "_rebuild_parameter":
            return _Inert("parameter")
        if module == "torch._utils" and name in UNUSUAL:
            raise Unusual(UNUSUAL[name])
        if module in ("torch", "torch.storage") and name in STORAGES:
            return _Inert("storage", STORAGES[name])
        if module == "torch" and name in DTYPES:
            return _Inert("dtype", DTYPES[name])
        if module.split(".")[0] in BYSTANDERS or (module, name) == ("_codecs", "encode"):
            return _Inert("bystander")
        raise Refused(f"{module}.{name}")

    def persistent_load(self, pid: Any) -> Any:
        if not (isinstance(pid, tuple) and 5 <= len(pid) <= _MOST_ARGUMENTS and pid[0] == "storage"):
            raise ValueError("persistent id")
        kind, key, numbers = pid[1], pid[2], pid[4]
        is_plain = isinstance(kind, _Inert) and kind.kind == "storage" and isinstance(key, str)
        if not is_plain or type(numbers) is not int or (len(pid) > 5 and pid[5] is not None):
            raise ValueError("storage")
        return Storage(kind.value, key, numbers)

    def _call(self, function: Any, args: Any) -> Any:
        """What a callable of torch would make of these arguments, as plain data."""
        if not isinstance(function, _Inert) or not isinstance(args, tuple) or len(args) > _MOST_ARGUMENTS:
            raise ValueError("a call")
        if function.kind == "bystander":
            return function
        if function.kind == "parameter":
            return args[0]
        if function.kind == "dict":
            return self._table(*args)
        if function.kind == "tensor" and isinstance(args[0], Storage):
            return _tensor(*args)
        raise ValueError(function.kind)

    def _table(self, pairs: Any = ()) -> dict[Any, Any]:
        """A new table of another one, or of a list of pairs."""
        self._copied += len(pairs)
        if self._copied > _MOST_COPIED:
            raise ValueError("a table copied over and over")
        found: dict[Any, Any] = {}
        for key, value in pairs.items() if isinstance(pairs, dict) else pairs:
            _check_key(key)
            found[key] = value
        return found

    def load_reduce(self) -> None:
        args = self.stack.pop()
        self.stack[-1] = self._call(self.stack[-1], args)

    def load_inst(self) -> None:
        module, name = (self.readline()[:-1].decode("ascii") for _ in range(2))
        self.append(self._call(self.find_class(module, name), tuple(self.pop_mark())))

    def load_obj(self) -> None:
        function, *args = self.pop_mark()
        self.append(self._call(function, tuple(args)))

    def load_build(self) -> None:
        """Drop what a pickle sets on a table (such as the versions of modules) or on a name of torch."""
        self.stack.pop()
        if not isinstance(self.stack[-1], dict | _Inert):
            raise ValueError("a state")

    def load_setitem(self) -> None:
        value, key = self.stack.pop(), self.stack.pop()
        _check_key(key)
        self.stack[-1][key] = value

    def load_setitems(self) -> None:
        items = self.pop_mark()
        for key in items[::2]:
            _check_key(key)
        table = self.stack[-1]
        for i in range(0, len(items), 2):
            table[items[i]] = items[i + 1]

    def load_dict(self) -> None:
        items = self.pop_mark()
        for key in items[::2]:
            _check_key(key)
        self.append({items[i]: items[i + 1] for i in range(0, len(items), 2)})

    def load_long4(self) -> None:
        (length,) = struct.unpack("<i", self.read(4))
        if not 0 <= length <= _LARGEST_NUMBER:
            raise ValueError("a number of too many digits")
        self.append(pickle.decode_long(self.read(length)))

    def load_unused(self) -> None:
        raise ValueError("an instruction that no file of weights needs")


def _instructions() -> dict[int, Any]:
    """Code -> function, of those that differ from pickle's own."""
    own = {
        pickle.REDUCE: Unpickler.load_reduce,
        pickle.INST: Unpickler.load_inst,
        pickle.OBJ: Unpickler.load_obj,
        pickle.BUILD: Unpickler.load_build,
        pickle.SETITEM: Unpickler.load_setitem,
        pickle.SETITEMS: Unpickler.load_setitems,
        pickle.DICT: Unpickler.load_dict,
        pickle.LONG4: Unpickler.load_long4,
    }
    unused = (
        pickle.NEWOBJ, pickle.NEWOBJ_EX, pickle.EMPTY_SET, pickle.ADDITEMS, pickle.FROZENSET,
        pickle.BYTEARRAY8, pickle.NEXT_BUFFER, pickle.READONLY_BUFFER, pickle.EXT1, pickle.EXT2, pickle.EXT4,
    )  # fmt: skip
    return {code[0]: own.get(code, Unpickler.load_unused) for code in (*own, *unused)}


Unpickler.dispatch |= _instructions()


def _check_key(key: object) -> None:
    """Raises ValueError for a key whose hash could take for ever: a tree of shared branches is one."""
    parts = key if isinstance(key, tuple) else (key,)
    is_plain = all(isinstance(part, str | bytes | int | float | _Inert | None) for part in parts)
    numbers = [part for part in parts if isinstance(part, int)]
    if not is_plain or len(parts) > _MOST_ARGUMENTS or any(abs(n) > LARGEST_SIDE for n in numbers):
        raise ValueError("a key")


def _tensor(storage: Storage, offset: Any, shape: Any, stride: Any, *more: Any) -> Tensor:
    for sides in (shape, stride, (offset,)):
        if not isinstance(sides, tuple | list) or len(sides) > MOST_AXES:
            raise ValueError("a shape")
        if not all(type(n) is int and 0 <= n <= LARGEST_SIDE for n in sides):
            raise ValueError("a shape")
    # _rebuild_tensor_v3 names the type of the numbers, the others take the storage's.
    dtype = next(
        (arg.value for arg in more if isinstance(arg, _Inert) and arg.kind == "dtype"), storage.dtype
    )
    return Tensor(storage, offset, tuple(shape), tuple(stride), dtype)
