"""A stand-in for one NVIDIA card on a machine that has none, for programs written in torch.

    from card import card                 # before or after `import torch`; builds card.cpp once (g++, 20 s)
    with card.plugged_in("meta"):         # shapes only: any size of model, in seconds
    with card.plugged_in("cpu"):          # numbers too: what comes out is what a CPU computes
        ...                               # torch.cuda.is_available() is True, "cuda" is a device

Tensors on the card are a class of their own whose C++ device is cuda:0: autograd, CUDA's autocast rules,
device guards and the engine's device thread are torch's own. Every operation passes `Card.run`, which
 * refuses what CUDA refuses: operands on two devices, a generator of another device, pinning a GPU tensor;
 * notes every wait of the host (syncs), every transfer (pinned or not, blocking or not);
 * counts operations, estimated kernel launches, bytes read and written, bytes alive;
 * notes the Python numbers baked into each operation, to compare steps (what a CUDA graph would freeze).

torch >= 2.9 with or without CUDA; nothing but torch is needed. One process plugs in once.
"""

from __future__ import annotations

import collections
import contextlib
import ctypes
import hashlib
import math
import os
import subprocess
import sys
import types
import weakref
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent


def _build() -> None:
    """Compile card.cpp against the torch at hand and put it into this process."""
    import importlib.util

    spec = importlib.util.find_spec("torch")
    assert spec is not None and spec.origin is not None, "torch is needed"
    torch_dir = Path(spec.origin).parent
    source = HERE / "card.cpp"
    key = hashlib.sha1(source.read_bytes() + str(torch_dir).encode()).hexdigest()[:12]
    built = Path(os.environ.get("CARD_CACHE", "/tmp")) / f"card-{key}.so"
    if not built.is_file():
        lib, include = torch_dir / "lib", torch_dir / "include"
        part = built.with_suffix(f".{os.getpid()}.part")
        subprocess.run(
            ["g++", "-O1", "-shared", "-fPIC", "-std=c++20", "-w", f"-I{include}",
             f"-I{include}/torch/csrc/api/include", str(source), "-o", str(part),
             f"-L{lib}", "-lc10", "-ltorch_cpu", f"-Wl,-rpath,{lib}"],
            check=True,
        )  # fmt: skip
        part.rename(built)
    # Before torch asks for CUDA's hooks the first time, which it does once.
    if ctypes.CDLL(str(built)).put_card_in() == 2:
        raise RuntimeError("torch asked for CUDA before the card was there: import card before using torch")


_build()

import torch  # noqa: E402
from torch import library  # noqa: E402
from torch.utils._python_dispatch import TorchDispatchMode  # noqa: E402
from torch.utils._pytree import tree_flatten, tree_map_only, tree_unflatten  # noqa: E402

aten = torch.ops.aten
CARD, HOST = torch.device("cuda:0"), torch.device("cpu")

# ------------------------------------------------------------------------------------------------ what an op is

VIEWS = {
    "view", "_unsafe_view", "t", "transpose", "permute", "expand", "unsqueeze", "squeeze", "slice", "select",
    "split", "split_with_sizes", "detach", "alias", "as_strided", "_reshape_alias", "lift_fresh", "unbind",
    "chunk", "diagonal", "is_same_size", "unfold", "view_as_real", "set_", "resize_", "is_pinned", "numpy_T",
    "_has_compatible_shallow_copy_type", "_fw_primal", "detach_", "unsafe_split", "unsafe_chunk", "narrow",
    "_to_copy_nothing", "sym_size", "sym_stride", "sym_numel", "prim_device", "movedim", "real", "unflatten",
}  # fmt: skip
EMPTY = {"empty", "empty_like", "new_empty", "empty_strided", "new_empty_strided"}
GEMM = {"mm", "addmm", "bmm", "baddbmm", "convolution", "convolution_backward", "addmv", "mv", "dot",
        "linear", "linear_backward", "addmm_", "baddbmm_"}  # fmt: skip
ATTENTION = {
    "_scaled_dot_product_flash_attention", "_scaled_dot_product_flash_attention_backward",
    "_scaled_dot_product_efficient_attention", "_scaled_dot_product_efficient_attention_backward",
}  # fmt: skip
COPIES = {"_to_copy", "copy_", "clone", "_foreach_copy_", "contiguous"}
NORMS = {"native_group_norm", "native_group_norm_backward", "native_layer_norm", "native_layer_norm_backward"}
SYNCS = {"_local_scalar_dense", "equal", "is_nonzero", "nonzero", "masked_select", "_unique2", "unique_dim",
         "unique_consecutive", "bincount", "item", "allclose", "repeat_interleave", "masked_scatter"}  # fmt: skip
MIXING = {
    "_to_copy",
    "copy_",
    "_foreach_copy_",
    "set_",
    "index",
    "index_put_",
    "index_put",
    "_index_put_impl_",
}
"""Operations that take tensors of two devices on CUDA too."""


def kind_of(name: str) -> str:
    if name in GEMM:
        return "gemm/conv"
    if name in ATTENTION:
        return "attention"
    if name in COPIES:
        return "cast/copy"
    if name in NORMS:
        return "norm"
    if name.startswith(("_foreach", "_fused_", "optimizer_update")):
        return "multi-tensor"
    if name in ("zeros", "zeros_like", "ones", "ones_like", "full", "full_like", "fill_", "zero_", "scalar_tensor",
                "new_zeros", "new_ones", "new_full", "arange"):  # fmt: skip
        return "fill"
    return "elementwise/reduce"


# Chunks and tensors of one launch of torch's multi-tensor kernels (aten/src/ATen/native/cuda/MultiTensorApply.cuh).
CHUNK, BLOCKS = 65536, 320
TENSORS = {1: 110, 2: 64, 3: 48, 4: 36, 5: 30}


def multi_tensor_launches(numels: list[int], depth: int) -> int:
    """Launches that multi_tensor_apply needs for these tensors."""
    most, launches, tensors, blocks = TENSORS[min(depth, 5)], 0, 0, 0
    for numel in numels:
        if not numel:
            continue
        tensors += 1
        for chunk in range(chunks := -(-numel // CHUNK)):
            blocks += 1
            is_last = chunk == chunks - 1
            if (tensors == most and is_last) or blocks == BLOCKS:
                launches += 1
                blocks = 0
                tensors = 0 if is_last else 1
    return launches + (blocks > 0)


def launches_of(name: str, flat: list[Any], args: tuple[Any, ...], out: Any) -> int:
    """Kernels that CUDA starts for one operation, as far as that is known without a card."""
    if name == "convolution_backward":
        return sum(map(bool, args[-1]))
    if name == "native_group_norm":  # moments, fused parameters, the map over the elements
        return 3
    if name == "native_group_norm_backward":  # inner gradients, c1, parameters, dx; gamma and beta
        return 4 + bool(args[-1][1] or args[-1][2])
    if name == "native_layer_norm_backward":
        return 1 + bool(args[-1][1] or args[-1][2])
    if name == "_scaled_dot_product_flash_attention_backward":
        return 3
    if name == "_scaled_dot_product_efficient_attention_backward":
        return 2
    if name.startswith("_foreach"):
        lists = [a for a in args if isinstance(a, list | tuple) and a and isinstance(a[0], torch.Tensor)]
        own = [t.numel() for t in lists[0]]
        depth = len(lists) + (0 if name.endswith("_") else 1)
        if name.startswith("_foreach_norm"):
            return multi_tensor_launches(own, 1) + 1
        return multi_tensor_launches(own, depth)
    if name.startswith("_fused_adam"):
        lists = [a for a in args[:5] if isinstance(a, list | tuple) and a]
        return multi_tensor_launches([t.numel() for t in lists[0]], 4)
    return 1


def footprint(t: torch.Tensor) -> int:
    """Bytes of a tensor that an operation really touches: expanded dimensions are one row."""
    if 0 in t.stride():
        n = math.prod(size for size, stride in zip(t.shape, t.stride(), strict=True) if stride)
        return n * t.element_size()
    return t.numel() * t.element_size()


# ------------------------------------------------------------------------------------------------ the records


@dataclass
class Sync:
    kind: str
    where: str
    phase: str
    step: int
    nbytes: int = 0


@dataclass
class Op:
    """One operation. numbers: the Python numbers among its arguments. reads: labels of step inputs, see `label`."""

    name: str
    phase: str
    kind: str
    launches: int
    nbytes: int
    numbers: tuple[Any, ...] = ()
    where: str = ""
    shape: tuple[int, ...] = ()
    flops: int = 0
    step: int = -1


@dataclass
class Log:
    """What happened on the card. ops: those that start kernels, when `keeps_ops`."""

    ops: list[Op] = field(default_factory=list)
    syncs: list[Sync] = field(default_factory=list)
    transfers: list[Sync] = field(default_factory=list)
    attention: collections.Counter[str] = field(default_factory=collections.Counter)
    notes: collections.Counter[str] = field(default_factory=collections.Counter)


def _flops(name: str, args: tuple[Any, ...], out: Any) -> int:
    if name in ("mm", "addmm", "bmm", "baddbmm", "addmm_", "baddbmm_"):
        a, b = args[-2:] if name in ("mm", "bmm") else args[1:3]
        return 2 * a.numel() * b.shape[-1]
    if name == "convolution":
        w = args[1]
        return 2 * out.numel() * w.numel() // w.shape[0]
    if name == "convolution_backward":
        g, _, w = args[:3]
        return 2 * g.numel() * (w.numel() // w.shape[0]) * sum(map(bool, args[-1][:2]))
    if name.startswith("_scaled_dot_product"):
        is_back = name.endswith("backward")
        q, k = (args[1], args[2]) if is_back else (args[0], args[1])
        return (8 if is_back else 4) * q.numel() * k.shape[-2]
    return 0


class OnCard(torch.Tensor):
    """A tensor on the card; `_inner` holds what there is of it: numbers on the CPU, or a shape on "meta"."""

    __torch_function__ = torch._C._disabled_torch_function_impl

    @staticmethod
    def __new__(cls, inner: torch.Tensor) -> OnCard:
        made = torch.Tensor._make_wrapper_subclass(
            cls, inner.size(), strides=inner.stride(), storage_offset=inner.storage_offset(), dtype=inner.dtype,
            layout=inner.layout, device=CARD, requires_grad=False,
        )  # fmt: skip
        made._inner = inner
        return made

    def __init__(self, inner: torch.Tensor) -> None: ...

    @classmethod
    def __torch_dispatch__(cls, func, types, args=(), kwargs=None):
        return card.run(func, args, kwargs or {})

    def __repr__(self, *a, **k) -> str:
        return f"OnCard({tuple(self.shape)}, {self.dtype})"

    def numpy(self, *a, **k):
        raise TypeError(
            "can't convert cuda:0 device type tensor to numpy. Use Tensor.cpu() to copy the tensor to host memory first."
        )

    def tolist(self):
        card.note_sync("tolist()", footprint(self))
        if card.flavour == "meta":
            self = torch.full(
                self.shape, False if self.dtype is torch.bool else card.answer, dtype=self.dtype
            )
            return self.tolist()
        return self._inner.tolist()

    def untyped_storage(self) -> CardStorage:
        return CardStorage(self._inner.untyped_storage())

    def set_(self, source=None, storage_offset=0, size=None, stride=None):
        if isinstance(source, CardStorage):
            inner = torch.empty(0, dtype=self.dtype, device=self._inner.device)
            inner.set_(source.inner, storage_offset, size, stride)
            card.alive(inner)
            self.data = OnCard(inner)
            return self
        if isinstance(source, torch.UntypedStorage):
            raise RuntimeError(
                "Attempted to set the storage of a tensor on device 'cuda:0' to a storage on a different device 'cpu'."
            )
        return super().set_(source, storage_offset, size, stride)


class CardStorage:
    """torch.UntypedStorage of the card, as far as programs use it."""

    def __init__(self, inner: torch.UntypedStorage) -> None:
        self.inner, self.device = inner, CARD

    def data_ptr(self) -> int:
        return self.inner.data_ptr() or self.inner._cdata

    def nbytes(self) -> int:
        return self.inner.nbytes()

    def _copy(self, to: str) -> torch.UntypedStorage:
        source = torch.empty(0, dtype=torch.uint8, device=self.inner.device).set_(self.inner)
        if to != "meta" and source.device.type == "meta":
            return torch.zeros(self.nbytes(), dtype=torch.uint8, device=to).untyped_storage()
        return source.to(to, copy=True).untyped_storage()

    def to(self, *, device, non_blocking=False):
        device = torch.device(device)
        if device.type == "cuda":
            return self
        card.note_transfer("device to host (storage)", self.nbytes(), not non_blocking)
        return self._copy("cpu")

    def clone(self):
        return CardStorage(self._copy(card.flavour))


# ------------------------------------------------------------------------------------------------ the machine


class Card(TorchDispatchMode):
    """The card itself; there is one, `card`."""

    def __init__(self) -> None:
        super().__init__()
        self.flavour = "cpu"
        self.keeps_ops = True
        self.keeps_places = False
        self.places: tuple[str, ...] = ()
        self.strict_capture = False
        self.out_of_memory_at = -2
        """A step whose backward pass runs out of memory, once."""
        self.answer = -1
        """On "meta": the number that is read back, whatever is asked (bools are False)."""
        self.reset()

    def reset(self) -> None:
        """Forget what was noted; what is alive stays alive."""
        self.log = Log()
        self.phase, self.step = "rest", -1
        if not hasattr(self, "_live"):
            self._live: dict[int, int] = {}
            self.allocated = 0
        self.peak = self.allocated

    # ---- memory: as torch's caching allocator counts it, blocks of 512 bytes
    def alive(self, inner: torch.Tensor) -> None:
        storage = inner.untyped_storage()
        key = storage._cdata
        if key in self._live:
            return
        nbytes = -(-storage.nbytes() // 512) * 512
        self._live[key] = nbytes
        self.allocated += nbytes
        self.peak = max(self.peak, self.allocated)
        weakref.finalize(storage, self._dead, key)

    def _dead(self, key: int) -> None:
        self.allocated -= self._live.pop(key, 0)

    # ---- notes
    def where(self) -> str:
        """The innermost line of the program at hand, and who called torch there."""
        frame, found, inner = sys._getframe(1), "", ""
        while frame is not None:
            name = frame.f_code.co_filename
            if name.startswith(str(HERE)) or "/torch/utils/_python_dispatch" in name:
                frame = frame.f_back
                continue
            short = f"{name}:{frame.f_lineno}"
            if not inner and "/torch/" not in name:
                inner = short
            if any(name.startswith(p) for p in self.places):
                found = short
                break
            frame = frame.f_back
        for p in self.places:
            found, inner = found.replace(p + "/", ""), inner.replace(p + "/", "")
        inner = inner.split("site-packages/")[-1]
        return found if found == inner or not inner else f"{found or '-'} ({inner})" if found else inner

    def note_sync(self, kind: str, nbytes: int = 0) -> None:
        self.log.syncs.append(Sync(kind, self.where(), self.phase, self.step, nbytes))
        if self.strict_capture:
            raise RuntimeError(f"operation not permitted when stream is capturing: {kind}")

    def note_transfer(self, kind: str, nbytes: int, is_blocking: bool) -> None:
        self.log.transfers.append(Sync(kind, self.where(), self.phase, self.step, nbytes))
        if is_blocking:
            self.note_sync(f"blocking copy, {kind}", nbytes)

    # ---- operations
    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        return self.run(func, args, kwargs or {})

    def run(self, func, args, kwargs):
        name = func.overloadpacket.__name__
        if self.step == self.out_of_memory_at and self.phase == "backward":
            self.out_of_memory_at = -2
            raise torch.OutOfMemoryError(
                "CUDA out of memory. Tried to allocate 20.00 MiB. (the stand-in was asked to)"
            )
        flat, spec = tree_flatten((args, kwargs))
        on_card = [x for x in flat if isinstance(x, OnCard)]
        device = kwargs.get("device")
        wants_card = device is not None and torch.device(device).type == "cuda"
        if not on_card and not wants_card:
            return func(*args, **kwargs)
        hosts = [x for x in flat if isinstance(x, torch.Tensor) and not isinstance(x, OnCard)]
        self._check(func, name, on_card, hosts, wants_card)
        if name in ("_to_copy", "copy_") and (hosts or (device is not None and not wants_card)):
            return self._transfer(func, name, args, kwargs)
        if name == "_foreach_copy_" and hosts:
            for to, of in zip(args[0], args[1], strict=True):
                to.copy_(of, non_blocking=bool(args[2]) if len(args) > 2 else False)
            return None
        if name == "_local_scalar_dense":
            return self._read(args[0])
        if name in SYNCS and not (name == "repeat_interleave" and kwargs.get("output_size") is not None):
            self.note_sync(f"{name}()", sum(map(footprint, on_card)))
        if name in ("index", "index_put_", "index_put", "_index_put_impl_"):
            for index in args[1]:
                if isinstance(index, torch.Tensor) and index.dtype in (torch.bool, torch.uint8):
                    self.note_sync(f"{name}() by a mask", index.numel())
                elif isinstance(index, torch.Tensor) and not isinstance(index, OnCard) and index.numel() > 1:
                    self.note_transfer("index from host memory", footprint(index), True)
        if name == "_pin_memory":
            raise RuntimeError("cannot pin 'torch.cuda.FloatTensor' only dense CPU tensors can be pinned")
        return self._compute(func, name, flat, spec, args, on_card)

    def _check(self, func, name, on_card, hosts, wants_card) -> None:
        """What CUDA refuses."""
        if name in MIXING or func.namespace not in ("aten", "prims"):
            return
        strangers = [t for t in hosts if t.ndim > 0]
        if (on_card or wants_card) and strangers and hosts:
            if (
                wants_card
                and not on_card
                and name.startswith(
                    ("new_", "zeros_like", "ones_like", "empty_like", "full_like", "rand_like", "randn_like")
                )
            ):
                return
            raise RuntimeError(
                f"Expected all tensors to be on the same device, but found at least two devices, cuda:0 and cpu! ({func})"
            )

    def _transfer(self, func, name, args, kwargs):
        if name == "_to_copy":
            source, is_waiting = args[0], not kwargs.get("non_blocking", False)
            to_card = not isinstance(source, OnCard)
            nbytes = footprint(source)
            self._note_way(to_card, source, is_waiting, nbytes)
            kwargs = {**kwargs, "device": self.flavour if to_card else "cpu"}
            kwargs.pop("pin_memory", None)
            if to_card:
                inner = func(source, **kwargs)
                self.alive(inner)
                return OnCard(inner)
            if self.flavour == "meta":
                like = source._inner
                made = torch.empty_strided(like.shape, like.stride(), dtype=kwargs.get("dtype") or like.dtype)
                return made.fill_(False if made.dtype is torch.bool else self.answer)
            return func(source._inner, **kwargs)
        to, source = args[0], args[1]
        is_waiting = not (args[2] if len(args) > 2 else kwargs.get("non_blocking", False))
        to_card = isinstance(to, OnCard)
        self._note_way(to_card, source if to_card else to, is_waiting, footprint(source))
        if to_card:
            to._inner.copy_(source if self.flavour == "cpu" else source.to("meta"))
        elif self.flavour == "cpu":
            to.copy_(source._inner)
        else:
            to.fill_(False if to.dtype is torch.bool else self.answer)
        return to

    def _note_way(self, to_card: bool, host: torch.Tensor, is_waiting: bool, nbytes: int) -> None:
        """A copy between host and card. From pageable memory the host waits for the copy, whatever it asked for."""
        if to_card:
            is_pinned = host.is_pinned()
            if host.ndim == 0 and not is_pinned:
                kind = "host to device, a single number"
            else:
                kind = "host to device, " + ("pinned" if is_pinned else "pageable")
            self.note_transfer(kind, nbytes, is_waiting or not is_pinned)
        else:
            self.note_transfer("device to host", nbytes, True)

    def _read(self, tensor: OnCard):
        self.note_sync("item() or bool()", tensor.element_size())
        if self.flavour == "meta":
            return {torch.bool: False}.get(
                tensor.dtype, float(self.answer) if tensor.is_floating_point() else self.answer
            )
        return tensor._inner.item()

    def _compute(self, func, name, flat, spec, args, on_card):
        outer_of = {id(t._inner): t for t in on_card}
        twin, given = None, None
        moved = []
        for x in flat:
            if isinstance(x, OnCard):
                moved.append(x._inner)
            elif isinstance(x, torch.Tensor):
                moved.append(x.to("meta") if self.flavour == "meta" else x)
            elif isinstance(x, torch.device):
                moved.append(torch.device(self.flavour) if x.type == "cuda" else x)
            elif isinstance(x, torch.Generator):
                if x.device.type != "cuda":
                    raise RuntimeError(
                        f"Expected a 'cuda' device type for generator but found '{x.device.type}' ({func})"
                    )
                given, twin = x, torch.Generator("cpu")
                twin.set_state(x.get_state())
                moved.append(None if self.flavour == "meta" else twin)
            else:
                moved.append(x)
        inner_args, inner_kwargs = tree_unflatten(moved, spec)
        if "pin_memory" in inner_kwargs:
            inner_kwargs["pin_memory"] = None
        out = self._kernel(func, name, inner_args, inner_kwargs)
        if twin is not None and self.flavour == "cpu":
            given.set_state(twin.get_state())

        def wrap(t: torch.Tensor):
            outer = outer_of.get(id(t))
            if outer is not None:
                return outer
            self.alive(t)
            return OnCard(t)

        result = tree_map_only(torch.Tensor, wrap, out)
        if name in ("resize_", "set_") and isinstance(result, OnCard):
            result.data = OnCard(result._inner)
        if name not in VIEWS and name not in EMPTY and self.keeps_ops:
            self._note(func, name, flat, inner_args, out)
        return result

    def _kernel(self, func, name, args, kwargs):
        own = _CPU_KERNELS.get(name) if self.flavour == "cpu" else _META_KERNELS.get(name)
        if own is not None:
            return own(*args, **kwargs)
        if func.namespace == "bitsandbytes":
            return None
        return func(*args, **kwargs)

    def _note(self, func, name, flat, args, out) -> None:
        kind = kind_of(name)
        ins = {id(t): t for t in flat if isinstance(t, torch.Tensor)}.values()
        outs = [t for t in tree_flatten(out)[0] if isinstance(t, torch.Tensor)]
        is_in_place = name.endswith("_") or "out" in func._overloadname
        nbytes = sum(map(footprint, ins)) + (
            footprint(flat[0])
            if is_in_place and flat and isinstance(flat[0], torch.Tensor)
            else sum(map(footprint, outs))
        )
        if (
            name.startswith(("_foreach", "_fused_"))
            and is_in_place
            and args
            and isinstance(args[0], list | tuple)
        ):
            nbytes = sum(map(footprint, ins)) + sum(footprint(t) for t in args[0]) * (
                3 if name.startswith("_fused_adam") else 1
            )
        if kind == "fill":
            nbytes = sum(map(footprint, outs))
        numbers = tuple(x for x in flat if isinstance(x, int | float) and not isinstance(x, bool))
        where = self.where() if self.keeps_places else ""
        shape = tuple(outs[0].shape) if outs else ()
        self.log.ops.append(
            Op(
                name,
                self.phase,
                kind,
                launches_of(name, flat, args, out),
                nbytes,
                numbers,
                where,
                shape,
                _flops(name, args, outs[0] if outs else None),
                self.step,
            )
        )

    # ---- plugging in
    @contextlib.contextmanager
    def plugged_in(self, flavour: str = "cpu", places: tuple[str, ...] = (), total: int = 24 * 2**30):
        """torch with this card. flavour: "cpu" computes, "meta" knows shapes only. places: folders of the program."""
        assert flavour in ("cpu", "meta")
        self.flavour, self.places = flavour, tuple(str(Path(p).resolve()) for p in places)
        self.total = total
        self.reset()
        lifts = torch._C._only_lift_cpu_tensors()
        torch._C._set_only_lift_cpu_tensors(
            True
        )  # torch.tensor(..., device="cuda") is a CPU tensor, then a copy
        try:
            with _patched(self), self:
                yield self
        finally:
            torch._C._set_only_lift_cpu_tensors(lifts)


def _sdpa(q, k, v, attn_mask=None, dropout_p=0.0, is_causal=False, scale=None, enable_gqa=False):
    """The choice that torch makes on an sm80 or sm90 card: flash where it can, else memory-efficient."""
    if not isinstance(q, OnCard):
        return _patched.sdpa(q, k, v, attn_mask, dropout_p, is_causal, scale=scale, enable_gqa=enable_gqa)
    if torch.is_autocast_enabled("cuda"):
        dtype = torch.get_autocast_dtype("cuda")
        q, k, v = (t.to(dtype) if t.dtype is torch.float32 else t for t in (q, k, v))
        if attn_mask is not None and attn_mask.dtype is torch.float32:
            attn_mask = attn_mask.to(dtype)
    if q.dtype in (torch.float16, torch.bfloat16) and attn_mask is None and q.shape[-1] <= 256:
        card.log.attention["flash"] += 1
        return aten._scaled_dot_product_flash_attention(q, k, v, dropout_p, is_causal, False, scale=scale)[0]
    card.log.attention[f"efficient{' with mask' if attn_mask is not None else ''}"] += 1
    if attn_mask is not None and attn_mask.dtype is torch.bool:
        attn_mask = torch.zeros_like(attn_mask, dtype=q.dtype).masked_fill(~attn_mask, float("-inf"))
    if attn_mask is not None:
        attn_mask = attn_mask.expand(q.shape[0], q.shape[1], q.shape[2], k.shape[2])
    needs = torch.is_grad_enabled() and any(t.requires_grad for t in (q, k, v))
    return aten._scaled_dot_product_efficient_attention(
        q, k, v, attn_mask, needs, dropout_p, is_causal, scale=scale
    )[0]


def _cpu_flash(q, k, v, dropout_p=0.0, is_causal=False, return_debug_mask=False, *, scale=None):
    out, lse = aten._scaled_dot_product_flash_attention_for_cpu(q, k, v, dropout_p, is_causal, scale=scale)
    seed = torch.zeros(2, dtype=torch.int64)
    return (
        out,
        lse,
        None,
        None,
        q.shape[2],
        k.shape[2],
        seed,
        torch.zeros((), dtype=torch.int64),
        torch.empty(0),
    )


def _cpu_flash_backward(
    g, q, k, v, out, lse, cq, ck, mq, mk, dropout_p, is_causal, seed, unused, *, scale=None
):
    return aten._scaled_dot_product_flash_attention_for_cpu_backward(
        g, q, k, v, out, lse, dropout_p, is_causal, scale=scale
    )


def _cpu_efficient(q, k, v, bias, compute_lse, dropout_p=0.0, is_causal=False, *, scale=None):
    out, lse = aten._scaled_dot_product_flash_attention_for_cpu(
        q, k, v, dropout_p, is_causal, attn_mask=bias, scale=scale
    )
    zero = torch.zeros((), dtype=torch.int64)
    return out, lse, zero, zero.clone()


def _cpu_efficient_backward(
    g, q, k, v, bias, out, lse, seed, offset, dropout_p, mask, is_causal=False, *, scale=None
):
    dq, dk, dv = aten._scaled_dot_product_flash_attention_for_cpu_backward(
        g, q, k, v, out, lse, dropout_p, is_causal, attn_mask=bias, scale=scale
    )
    return dq, dk, dv, None


_CPU_KERNELS = {
    "_scaled_dot_product_flash_attention": _cpu_flash,
    "_scaled_dot_product_flash_attention_backward": _cpu_flash_backward,
    "_scaled_dot_product_efficient_attention": _cpu_efficient,
    "_scaled_dot_product_efficient_attention_backward": _cpu_efficient_backward,
}
_META_KERNELS: dict[str, Any] = {}


# Operations that have a kernel of their own on CUDA, and that a build without CUDA would take apart.
_kernels = library.Library("aten", "IMPL", "CUDA")
for _name in ("silu_backward", "mish_backward"):
    if not torch._C._dispatch_has_kernel_for_dispatch_key(f"aten::{_name}", "CUDA"):
        _kernels.impl(_name, lambda *a, **k: None)


class _Stream:
    """torch.cuda.Stream, without a life of its own."""

    def __init__(self, *a, **k) -> None:
        self.device, self.cuda_stream, self.stream_id = CARD, 0, 0

    def wait_stream(self, other): ...
    def wait_event(self, event): ...
    def record_event(self, event=None):
        return event or _Event()

    def synchronize(self):
        card.note_sync("stream.synchronize()")

    def query(self):
        return True

    def __enter__(self):
        return self

    def __exit__(self, *a): ...


class _Event:
    def __init__(self, *a, **k) -> None: ...
    def record(self, stream=None): ...
    def wait(self, stream=None): ...
    def query(self):
        return True

    def synchronize(self):
        card.note_sync("event.synchronize()")

    def elapsed_time(self, other):
        return 1.0


@contextlib.contextmanager
def _patched(machine: Card):
    """torch's Python side, as it is in a build with CUDA on a machine with one card."""
    import torch._dynamo  # asks what torch was built with, once

    cuda, undo = torch.cuda, []

    def put(owner, name, value):
        missing = object()
        old = owner.__dict__.get(name, missing)
        undo.append(lambda: delattr(owner, name) if old is missing else setattr(owner, name, old))
        setattr(owner, name, value)

    generator = torch.Generator("cuda")
    properties = types.SimpleNamespace(
        name="Stand-in", major=9, minor=0, total_memory=machine.total, multi_processor_count=132,
        gcnArchName="", is_integrated=False, warp_size=32,
    )  # fmt: skip

    def note(kind):
        return lambda *a, **k: machine.note_sync(kind)

    for name, value in {
        "is_available": lambda: True, "_is_compiled": lambda: True, "device_count": lambda: 1,
        "current_device": lambda: 0, "set_device": lambda d: None, "get_device_name": lambda d=None: "Stand-in",
        "get_device_capability": lambda d=None: (9, 0), "get_device_properties": lambda d=None: properties,
        "is_bf16_supported": lambda including_emulation=True: True,
        "mem_get_info": lambda d=None: (machine.total - machine.allocated, machine.total),
        "synchronize": note("cuda.synchronize()"), "empty_cache": lambda: machine.log.notes.update(["empty_cache"]),
        "reset_peak_memory_stats": lambda d=None: setattr(machine, "peak", machine.allocated),
        "max_memory_allocated": lambda d=None: machine.peak, "memory_allocated": lambda d=None: machine.allocated,
        "max_memory_reserved": lambda d=None: machine.peak, "memory_reserved": lambda d=None: machine.allocated,
        "Stream": _Stream, "Event": _Event, "current_stream": lambda d=None: _Stream(),
        "default_stream": lambda d=None: _Stream(), "stream": lambda s: contextlib.nullcontext(),
        "get_rng_state": lambda d="cuda": generator.get_state(),
        "set_rng_state": lambda s, d="cuda": generator.set_state(s),
        "get_rng_state_all": lambda: [generator.get_state()], "set_rng_state_all": lambda s: None,
        "manual_seed": lambda s: generator.manual_seed(s), "manual_seed_all": lambda s: generator.manual_seed(s),
        "_is_in_bad_fork": lambda: False, "is_initialized": lambda: True, "init": lambda: None,
        "_lazy_init": lambda: None, "_lazy_call": lambda f, **k: None, "is_current_stream_capturing": lambda: machine.strict_capture,
        "ipc_collect": lambda: None, "default_generators": (generator,),
        "set_per_process_memory_fraction": lambda *a, **k: None, "device": lambda d: contextlib.nullcontext(),
        "_device": lambda d: contextlib.nullcontext(), "device_of": lambda t: contextlib.nullcontext(),
    }.items():  # fmt: skip
        put(cuda, name, value)

    data = torch._C.TensorBase.data

    def set_data(self, value):
        if not isinstance(self, OnCard) and not isinstance(value, OnCard):
            data.__set__(self, value)
        elif isinstance(self, OnCard) and isinstance(value, OnCard):
            data.__set__(self, value)
            self._inner = value._inner
        else:
            kept = {k: v for k, v in self.__dict__.items() if k != "_inner"}
            other = value.detach()
            if isinstance(self, torch.nn.Parameter):
                other = torch.nn.Parameter(other, requires_grad=self.requires_grad)
            torch.utils.swap_tensors(self, other)
            self.__dict__.update(kept)

    put(torch.Tensor, "data", property(lambda self: data.__get__(self), set_data))

    storage_to = torch.UntypedStorage.to

    def to(self, *, device, non_blocking=False):
        if torch.device(device).type == "cuda":
            machine.note_transfer("host to device (storage)", self.nbytes(), not non_blocking)
            source = torch.empty(0, dtype=torch.uint8).set_(self)
            return CardStorage(source.to(machine.flavour, copy=True).untyped_storage())
        return storage_to(self, device=device, non_blocking=non_blocking)

    put(torch.UntypedStorage, "to", to)
    for module in ("torch.utils._foreach_utils", "torch.optim.optimizer"):
        types_of = sys.modules[module]._foreach_supported_types
        if OnCard not in types_of:
            types_of.append(OnCard)
    _patched.sdpa = torch._C._nn.scaled_dot_product_attention
    put(torch.nn.functional, "scaled_dot_product_attention", _sdpa)
    swaps = torch.__future__.get_swap_module_params_on_conversion()
    torch.__future__.set_swap_module_params_on_conversion(True)

    backward = torch.Tensor.backward

    def noted_backward(self, *a, **k):
        before, machine.phase = machine.phase, "backward"
        try:
            return backward(self, *a, **k)
        finally:
            machine.phase = before

    put(torch.Tensor, "backward", noted_backward)
    try:
        yield
    finally:
        torch.__future__.set_swap_module_params_on_conversion(swaps)
        for each in reversed(undo):
            each()


card = Card()
