"""Which modules of a model get an adapter, and with which rank and alpha. Plain data, no torch."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import NamedTuple


class ModuleKey(NamedTuple):
    """A module of a model: its part, "unet" or "text_encoder", and its path in the untouched part."""

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
    """What is known of a module without looking at its weights.

    path: as in named_modules. kind: "Linear" or "Conv2d". kernel: side of a convolution's kernel, 0 for
    Linear.
    """

    path: str
    kind: str
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

    blocks, conv_blocks: of each of the U-Net's 25 blocks (see block_of), () where all are alike. known: of
    exactly these modules, as a file has them; nothing else then counts.
    """

    rank: int
    alpha: float
    conv_rank: int | None = None
    conv_alpha: float = 1.0
    blocks: tuple[RankAlpha, ...] = ()
    conv_blocks: tuple[RankAlpha, ...] = ()
    known: Mapping[ModuleKey, RankAlpha] | None = None

    @property
    def has_convolutions(self) -> bool:
        """Whether the larger convolutions are adapted, and with them what lies beside them."""
        return self.conv_rank is not None or bool(self.conv_blocks)


# sd-scripts adapts whole classes of blocks; their places in diffusers' U-Net and CLIP are these.
_ATTENTION = re.compile(r"(^|\.)attentions\.\d+\.")
_CONVOLUTION = re.compile(r"(^|\.)(resnets|downsamplers|upsamplers)\.\d+\.")
_BLOCK = re.compile(r"^(down|up)_blocks\.(\d+)\.(resnets|attentions|downsamplers|upsamplers)\.(\d+)\.")
_MIDDLE = 12
_TEXT = re.compile(r"(^|\.)layers\.\d+\.(self_attn\.(q_proj|k_proj|v_proj|out_proj)|mlp\.(fc1|fc2))$")


def unet_targets(modules: Iterable[Module], ranks: Ranks) -> tuple[Target, ...]:
    """Linear and 1x1 layers inside attention blocks; with conv_rank every layer of the other blocks too.

    As sd-scripts' networks.lora: 192 modules of SD1 or SD2, 278 with convolutions. Layers of those other
    blocks that are Linear or 1x1 take the plain rank.
    """
    found = (
        Target(module.path, *_unet_size(module, ranks))
        for module in modules
        if (_ATTENTION.search(module.path) and module.kernel <= 1)
        or (ranks.has_convolutions and _CONVOLUTION.search(module.path))
    )
    return tuple(target for target in found if target.rank > 0)


def text_targets(modules: Iterable[Module], ranks: Ranks) -> tuple[Target, ...]:
    """The six Linear layers of each block of CLIP's text encoder: 72 of SD1, 138 of SD2."""
    return tuple(
        Target(module.path, ranks.rank, ranks.alpha) for module in modules if _TEXT.search(module.path)
    )


def block_of(path: str) -> int:
    """The block of the U-Net that a module lies in: 1-11 on the way down, 12 the middle, 13-24 on the way up.

    As sd-scripts counts: three to a level, samplers with the third; block 0 holds nothing that is adapted.
    """
    found = _BLOCK.match(path)
    if found is None:
        return _MIDDLE if path.startswith("mid_block.") else 0
    side, level, kind, number = found.groups()
    within = 2 if kind.endswith("samplers") else int(number)
    return 1 + (0 if side == "down" else _MIDDLE) + 3 * int(level) + within


def _unet_size(module: Module, ranks: Ranks) -> RankAlpha:
    if module.kernel > 1:
        if ranks.conv_blocks:
            return ranks.conv_blocks[block_of(module.path)]
        if ranks.conv_rank is not None:
            return RankAlpha(ranks.conv_rank, ranks.conv_alpha)
    if ranks.blocks:
        return ranks.blocks[block_of(module.path)]
    return RankAlpha(ranks.rank, ranks.alpha)


def targets(part: str, modules: Iterable[Module], ranks: Ranks) -> tuple[Target, ...]:
    """The modules to adapt in one part of the model, "unet" or "text_encoder"."""
    if ranks.known is not None:
        sizes = {path: size for (owner, path), size in ranks.known.items() if owner == part}
        return tuple(Target(m.path, *sizes[m.path]) for m in modules if m.path in sizes)
    return unet_targets(modules, ranks) if part == "unet" else text_targets(modules, ranks)
