"""The operations of Stable Diffusion's networks, as a tape plays them.

What an operation keeps for its gradients is what torch's derivatives.yaml says; which type it works in under
mixed precision is what torch.autocast's lists of operations say.
"""

from __future__ import annotations

import math

from core.adapters.targets import Module
from core.forecast.memory import Store
from core.forecast.tape import FLOAT, Layer, Tape, Tensor, Weight

PIECE = 512
"""Queries at a time, as core.models.sd.attention.PIECE."""


def linear(tape: Tape, path: str, x: Tensor, outputs: int, has_bias: bool = True) -> Tensor:
    """A matrix product over the last dimension, with the LoRA that may be on it."""
    *rows, inputs = x.shape
    tape.layers[tape.part, path] = Layer("Linear", 0, inputs, outputs, has_bias)
    work = 2 * math.prod(rows) * inputs
    x = cast(tape, x)
    shape = (*rows, outputs)
    rank = tape.rules.ranks.get((tape.part, path), 0)
    if rank:
        return _lora_linear(tape, path, x, shape, rank)
    weights = _weights(tape, path, Layer("Linear", 0, inputs, outputs, has_bias))
    out = tape.op((shape, x.item), (x,), _kept(tape, x, weights), weights)
    tape.count(out, work * outputs)
    return out


def _lora_linear(tape: Tape, path: str, x: Tensor, shape: tuple[int, ...], rank: int) -> Tensor:
    """As core.adapters.network._fused_linear: base(x), down(x), and one addmm of both."""
    *rows, inputs = x.shape
    base = tape.op((shape, x.item), (x,))
    tape.count(base, 2 * math.prod(rows) * inputs * shape[-1])
    down = (Weight(f"{tape.part}.{path}.down", rank * inputs, x.item),)
    reduced = tape.op(((*rows, rank), x.item), (x,), _kept(tape, x, down), down)
    tape.count(reduced, 2 * math.prod(rows) * inputs * rank)
    up = (Weight(f"{tape.part}.{path}.up", rank * shape[-1], x.item),)
    kept = _kept(tape, reduced, up)
    out = tape.op((shape, x.item), (base, reduced), kept, up, passes=1)
    tape.count(out, 2 * math.prod(rows) * rank * shape[-1])
    return out


def conv(tape: Tape, path: str, x: Tensor, outputs: int, kernel: int = 3, stride: int = 1) -> Tensor:
    """A convolution padded to keep the size, but for the stride; with the LoRA that may be on it."""
    batch, inputs, height, width = x.shape
    layer = Layer("Conv2d", kernel, inputs, outputs, True)
    tape.layers[tape.part, path] = layer
    shape = (batch, outputs, -(-height // stride), -(-width // stride))
    given, x = x, cast(tape, x)
    weights = _weights(tape, path, layer)
    out = tape.op((shape, x.item), (x,), _kept(tape, x, weights), weights)
    work = 2 * batch * math.prod(shape[2:]) * kernel**2
    tape.count(out, work * inputs * outputs)
    rank = tape.rules.ranks.get((tape.part, path), 0)
    if not rank:
        return out
    # PEFT's own: the input in the type of the adapter's weights, two convolutions, a factor, a sum.
    x = cast(tape, cast(tape, given, tape.rules.trained) if tape.rules.is_mixed else given)
    del given
    down = (Weight(f"{tape.part}.{path}.down", rank * inputs * kernel**2, x.item),)
    reduced = tape.op(((batch, rank, *shape[2:]), x.item), (x,), _kept(tape, x, down), down)
    tape.count(reduced, work * inputs * rank)
    up = (Weight(f"{tape.part}.{path}.up", rank * outputs, x.item),)
    added = tape.op((shape, x.item), (reduced,), _kept(tape, reduced, up), up)
    tape.count(added, 2 * batch * math.prod(shape[2:]) * rank * outputs)
    return add(tape, out, scaled(tape, added))


def group_norm(tape: Tape, path: str, x: Tensor, groups: int) -> Tensor:
    """Over groups of channels; in float32 under autocast on a GPU."""
    channels = x.shape[1]
    return _norm(tape, path, x, channels, x.shape[0] * groups)


def layer_norm(tape: Tape, path: str, x: Tensor) -> Tensor:
    """Over the last dimension; in float32 under autocast on a GPU."""
    return _norm(tape, path, x, x.shape[-1], math.prod(x.shape[:-1]))


def _norm(tape: Tape, path: str, x: Tensor, channels: int, means: int) -> Tensor:
    layer = Layer("Norm", 0, channels, channels, True)
    tape.layers[tape.part, path] = layer
    if tape.rules.is_mixed and tape.rules.is_gpu:
        x = cast(tape, x, FLOAT)
    weights = ()
    if tape.part in tape.rules.parts:
        weights = (Weight(f"{tape.part}.{path}", layer.numbers, tape.rules.trained),)
    statistics = Store(tape.memory, 2 * means * FLOAT)
    return tape.op((x.shape, x.item), (x,), (x.store, statistics), weights)


def embedding(tape: Tape, path: str, rows: int, tokens: tuple[int, int], width: int) -> Tensor:
    """Rows of a table for tokens (B, T)."""
    layer = Layer("Embedding", 0, rows, width, False)
    tape.layers[tape.part, path] = layer
    is_trained = tape.part in tape.rules.parts
    weights = (Weight(f"{tape.part}.{path}", layer.numbers, tape.rules.trained),) if is_trained else ()
    item = tape.rules.trained if is_trained else FLOAT
    return tape.op(((*tokens, width), item), (), (), weights)


def attention(tape: Tape, q: Tensor, k: Tensor, v: Tensor, heads: int) -> Tensor:
    """Scaled dot-product attention that keeps no table of weights: query, key, value, result and a sum a row.

    q: (B, T, C), k and v: (B, S, C). Source: Dao et al. 2022, arXiv:2205.14135.
    """
    batch, queries, width = q.shape
    keys = k.shape[1]
    table = batch * heads * min(queries, PIECE) * keys * (q.item + FLOAT)
    sums = Store(tape.memory, batch * heads * queries * FLOAT)
    beside = Store(tape.memory, table) if tape.rules.pieces else None
    saved = (q.store, k.store, v.store, None if tape.rules.pieces else sums)
    out = tape.op((q.shape, q.item), (q, k, v), saved, keeps=not tape.rules.pieces)
    del beside
    # Two products forward; backward these again (they were not kept) and two for each of them.
    work = 4 * batch * queries * keys * width
    tape.flops += work
    if out.node is not None:
        out.node.flops = work * 5 // 2
        if tape.rules.pieces:
            out.node.temporary = 2 * table
        elif tape.rules.is_gpu:
            # The gradient of the queries is added up in float32.
            out.node.temporary = q.nbytes // q.item * FLOAT
    return out


def add(tape: Tape, x: Tensor, y: Tensor) -> Tensor:
    """A sum; of two types the wider."""
    shape, item = max(x.shape, y.shape, key=math.prod), max(x.item, y.item)
    is_alike = x.nbytes == y.nbytes
    return tape.op((shape, item), (x, y), passes=2 if is_alike else 0)


def scaled(tape: Tape, x: Tensor) -> Tensor:
    """Times, or divided by, a plain number, which makes a new tensor even for 1."""
    return tape.op((x.shape, x.item), (x,))


def silu(tape: Tape, x: Tensor) -> Tensor:
    return tape.op((x.shape, x.item), (x,), (x.store,))


gelu = silu
"""Keeps the same."""


def quick_gelu(tape: Tape, x: Tensor) -> Tensor:
    """x times the sigmoid of 1.702 x."""
    share = tape.op((x.shape, x.item), (scaled(tape, x),), keeps=True)
    return tape.op((x.shape, x.item), (x, share), (x.store, share.store))


def gated_gelu(tape: Tape, x: Tensor) -> Tensor:
    """One half of x times the GELU of the other half."""
    shape = (*x.shape[:-1], x.shape[-1] // 2)
    half = tape.op((shape, x.item), (x,), view=True)
    if half.node is not None:
        half.node.inputs = [(node, x.nbytes, False) for node, *_ in half.node.inputs]
        half.node.slots = True
    gate = gelu(tape, half)
    return tape.op((shape, x.item), (half, gate), (x.store, gate.store))


def cat(tape: Tape, x: Tensor, y: Tensor) -> Tensor:
    """Side by side in channels."""
    shape = (x.shape[0], x.shape[1] + y.shape[1], *x.shape[2:])
    return tape.op((shape, max(x.item, y.item)), (x, y), passes=2)


def upsample(tape: Tape, x: Tensor) -> Tensor:
    """Twice as wide and high."""
    batch, channels, height, width = x.shape
    return tape.op(((batch, channels, 2 * height, 2 * width), x.item), (x,))


def moved(tape: Tape, x: Tensor, shape: tuple[int, ...], is_copied: bool) -> Tensor:
    """The same numbers in another order of dimensions."""
    return tape.op((shape, x.item), (x,), view=not is_copied, passes=1)


def cast(tape: Tape, x: Tensor, item: int | None = None) -> Tensor:
    """In another type; without one, in that of matrix products."""
    wanted = tape.rules.compute if item is None else item
    return x if x.item == wanted else tape.op((x.shape, wanted), (x,))


def modules(tape: Tape, part: str) -> list[Module]:
    """The layers of a part that a LoRA may be put on."""
    return [
        Module(path, layer.kind, layer.kernel)
        for (owner, path), layer in tape.layers.items()
        if owner == part and layer.kind in ("Linear", "Conv2d")
    ]


def _weights(tape: Tape, path: str, layer: Layer) -> tuple[Weight, ...]:
    if tape.part not in tape.rules.parts:
        return ()
    return (Weight(f"{tape.part}.{path}", layer.numbers, tape.rules.compute),)


def _kept(tape: Tape, x: Tensor, weights: tuple[Weight, ...]) -> tuple[Store | None, ...]:
    """The input for the gradient of the weight, the weight for that of the input; frozen ones lie ready."""
    if not weights:
        return (None,)
    copies = [tape.copy_of(weight) for weight in weights]
    return (x.store, *(copies if x.node is not None else ()))
