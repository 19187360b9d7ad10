"""What a step of a family takes beside weights, counted on the real modules with tensors without numbers.

    python -m bench.activations FAMILY...

Every operation of a step is seen by a TorchDispatchMode over torch's fake tensors, which notes each block
that comes and goes. What is there at one moment of the step is linear in the latent cells and the captions'
tokens of the batch, plus what belongs to the weights, so three runs give the coefficients of each moment;
kept are the few that can be the highest. A GPU is played on the CPU, with norms in float32 as autocast has
them there. Writes core/forecast/measured/FAMILY.json; about ten minutes, without weights and without a GPU.
"""

from __future__ import annotations

import argparse
import itertools
import json
import logging
import weakref
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any
from unittest import mock

import torch
from torch import Tensor, nn
from torch._subclasses.fake_tensor import FakeTensorMode
from torch.nn import functional
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves
from torch.utils.flop_counter import FlopCounterMode, sdpa_backward_flop_count, sdpa_flop_count

from core.adapters.methods import METHODS
from core.adapters.network import Network, targets_of
from core.adapters.targets import Ranks
from core.catalog import Size
from core.config.schema.model import ModelConfig
from core.families import FAMILIES
from core.forecast.measured import (
    DEVICES,
    KINDS,
    PRECISIONS,
    measured_file,
    passes_name,
    step_name,
    work_name,
)
from core.models.family import Frame, Model, TextState, frames_tensor, open_family
from core.models.sd import attention, configs, load, text
from core.models.sd.load import shapes_of
from core.train.device.cpu import lay_channels_last
from core.train.weights.trained import enable_checkpointing

TOKENS = 77
RANK = 16
SIDES, BATCHES = (48, 64, 48), (2, 2, 3)
"""Of the three runs; sides in latent cells. One changes the cells alone, one the samples. A single sample is
treated otherwise by some operations."""

WORK_SIDES = (32, 64, 96)
"""Of the runs whose operations are counted."""

MOST_CELLS = 10**7
"""Moments are sought up to so many in a micro-batch."""

NEGLIGIBLE = 0.01
"""A moment that would be the highest by less is left out."""

COMPUTE = {"no": torch.float32, "mixed": torch.bfloat16, "full": torch.bfloat16}
TRAINED = {"no": torch.float32, "mixed": torch.float32, "full": torch.bfloat16}


class Blocks(TorchDispatchMode):
    """Counts the bytes of blocks that are made under it. levels: how many there were after each operation
    that made one.
    """

    def __init__(self) -> None:
        super().__init__()
        self.live, self.levels = 0, list[int]()
        self._known = weakref.WeakSet[Any]()

    def ignore(self, tensors: Iterator[Tensor]) -> None:
        """What is there already."""
        for tensor in tensors:
            self._known.add(tensor.untyped_storage())

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        out = func(*args, **(kwargs or {}))
        made = [leaf.untyped_storage() for leaf in tree_leaves(out) if isinstance(leaf, Tensor)]
        new = [storage for storage in made if storage not in self._known]
        for storage in new:
            if storage not in self._known:
                self._known.add(storage)
                self.live += storage.nbytes()
                weakref.finalize(storage, self._drop, storage.nbytes())
        if new:
            self.levels.append(self.live)
        return out

    def _drop(self, nbytes: int) -> None:
        self.live -= nbytes


@contextmanager
def gpu_norms() -> Iterator[None]:
    """Norms in float32, as torch.autocast has them on a GPU but not on a CPU."""

    def in_float32(norm: Callable[..., Tensor]) -> Callable[..., Tensor]:
        return lambda *args: norm(*(a.float() if isinstance(a, Tensor) else a for a in args))

    with ExitStack() as stack:
        for name in ("group_norm", "layer_norm"):
            made = in_float32(getattr(functional, name))
            stack.enter_context(mock.patch.object(functional, name, made))
        yield


class Step:
    """The parts of a family's real model set up for one kind of training, without numbers."""

    def __init__(
        self, family: str, device: str, precision: str, kind: str, is_checkpointed: bool, part: str = ""
    ) -> None:
        """part: the one that is trained, the denoiser without a name."""
        self.compute, self.is_gpu = COMPUTE[precision], device == "gpu"
        self.is_mixed, self.kind, self.family = self.compute != torch.float32, kind, open_family(family)
        spec = FAMILIES[family]
        needed = [p.name for p in spec.parts if not part or p.role == "text"]
        made = {p: load.blank(p, configs.architecture(family)[p]) for p in needed}
        self.part, self.texts = part or spec.names("denoiser")[0], spec.names("text")
        tokens = {p: text.Tokens(text.tokenizer(spec.part(p), Path(), made[p])) for p in self.texts}
        self.model = Model(spec, None, None, made, tokens)
        for name, module in made.items():
            module.requires_grad_(False)
            if name == self.part:
                self._learn(name, module)
            frozen = torch.float32 if name in spec.names("vae") else self.compute
            for layer in module.modules():
                if isinstance(layer, nn.Linear | nn.Conv2d) and not layer.weight.requires_grad:
                    layer.to(frozen)
            if not self.is_gpu:
                lay_channels_last(module)
            for parameter in module.parameters():
                if parameter.requires_grad:
                    parameter.data = parameter.data.to(TRAINED[precision])
        if is_checkpointed:
            enable_checkpointing([made[self.part]], keeps_random=False)
        made[self.part].train(kind != "none")
        self._states: dict[str, Tensor] = {}

    def _learn(self, part: str, module: nn.Module) -> None:
        """What is trained of a part in this kind of training; not what nothing depends on."""
        unused = self.model.unused(part)
        if self.kind == "whole":
            for name, parameter in module.named_parameters():
                parameter.requires_grad_(not name.startswith(unused))
        elif self.kind in ("lora", "lora_conv"):
            ranks = Ranks(RANK, 1.0, RANK if self.kind == "lora_conv" else None)
            found = targets_of(self.model.spec, {part: module}, ranks)[part]
            chosen = {part: tuple(target for target in found if not target.path.startswith(unused))}
            Network({part: module}, METHODS["lora"], chosen, lambda *purpose: None)

    def run(self, play: Callable[[], Any]) -> Blocks:
        """What an action under the family's rules of precision takes."""
        blocks = Blocks()
        blocks.ignore(tensor for module in self.model.modules.values() for tensor in module.parameters())
        blocks.ignore(iter(self._states.values()))
        with ExitStack() as stack:
            if self.is_gpu and self.is_mixed:
                stack.enter_context(gpu_norms())
            stack.enter_context(blocks)
            self._result = play()
        return blocks

    def autocast(self) -> torch.autocast:
        return torch.autocast("cpu", torch.bfloat16, enabled=self.is_mixed)

    def prepare(self) -> None:
        """Text states as a cache gives them, in the compute type."""
        with torch.no_grad():
            [found] = self.text()
        self._states = {
            name: torch.empty(max(BATCHES), *tensor.shape, dtype=self.compute)
            for name, tensor in found.tensors.items()
        }
        for tensor in self._states.values():
            tensor.requires_grad_(self.kind == "frozen")

    def predict(self, side: int, batch: int) -> Tensor:
        """A pass of the denoiser on square latents, in cells."""
        spec = self.model.spec
        size = Size(side * spec.latent_stride, side * spec.latent_stride)
        latents = torch.empty(batch, spec.latent_channels, side, side)
        frames = frames_tensor([Frame(size, (0.0, 0.0), size)] * batch)
        rows = zip(*(states[:batch].unbind() for states in self._states.values()), strict=True)
        texts = [TextState(dict(zip(self._states, row, strict=True))) for row in rows]
        with self.autocast():
            return self.family.predict(self.model, latents, torch.zeros(batch).long(), texts, frames)

    def train(self, side: int, batch: int) -> None:
        """Forward and backward pass."""
        self.predict(side, batch).float().square().mean().backward()
        for parameter in (*self.model.denoiser.parameters(), *self._states.values()):
            parameter.grad = None

    def text(self, captions: int = 1) -> list[TextState]:
        """The states of captions."""
        with self.autocast():
            return self.family.encode_text(self.model, ["x"] * captions, ModelConfig())

    @property
    def trained_bytes(self) -> int:
        return sum(p.nbytes for p in self.model.modules[self.part].parameters() if p.requires_grad)


def without_numbers(module: nn.Module) -> None:
    """Fake tensors in the shapes, types and layouts of a module's own."""
    state = module.state_dict().items()
    fake = {name: torch.empty_strided(t.shape, t.stride(), dtype=t.dtype) for name, t in state}
    module.load_state_dict(fake, assign=True)
    for name, buffer in module.named_buffers():
        owner, _, own = name.rpartition(".")
        setattr(module.get_submodule(owner), own, torch.empty(buffer.shape, dtype=buffer.dtype))


@contextmanager
def faked(
    family: str,
    device: str = "gpu",
    precision: str = "no",
    kind: str = "none",
    is_checkpointed: bool = False,
    part: str = "",
) -> Iterator[Step]:
    """A step whose weights are fake tensors, and so is everything that is made in the block."""
    step = Step(family, device, precision, kind, is_checkpointed, part)
    with FakeTensorMode(allow_non_fake_inputs=True), torch.set_grad_enabled(kind != "none"):
        for module in step.model.modules.values():
            without_numbers(module)
        step.prepare()
        yield step


def moments(step: Step) -> list[list[float]]:
    """The highest moments of a training step, each as bytes of a cell and of a token, and share of trained.

    Solves for every operation: level = batch * (cells * a + tokens * b) + c.
    """
    runs = [step.run(lambda s=s, b=b: step.train(s, b)).levels for s, b in zip(SIDES, BATCHES, strict=True)]
    assert len({len(levels) for levels in runs}) == 1, "sizes differ in their operations"
    few, many = SIDES[0] ** 2, SIDES[1] ** 2
    trained, every = step.trained_bytes, []
    for low, wide, more in zip(*runs, strict=True):
        sample = more - low
        cell = (wide - low) / BATCHES[0] / (many - few)
        token = (sample - few * cell) / TOKENS
        fixed = low - BATCHES[0] * sample
        every.append((cell, max(0.0, token), fixed / trained if trained else 0.0))
    highest = _highest(every, trained)
    return [[round(cell), round(token), round(share, 3)] for cell, token, share in highest]


def _highest(every: list[tuple[float, float, float]], trained: int) -> list[tuple[float, float, float]]:
    """Those of the moments that are the highest for some number of cells, the one with most cells first."""

    def levels(of: list[tuple[float, float, float]], cells: float) -> list[float]:
        tokens = TOKENS * max(1.0, cells / SIDES[1] ** 2)
        return [cell * cells + token * tokens + share * trained for cell, token, share in of]

    counts = [256 * 1.2**n for n in range(80) if 256 * 1.2**n < MOST_CELLS]
    tops = {cells: max(levels(every, cells)) for cells in counts}
    kept = sorted({every[levels(every, cells).index(top)] for cells, top in tops.items()}, reverse=True)
    for one in [*kept]:
        rest = [other for other in kept if other != one]
        if rest and all(max(levels(rest, n)) >= (1 - NEGLIGIBLE) * top for n, top in tops.items()):
            kept = rest
    return kept


def text_kept(step: Step) -> list[float]:
    """What the forward pass leaves of a trained text encoder: bytes of a token, and share of trained."""
    trained = step.trained_bytes
    if not trained:
        return [0, 0.0]
    one, two = (step.run(lambda n=n: step.text(n)).live for n in (1, 2))
    return [round((two - one) / TOKENS), round((2 * one - two) / trained, 3)]


def slope(step: Step, play: Callable[[int], Any]) -> float:
    """Bytes of a latent cell by which the peak of an action grows."""
    few, many = (max(step.run(lambda s=s: play(s)).levels) for s in SIDES[:2])
    return (many - few) / (SIDES[1] ** 2 - SIDES[0] ** 2)


def steps(family: str, device: str, precision: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """The moments of every kind of training, and what each trained text encoder keeps of a token."""
    for kind, is_checkpointed in itertools.product(KINDS, (False, True)):
        name = step_name(device, precision, kind, is_checkpointed)
        with faked(family, device, precision, kind, is_checkpointed) as step:
            row: dict[str, Any] = {"moments": moments(step), "text": {}}
        for part in FAMILIES[family].names("text"):
            with faked(family, device, precision, kind, is_checkpointed, part) as step:
                row["text"][part] = text_kept(step)
        print(family, name, json.dumps(row), flush=True)
        yield name, row


def passes(family: str, device: str, precision: str) -> dict[str, int]:
    """Bytes of a cell or token at the peak of passes without gradients; and what mem_eff adds to a step."""
    with faked(family, device, precision) as step:
        forward = slope(step, lambda side: step.predict(side, 1))
        states = max(step.run(step.text).levels) / TOKENS
    peaks = []
    for is_in_pieces in (False, True):
        with faked(family, device, precision, "lora") as step:
            if is_in_pieces:
                step.model.denoiser.set_attn_processor(attention.InPieces())
            peaks.append(slope(step, lambda side, step=step: step.train(side, 1)))
    return {"forward": round(forward), "text": round(states), "mem_eff": max(0, round(peaks[1] - peaks[0]))}


def vae(family: str) -> dict[str, int]:
    """Bytes of a latent cell at the peak of the VAE's two passes, always in float32."""
    with faked(family) as step:
        spec = step.model.spec

        def encode(side: int) -> Any:
            pixels = side * spec.latent_stride
            return step.family.encode_image(step.model, torch.empty(1, 3, pixels, pixels))

        def decode(side: int) -> Any:
            return step.model.vae.decode(torch.empty(1, spec.latent_channels, side, side))

        return {"encode": round(slope(step, encode)), "decode": round(slope(step, decode))}


def work(family: str, kind: str, is_checkpointed: bool) -> list[int]:
    """Floating-point operations of a sample's step by cells, and by cells squared (attention)."""
    aten = torch.ops.aten
    on_cpu = {
        aten._scaled_dot_product_flash_attention_for_cpu: lambda q, k, v, *_, **__: sdpa_flop_count(q, k, v),
        aten._scaled_dot_product_flash_attention_for_cpu_backward: (
            lambda g, q, k, v, *_, **__: sdpa_backward_flop_count(g, q, k, v)
        ),
    }
    with faked(family, kind=kind, is_checkpointed=is_checkpointed) as step:
        counts = []
        for side in WORK_SIDES:
            with FlopCounterMode(display=False, custom_mapping=on_cpu) as counter:
                step.train(side, 1)
            counts.append(counter.get_total_flops())
    # What the caption's tokens take is the same at every size, and left out.
    powers = [[side**2, side**4, 1] for side in WORK_SIDES]
    cell, square, _ = torch.linalg.solve(
        torch.tensor(powers).double(), torch.tensor(counts).double()
    ).tolist()
    return [round(cell), round(square)]


def states(family: str) -> dict[str, int]:
    """Numbers of a caption's text states: of each token, and beside them."""
    with faked(family) as step:
        made = step.text()[0].tensors.values()
    of_tokens = sum(tensor.numel() for tensor in made if tensor.ndim > 1)
    return {"token": of_tokens // TOKENS, "caption": sum(t.numel() for t in made) - of_tokens}


def shapes(family: str) -> dict[str, list[int]]:
    """Part and name -> shape, of every weight of the family's real models."""
    made = {part: load.blank(part, config) for part, config in configs.architecture(family).items()}
    named = (
        (part, name, shape) for part, module in made.items() for name, shape in shapes_of(module).items()
    )
    return {f"{part}/{name}": [*shape] for part, name, shape in named}


def measure(family: str) -> None:
    both, rows = (False, True), [*itertools.product(DEVICES, PRECISIONS)]
    result: dict[str, dict[str, Any]] = {
        "vae": vae(family),
        "work": {work_name(kind, is_on): work(family, kind, is_on) for kind in KINDS for is_on in both},
        "states": states(family),
        "passes": {passes_name(*row): passes(family, *row) for row in rows},
        "steps": dict(itertools.chain.from_iterable(steps(family, *row) for row in rows)),
        "shapes": shapes(family),
    }
    sections = (
        f'"{name}": {{\n' + ",\n".join(f"{json.dumps(key)}: {json.dumps(row)}" for key, row in made.items())
        for name, made in result.items()
    )
    measured_file(family).write_text("{" + "},\n".join(sections) + "}}\n", encoding="utf-8")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("families", nargs="+", choices=sorted(FAMILIES))
    logging.disable(logging.WARNING)
    for family in parser.parse_args().families:
        measure(family)


if __name__ == "__main__":
    main()
