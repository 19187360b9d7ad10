"""Which modules of a model get an adapter, and with which rank and alpha. Plain data, no torch."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from core.families import Part


class ModuleKey(NamedTuple):
    """A module of a model: the name of its part and its path in the untouched part."""

    part: str
    path: str


class WeightKey(NamedTuple):
    """A trained weight of a model: a module and the name of the tensor there; one name everywhere.

    In PEFT it has another, which core.adapters.network keeps to itself; in files the module's is written
    otherwise.
    """

    part: str
    path: str
    parameter: str

    def __str__(self) -> str:
        """As training states name it: unet/mid_block.attentions.0.proj_in.lora_up.weight."""
        return f"{self.part}/{self.path}.{self.parameter}"


class Module(NamedTuple):
    """A module without its weights. path: as in named_modules. kernel: a convolution's side, 0 for Linear."""

    path: str
    kernel: int


@dataclass(frozen=True)
class Target:
    """One module to adapt. scale of the adapter is alpha / rank."""

    path: str
    rank: int
    alpha: float


class RankAlpha(NamedTuple):
    """Rank and alpha of an adapter; rank 0 is none at all."""

    rank: int
    alpha: float


@dataclass(frozen=True)
class Ranks:
    """Rank and alpha of Linear and 1x1 layers, and of larger convolutions (None: those are left alone).

    blocks, conv_blocks: of each block of a part that has some, () where all are alike. known: of exactly
    these modules, as a file has them; nothing else then counts. excluded: patterns of whole names, with or
    without the part's before them, of modules that are left out unless one of `included` matches too.
    """

    rank: int
    alpha: float
    conv_rank: int | None = None
    conv_alpha: float = 1.0
    blocks: tuple[RankAlpha, ...] = ()
    conv_blocks: tuple[RankAlpha, ...] = ()
    known: Mapping[ModuleKey, RankAlpha] | None = None
    excluded: tuple[re.Pattern[str], ...] = ()
    included: tuple[re.Pattern[str], ...] = ()

    @property
    def has_convolutions(self) -> bool:
        """Whether the larger convolutions are adapted, and with them what lies beside them."""
        return self.conv_rank is not None or bool(self.conv_blocks)


def targets(part: Part, modules: Iterable[Module], ranks: Ranks) -> tuple[Target, ...]:
    """The modules to adapt in one part of the model; those of rank 0 are left out.

    Layers of the blocks with larger convolutions that are themselves Linear or 1x1 take the plain rank.
    """
    if ranks.known is not None:
        sizes = {path: size for (owner, path), size in ranks.known.items() if owner == part.name}
        return tuple(Target(m.path, *sizes[m.path]) for m in modules if m.path in sizes)
    found = (
        Target(module.path, *_size(part, module, ranks))
        for module in modules
        if (
            (module.kernel <= 1 and _lies_in(part.lora_layers, module))
            or (ranks.has_convolutions and _lies_in(part.lora_convolutions, module))
        )
        and not _is_excluded(part, module, ranks)
    )
    return tuple(target for target in found if target.rank > 0)


def block_of(path: str) -> str:
    """The block of the model that a module lies in: down_blocks.0, mid_block, encoder.layers.3."""
    names = path.removeprefix("text_model.").split(".")
    count = {"down_blocks": 2, "up_blocks": 2, "encoder": 3}.get(names[0], 1)
    return ".".join(names[:count])


def _lies_in(pattern: str, module: Module) -> bool:
    return bool(pattern and re.search(pattern, module.path))


def _is_excluded(part: Part, module: Module, ranks: Ranks) -> bool:
    names = (module.path, f"{part.name}.{module.path}")

    def matches(patterns: tuple[re.Pattern[str], ...]) -> bool:
        return any(pattern.fullmatch(name) for pattern in patterns for name in names)

    return matches(ranks.excluded) and not matches(ranks.included)


def _size(part: Part, module: Module, ranks: Ranks) -> RankAlpha:
    if module.kernel > 1:
        if ranks.conv_blocks and part.blocks:
            return ranks.conv_blocks[part.block_of(module.path)]
        if ranks.conv_rank is not None:
            return RankAlpha(ranks.conv_rank, ranks.conv_alpha)
    if ranks.blocks and part.blocks:
        return ranks.blocks[part.block_of(module.path)]
    return RankAlpha(ranks.rank, ranks.alpha)
