"""Which layers of a base model get an adapter, from the headers of its files: no weight is read."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from core.adapters import factors, ranks
from core.adapters.targets import Module, Ranks, Target, block_of, targets
from core.config.schema.network import NetworkConfig
from core.config.schema.run import RunConfig
from core.families import FAMILIES
from core.forecast.architecture import Architecture
from core.formats.tensor_slots import Shape


@dataclass(frozen=True)
class Layer:
    """A layer that gets an adapter. shapes: of what is trained on it."""

    part: str
    target: Target
    shapes: tuple[Shape, ...]

    @property
    def name(self) -> str:
        """As patterns are held against it, unet.mid_block.attentions.0.proj_in."""
        return f"{self.part}.{self.target.path}"

    @property
    def block(self) -> str:
        return block_of(self.target.path)

    @property
    def numbers(self) -> int:
        return sum(math.prod(shape) for shape in self.shapes)


@dataclass(frozen=True)
class Layers:
    """The layers of the parts that learn: those with an adapter, and the names of those without.

    resting: the parts that could have one and have a learning rate of 0. idle: option -> its patterns that
    match no layer.
    """

    adapted: tuple[Layer, ...]
    others: tuple[str, ...]
    resting: tuple[str, ...]
    idle: tuple[tuple[str, str], ...]

    @property
    def numbers(self) -> int:
        return sum(layer.numbers for layer in self.adapted)


def of(config: RunConfig, architecture: Architecture) -> Layers:
    """What the settings of [network] come to on a model of this architecture; with a method of adapters."""
    spec, network = FAMILIES[architecture.family], config.network
    learning = [part.name for part in spec.adaptable if config.train.rate_of(part) > 0]
    adapted = tuple(layer for part in learning for layer in of_part(network, architecture, part))
    names = {layer.name for layer in adapted}
    every = [f"{part}.{module.path}" for part in learning for module, _ in architecture.modules(part)]
    return Layers(
        adapted,
        tuple(name for name in every if name not in names),
        tuple(part.name for part in spec.adaptable if part.name not in learning),
        tuple(_idle(network, architecture, learning)),
    )


def of_part(network: NetworkConfig, architecture: Architecture, part: str) -> Iterator[Layer]:
    """The layers of one part that get an adapter, in the model's order."""
    modules = [*_modules(network, architecture, part)]
    shapes = {module.path: shape for module, shape in modules}
    options, spec = ranks.options_of(network), FAMILIES[architecture.family]
    for target in targets(spec.part(part), (m for m, _ in modules), _ranks(network, architecture)):
        own = factors.shapes(network.method, shapes[target.path], target.rank, options)
        yield Layer(part, target, tuple(own))


def _ranks(network: NetworkConfig, architecture: Architecture) -> Ranks:
    return ranks.of(network, FAMILIES[architecture.family])


def _modules(network: NetworkConfig, architecture: Architecture, part: str) -> Iterator[tuple[Module, Shape]]:
    """The layers of a part that may get one: without those that no prediction depends on."""
    unused = () if network.unused_layers else architecture.unused[part]
    for module, shape in architecture.modules(part):
        if not module.path.startswith(unused):
            yield module, shape


def _idle(
    network: NetworkConfig, architecture: Architecture, learning: list[str]
) -> Iterator[tuple[str, str]]:
    """Patterns that match nothing: no layer that is trained without any, or that others leave out."""
    if not network.exclude_patterns:
        return
    wanted = _ranks(network, architecture)
    plain = _names(replace(wanted, excluded=(), included=()), network, architecture, learning)
    left_out = plain - _names(replace(wanted, included=()), network, architecture, learning)
    for key, patterns, names in (
        ("network.exclude_patterns", network.exclude_patterns, plain),
        ("network.include_patterns", network.include_patterns, left_out),
    ):
        for pattern in patterns:
            found = re.compile(pattern)
            if not any(found.fullmatch(name) or found.fullmatch(name.partition(".")[2]) for name in names):
                yield key, pattern


def _names(wanted: Ranks, network: NetworkConfig, architecture: Architecture, parts: list[str]) -> set[str]:
    spec = FAMILIES[architecture.family]
    return {
        f"{part}.{target.path}"
        for part in parts
        for target in targets(
            spec.part(part), (module for module, _ in _modules(network, architecture, part)), wanted
        )
    }


def by_block(found: Layers) -> dict[tuple[str, str], tuple[int, int]]:
    """(part, block), in the model's order -> how many layers get an adapter there, and numbers of these."""
    counted: dict[tuple[str, str], tuple[int, int]] = {}
    for layer in found.adapted:
        key = (layer.part, layer.block)
        layers, numbers = counted.get(key, (0, 0))
        counted[key] = (layers + 1, numbers + layer.numbers)
    return counted


def file_bytes(found: Layers, config: RunConfig) -> int:
    """Bytes of the tensors in a saved file, nearly all there is."""
    precision = config.save.save_precision
    if precision == "auto":
        return found.numbers * (2 if config.train.precision.startswith("full_") else 4)
    return found.numbers * (4 if precision == "float" else 2)
