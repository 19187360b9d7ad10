"""A training step played with shapes in place of numbers: what autograd keeps, when, and for how long.

The walks over the parts of a model (core.forecast.unet and its neighbours) use a tape as the real code uses
torch, with variables that live as long as they do there, so that memory is freed when it is freed there.
"""

from __future__ import annotations

import contextlib
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from core.forecast.memory import GRADIENTS, WEIGHTS, Memory, Store

Shape = tuple[int, ...]

FLOAT = 4
"""Bytes of a float32."""


@dataclass(frozen=True)
class Rules:
    """How the numbers of a run are held.

    compute: bytes of a number in matrix products. trained: bytes of a trained weight and of its gradient.
    checkpoints: activations are recomputed. pieces: attention by core.models.sd.attention.InPieces.
    ranks: (part, path) -> rank of its LoRA. parts: those whose own weights are trained.
    keeps_gradients: they lie there from an earlier micro-batch.
    """

    compute: int = FLOAT
    trained: int = FLOAT
    is_gpu: bool = False
    checkpoints: bool = False
    pieces: bool = False
    ranks: Mapping[tuple[str, str], int] = field(default_factory=dict)
    parts: frozenset[str] = frozenset()
    keeps_gradients: bool = False

    @property
    def is_mixed(self) -> bool:
        """Whether torch.autocast is on."""
        return self.compute != FLOAT

    @property
    def is_channels_last(self) -> bool:
        """Whether frozen convolutions lie channels last, see core.train.weights.trained.prepare_frozen."""
        return not self.is_gpu and "unet" not in self.parts


class Weight(NamedTuple):
    """A trained weight. numbers: how many. item: bytes of each as an operation gives its gradient."""

    name: str
    numbers: int
    item: int


class Layer(NamedTuple):
    """A layer met on a walk. kind: Linear, Conv2d, Norm or Embedding. kernel: side, 0 for none."""

    kind: str
    kernel: int
    inputs: int
    outputs: int
    has_bias: bool

    @property
    def numbers(self) -> int:
        """Numbers in its weight and bias."""
        if self.kind == "Norm":
            return 2 * self.outputs
        return self.inputs * self.outputs * max(1, self.kernel) ** 2 + self.outputs * self.has_bias


class Node:
    """One operation of the graph.

    inputs: for each input with a gradient what made it, the gradient's bytes, and whether it is the very one
    that came (or a view of it). slots: gradients wait for each other here and are not added up. temporary:
    bytes needed while its own gradients are worked out.
    """

    __slots__ = ("flops", "grads", "inputs", "saved", "segment", "slots", "temporary", "wants", "weights")

    def __init__(self, inputs: list[tuple[Node, int, bool]], weights: tuple[Weight, ...]) -> None:
        self.inputs, self.weights = inputs, weights
        self.saved: list[Store] = []
        self.grads: list[Store] = []
        self.segment: Segment | None = None
        self.slots = self.wants = False
        self.flops = self.temporary = 0


class Tensor:
    """A shape with the bytes of one number, in a block of memory. node: what made it; None: no gradient."""

    __slots__ = ("item", "node", "shape", "store")

    def __init__(self, shape: Shape, item: int, store: Store) -> None:
        self.shape, self.item, self.store = shape, item, store
        self.node: Node | None = None

    @property
    def nbytes(self) -> int:
        return math.prod(self.shape) * self.item


class Segment:
    """A stretch of the network whose activations are worked out again when its gradients are due."""

    def __init__(self, run: Callable[..., Tensor], inputs: tuple[Tensor, ...], nodes: list[Node]) -> None:
        self.run, self.inputs, self.nodes = run, inputs, nodes
        self.is_played = False


class _Enough(Exception):
    """Everything that was dropped is there again."""


class Tape:
    """Plays operations. layers: those met, by part and path. flops: floating-point operations so far."""

    def __init__(self, rules: Rules, memory: Memory, is_recording: bool = True) -> None:
        self.rules, self.memory, self.is_recording = rules, memory, is_recording
        self.part = ""
        self.flops = 0
        self.layers: dict[tuple[str, str], Layer] = {}
        self._nodes: list[Node] = []
        self._saves = True
        self._last: int | None = None
        self._copies: dict[str, Store] = {}
        self._gradients: dict[str, Store] = {}

    def new(self, shape: Shape, item: int) -> Tensor:
        """A tensor that nothing made."""
        return Tensor(shape, item, Store(self.memory, math.prod(shape) * item))

    def op(
        self,
        like: tuple[Shape, int],
        inputs: tuple[Tensor, ...],
        saved: tuple[Store | None, ...] = (),
        weights: tuple[Weight, ...] = (),
        view: bool = False,
        passes: int = 0,
        keeps: bool = False,
    ) -> Tensor:
        """The result of an operation.

        like: its shape and bytes of a number. saved: what is kept for the gradients. view: the result lies in
        the first input's memory. passes: so many of the inputs get the very gradient that comes (or a view of
        it). keeps: the result itself is saved.
        """
        shape, item = like
        out = Tensor(shape, item, inputs[0].store if view else Store(self.memory, math.prod(shape) * item))
        if not self.is_recording:
            return out
        known = [(t.node, t.nbytes, n < passes) for n, t in enumerate(inputs) if t.node is not None]
        if not (known or weights):
            return out
        node = out.node = Node(known, weights)
        kept = [store for store in saved if store is not None]
        if keeps:
            kept.append(out.store)
        node.wants = bool(kept)
        if self._saves:
            node.saved = kept
        self._nodes.append(node)
        if self._last is not None and len(self._nodes) > self._last:
            raise _Enough
        return out

    def count(self, out: Tensor, flops: int) -> None:
        """An operation's work: once forward, and once again for each of what it has gradients for."""
        self.flops += flops
        if out.node is not None:
            out.node.flops = flops * (bool(out.node.inputs) + bool(out.node.weights))

    def copy_of(self, weight: Weight) -> Store | None:
        """The half-precision copy of a trained float32 weight; torch.autocast makes one for all uses."""
        if weight.item == self.rules.trained:
            return None
        if weight.name not in self._copies:
            self._copies[weight.name] = Store(self.memory, weight.numbers * weight.item, WEIGHTS)
        return self._copies[weight.name]

    def checkpoint(self, run: Callable[..., Tensor], *inputs: Tensor) -> Tensor:
        """As torch.utils.checkpoint without re-entrance, where the rules say so."""
        is_on = self.rules.checkpoints and self.is_recording and self._saves and self._last is None
        if not is_on:
            return run(*inputs)
        start, self._saves = len(self._nodes), False
        out = run(*inputs)
        self._saves = True
        segment = Segment(run, inputs, self._nodes[start:])
        for node in segment.nodes:
            node.segment = segment
        return out

    def end_forward(self) -> None:
        """torch.autocast ends: copies of weights that no operation saved go."""
        self._copies.clear()

    def backward(self, out: Tensor) -> None:
        """From the gradient of `out` to that of every trained weight, freeing what is not needed any more."""
        assert out.node is not None, "nothing is trained"
        out.node.grads = [Store(self.memory, out.nbytes)]
        while self._nodes:
            node = self._nodes.pop()
            if node.grads:
                self._run(node)
            node.saved, node.grads = [], []
            segment, node.segment = node.segment, None
            if segment is not None and node is segment.nodes[0]:
                segment.inputs, segment.nodes = (), []

    def _run(self, node: Node) -> None:
        if node.wants and node.segment is not None and not node.segment.is_played:
            self._play_again(node.segment)
        self.flops += node.flops
        found = [
            (producer, nbytes, node.grads[0] if passes else Store(self.memory, nbytes))
            for producer, nbytes, passes in node.inputs
        ]
        beside = Store(self.memory, node.temporary) if node.temporary else None
        for weight in node.weights:
            self._take_gradient(weight)
        del beside
        node.saved, node.grads = [], []
        for producer, nbytes, store in found:
            _deliver(producer, nbytes, store)

    def _take_gradient(self, weight: Weight) -> None:
        """The first stays, a later one is added to it; those in half precision are cast under autocast."""
        gradient = Store(self.memory, weight.numbers * weight.item, GRADIENTS)
        if weight.item != self.rules.trained:
            gradient = Store(self.memory, weight.numbers * self.rules.trained, GRADIENTS)
        if not self.rules.keeps_gradients:
            self._gradients.setdefault(weight.name, gradient)

    def _play_again(self, segment: Segment) -> None:
        """Fill in what the operations of a segment keep; ends with the last that keeps anything."""
        rest, copies = self._nodes, self._copies
        self._last = max(n for n, node in enumerate(segment.nodes) if node.wants)
        self._nodes, self._copies = [], {}
        with contextlib.suppress(_Enough):
            segment.run(*segment.inputs)
        for node, again in zip(segment.nodes, self._nodes, strict=False):
            node.saved = again.saved
        self._nodes, self._copies, self._last = rest, copies, None
        segment.is_played = True


def _deliver(producer: Node, nbytes: int, store: Store) -> None:
    """A second gradient is added to the first in place; not so where that is a part of something larger."""
    if producer.slots or not producer.grads:
        producer.grads.append(store)
    elif producer.grads[0].nbytes > nbytes:
        producer.grads[0] = store
