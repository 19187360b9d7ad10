"""Which modules of a model get an adapter, and with which rank and alpha. Plain data, no torch."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple


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


@dataclass(frozen=True)
class Ranks:
    """Rank and alpha of Linear and 1x1 layers, and of larger convolutions (None: those are left alone)."""

    rank: int
    alpha: float
    conv_rank: int | None = None
    conv_alpha: float = 1.0


# sd-scripts adapts whole classes of blocks; their places in diffusers' U-Net and CLIP are these.
_ATTENTION = re.compile(r"(^|\.)attentions\.\d+\.")
_CONVOLUTION = re.compile(r"(^|\.)(resnets|downsamplers|upsamplers)\.\d+\.")
_TEXT = re.compile(r"(^|\.)layers\.\d+\.(self_attn\.(q_proj|k_proj|v_proj|out_proj)|mlp\.(fc1|fc2))$")


def unet_targets(modules: Iterable[Module], ranks: Ranks) -> tuple[Target, ...]:
    """Linear and 1x1 layers inside attention blocks; with conv_rank every layer of the other blocks too.

    As sd-scripts' networks.lora: 192 modules of SD1 or SD2, 278 with convolutions. Layers of those other
    blocks that are Linear or 1x1 take the plain rank.
    """
    return tuple(
        _target(module, ranks)
        for module in modules
        if (_ATTENTION.search(module.path) and module.kernel <= 1)
        or (ranks.conv_rank is not None and _CONVOLUTION.search(module.path))
    )


def text_targets(modules: Iterable[Module], ranks: Ranks) -> tuple[Target, ...]:
    """The six Linear layers of each block of CLIP's text encoder: 72 of SD1, 138 of SD2."""
    return tuple(_target(module, ranks) for module in modules if _TEXT.search(module.path))


def _target(module: Module, ranks: Ranks) -> Target:
    if module.kernel > 1 and ranks.conv_rank is not None:
        return Target(module.path, ranks.conv_rank, ranks.conv_alpha)
    return Target(module.path, ranks.rank, ranks.alpha)


def targets(part: str, modules: Iterable[Module], ranks: Ranks) -> tuple[Target, ...]:
    """The modules to adapt in one part of the model, "unet" or "text_encoder"."""
    return unet_targets(modules, ranks) if part == "unet" else text_targets(modules, ranks)
