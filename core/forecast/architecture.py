"""The sizes of a base model, from the headers of its files."""

from __future__ import annotations

import functools
import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NamedTuple

from core.adapters.targets import Module
from core.errors import UserError
from core.families import FAMILIES
from core.forecast.measured import measured
from core.formats.identify import identify
from core.formats.tensor_slots import Shape
from core.models import headers, hub
from core.reading import reading

_LEVEL = re.compile(r"(?:encoder\.|decoder\.)?(down|up|mid)_blocks?(?:\.(\d+))?\.")
"""A U-Net's or VAE's block; each level has a quarter of the cells of the one above."""


class Weight(NamedTuple):
    """One tensor of a model. name: in its part's module."""

    part: str
    name: str
    shape: Shape

    @property
    def numbers(self) -> int:
        return math.prod(self.shape)

    @property
    def is_matrix(self) -> bool:
        """Whether it is of a Linear or Conv2d layer, not of a norm or a table of tokens."""
        layer = self.name.rpartition(".")[0].rpartition(".")[2]
        return "norm" not in layer and "embed" not in layer


@dataclass(frozen=True)
class Architecture:
    """The weights of a model of a family, by part and name."""

    family: str
    weights: tuple[Weight, ...]

    @classmethod
    def of(cls, family: str, shapes: Mapping[str, Mapping[str, Shape]]) -> Architecture:
        """shapes: part -> name -> shape."""
        return cls(
            family, tuple(Weight(part, *one) for part in shapes for one in sorted(shapes[part].items()))
        )

    def numbers(self, part: str) -> int:
        """How many numbers the weights of a part are."""
        return sum(weight.numbers for weight in self.weights if weight.part == part)

    def modules(self, part: str) -> Iterator[tuple[Module, Shape]]:
        """The layers of a part that a LoRA may be put on, and the shapes of their weights."""
        for weight in self.weights:
            if weight.part == part and len(weight.shape) in (2, 4) and weight.is_matrix:
                path, kernel = weight.name.removesuffix(".weight"), max(weight.shape[2:], default=0)
                yield Module(path, kernel), weight.shape

    @functools.cached_property
    def unused(self) -> Mapping[str, tuple[str, ...]]:
        """Part -> starts of the paths of weights that no prediction depends on."""
        return {
            part.name: part.unused(weight.name for weight in self.weights if weight.part == part.name)
            for part in FAMILIES[self.family].parts
        }

    def width(self, *parts: str) -> float:
        """How wide the activations of parts are as a share of those that were measured; 1 for real models."""
        real = of_family(self.family).channels
        return math.fsum(self.channels[part] for part in parts) / math.fsum(real[part] for part in parts)

    @functools.cached_property
    def channels(self) -> Mapping[str, float]:
        """Part -> channels into and out of all layers, each as often as a cell of the latents passes it."""
        return {part.name: self._channels(part.name) for part in FAMILIES[self.family].parts}

    def _channels(self, part: str) -> float:
        shares = self.shares(part)
        return math.fsum(sum(shape[:2]) * shares[module.path] for module, shape in self.modules(part))

    def shares(self, part: str) -> Mapping[str, float]:
        """Path of a layer of a part -> how often a cell of the latents passes it, 1 at most."""
        layers = {module.path: _LEVEL.match(module.path) for module, _ in self.modules(part)}
        lowest = max((int(m[2]) for m in layers.values() if m and m[1] == "down"), default=0)

        def level(block: re.Match[str] | None) -> int:
            if block is None or block[1] == "mid":
                return lowest if block else 0
            return int(block[2]) if block[1] == "down" else lowest - int(block[2])

        return {path: math.pow(4, -level(block)) for path, block in layers.items()}


@functools.cache
def of_family(family: str) -> Architecture:
    """The real models' sizes. family: a key of families.FAMILIES."""
    return Architecture.of(family, measured(family).shapes)


def of_base(base: str, other_vae: str | None = None) -> Architecture | None:
    """The sizes of a base model on this machine; None where nothing can be said about it yet.

    Nothing is fetched. What does not fit is refused by the run itself.
    """
    try:
        path = hub.here(base)
        if path is None:
            return None
        found = _of_path(path, path.stat().st_mtime_ns)
        around = hub.here(other_vae, "model.vae") if other_vae else None
    except (UserError, OSError):
        return None
    if found is None or around is None or not around.is_dir():
        return found
    inner = around / _vae(found.family)
    folder = inner if inner.is_dir() else around
    try:
        with reading(folder):
            other = Architecture.of(found.family, headers.of_vae(folder, found.family))
    except UserError:
        return found
    return replace(
        found, weights=(*(w for w in found.weights if w.part != _vae(found.family)), *other.weights)
    )


def _vae(family: str) -> str:
    return FAMILIES[family].names("vae")[0]


@functools.lru_cache(maxsize=32)
def _of_path(path: Path, changed: int) -> Architecture | None:
    """changed: when the file was; only so that it is looked at anew then."""
    identity = identify(path)
    if identity.kind != "model" or identity.family not in FAMILIES:
        return None
    try:
        with reading(path):
            shapes = headers.of_model(path, identity.family)
    except UserError:
        return None
    # Layers that are never used, and tables that are no weights, are in no real model's module.
    real = measured(identity.family).shapes
    known = {
        part: {name: shape for name, shape in shapes[part].items() if name in real[part]} for part in real
    }
    return Architecture.of(identity.family, known) if all(known.values()) else None
