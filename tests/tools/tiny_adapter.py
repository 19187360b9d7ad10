"""A LoRA of two modules for a tiny model."""

from __future__ import annotations

from pathlib import Path

import torch

from core.adapters.methods import Adapted
from core.adapters.targets import ModuleKey
from core.families import FAMILIES
from core.formats import lora_file, tensors
from tests.tiny import modules

BLOCK = "mid_block.attentions.0.transformer_blocks.0.attn1"
VERSIONS = {"sd1": "sd_v1", "sdxl": "sdxl_base_v1-0"}


def tiny_adapter(path: Path, family: str = "sd1", rank: int = 4) -> Path:
    """Write it; of fixed numbers."""
    unet = modules(family=family)["unet"]
    made = {}
    for name in ("to_q", "to_v"):
        outputs, inputs = unet.get_submodule(f"{BLOCK}.{name}").weight.shape
        drawn = torch.linspace(-1, 1, rank * (inputs + outputs)).sin()
        down, up = drawn[: rank * inputs].reshape(rank, inputs), drawn[rank * inputs :].reshape(outputs, rank)
        pair = {"lora_down.weight": down, "lora_up.weight": up}
        made[ModuleKey("unet", f"{BLOCK}.{name}")] = Adapted(pair, float(rank), rank)
    told = {
        "ss_base_model_version": VERSIONS[family],
        "ss_network_module": "networks.lora",
        "ss_network_dim": str(rank),
        "ss_network_alpha": str(rank),
    }
    return tensors.save(path, lora_file.to_file(made, FAMILIES[family]), told)
