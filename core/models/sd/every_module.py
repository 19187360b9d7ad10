"""Every module that a Stable Diffusion may have, for reading adapters where no model is at hand."""

from __future__ import annotations

from pathlib import Path

from core.families import FAMILIES
from core.models.family import Model, Source
from core.models.sd import sampling
from core.models.sd.configs import architecture
from core.models.sd.load import blank


def every_module(family: str) -> Model:
    """See Family.every_module: each block of the U-Net is of the kind that has the most modules.

    So the names of models with fewer or other blocks are among them; the sizes are those of the real one.
    """
    configs = architecture(family)
    unet = configs["unet"]
    levels = len(unet["block_out_channels"])
    depth = unet.get("transformer_layers_per_block", 1)
    unet |= {
        "down_block_types": ["CrossAttnDownBlock2D"] * levels,
        "up_block_types": ["CrossAttnUpBlock2D"] * levels,
        "transformer_layers_per_block": max(depth) if isinstance(depth, list) else depth,
    }
    modules = {part: blank(part, config) for part, config in configs.items()}
    source = Source(Path(), "safetensors", None, configs, True, {})
    return Model(FAMILIES[family], source, sampling.objective("epsilon"), modules, None)
