"""Tiny models of Stable Diffusion with random weights.

By default the U-Net has two levels of one resnet, which costs half of what a run with the structure of the
real one costs. `with_blocks` gives all of its blocks, for tests that are about them.
"""

from __future__ import annotations

import json
from pathlib import Path

import torch
from diffusers import AutoencoderKL, UNet2DConditionModel
from transformers import CLIPTextConfig, CLIPTextModel, CLIPTextModelWithProjection

from core.formats import checkpoint, tensors
from core.models.sd import tensor_names
from core.models.sd.configs import architecture, schedule

ALONE = tuple(
    f"lora_unet_mid_block_attentions_0_transformer_blocks_0_attn1_to_{which}.lora_up.weight" for which in "qk"
)
"""With all blocks, at 64 x 64 pixels the middle one attends to one position only, its own, so that query and
key have no gradient but what rounding leaves, which differs by processor."""

FEW = {
    "block_out_channels": [8, 16],
    "down_block_types": ["CrossAttnDownBlock2D", "DownBlock2D"],
    "up_block_types": ["UpBlock2D", "CrossAttnUpBlock2D"],
    "layers_per_block": 1,
}
"""Two levels of one resnet each, the first with attention, as every level of the real U-Net but its last."""


_XL_TEXT = {"hidden_size": 32, "intermediate_size": 64, "num_attention_heads": 2, "num_hidden_layers": 3}
XL = {
    "unet": {
        "block_out_channels": [32, 64, 64], "transformer_layers_per_block": [1, 2, 2],
        "attention_head_dim": [1, 2, 2], "cross_attention_dim": 96, "addition_time_embed_dim": 8,
        "projection_class_embeddings_input_dim": 64 + 6 * 8, "norm_num_groups": 8, "sample_size": 8,
    },
    "text_encoder": _XL_TEXT | {"projection_dim": 32},
    "text_encoder_2": _XL_TEXT | {"hidden_size": 64, "intermediate_size": 128, "projection_dim": 64},
    "vae": {"block_out_channels": [4, 8, 8, 8], "norm_num_groups": 2, "sample_size": 64},
}  # fmt: skip
"""SDXL with every kind of block that the real one has, narrow."""


def configs(family: str = "sd1", with_blocks: bool = False) -> dict[str, dict]:
    """Configs of the tiny parts; with_blocks: the U-Net has four levels of two resnets, as the real one."""
    real = architecture(family)
    if family == "sdxl":
        return {part: config | XL[part] for part, config in real.items()}
    blocks = {"block_out_channels": [8, 16, 16, 16]} if with_blocks else FEW
    heads = 2 if family == "sd1" else [1, 2, 2, 2][: len(blocks["block_out_channels"])]
    unet = blocks | {
        "norm_num_groups": 4,
        "cross_attention_dim": 16,
        "attention_head_dim": heads,
    }
    text = {
        "hidden_size": 16,
        "intermediate_size": 32,
        "num_attention_heads": 2,
        "num_hidden_layers": 2,
        "projection_dim": 16,
    }
    vae = {"block_out_channels": [4, 8, 8, 8], "norm_num_groups": 2, "sample_size": 64}
    return {
        "unet": real["unet"] | unet | {"sample_size": 8},
        "text_encoder": real["text_encoder"] | text,
        "vae": real["vae"] | vae,
    }


def modules(seed: int = 0, family: str = "sd1", with_blocks: bool = False) -> dict[str, torch.nn.Module]:
    """The tiny parts with random weights; the global random state is left as it was."""
    made = configs(family, with_blocks)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        parts = {
            "unet": UNet2DConditionModel.from_config(made["unet"]).eval(),
            "text_encoder": CLIPTextModel(CLIPTextConfig(**made["text_encoder"])).eval(),
            "vae": AutoencoderKL.from_config(made["vae"]).eval(),
        }
        if "text_encoder_2" in made:
            config = CLIPTextConfig(**made["text_encoder_2"])
            parts["text_encoder_2"] = CLIPTextModelWithProjection(config).eval()
        return parts


def make_tiny(
    path: Path,
    seed: int = 0,
    family: str = "sd1",
    dtype: torch.dtype = torch.float32,
    with_blocks: bool = False,
) -> Path:
    """A single file (.safetensors or .ckpt) and beside it the folder `<stem>_config`; returns `path`."""
    parts = {part: module.state_dict() for part, module in modules(seed, family, with_blocks).items()}
    slots = {part: tensor_names.from_module(part, weights, family) for part, weights in parts.items()}
    lazy = {part: {n: tensors.of(t, dtype) for n, t in weights.items()} for part, weights in parts.items()}
    write_configs(path.with_name(f"{path.stem}_config"), family, with_blocks)
    return tensors.save(path, checkpoint.to_file(slots, lazy), {})


def make_tiny_folder(
    path: Path, seed: int = 0, family: str = "sd1", suffix: str = ".safetensors", with_blocks: bool = False
) -> Path:
    """A Diffusers folder, written by Diffusers and transformers themselves; returns `path`."""
    write_configs(path, family, with_blocks)
    for part, module in modules(seed, family, with_blocks).items():
        module.save_pretrained(path / part, safe_serialization=suffix == ".safetensors")
    return path


def write_configs(folder: Path, family: str = "sd1", with_blocks: bool = False) -> None:
    """model_index.json and the parts' configs, in the layout of Diffusers."""
    for part, config in configs(family, with_blocks).items():
        (folder / part).mkdir(parents=True, exist_ok=True)
        (folder / part / "config.json").write_text(json.dumps(config), encoding="utf-8")
    (folder / "scheduler").mkdir(exist_ok=True)
    scheduler = {"_class_name": "DDIMScheduler", **schedule("epsilon")}
    (folder / "scheduler" / "scheduler_config.json").write_text(json.dumps(scheduler), encoding="utf-8")
    index = {
        "_class_name": "StableDiffusionPipeline",
        "unet": ["diffusers", "UNet2DConditionModel"],
        "text_encoder": ["transformers", "CLIPTextModel"],
        "vae": ["diffusers", "AutoencoderKL"],
        "tokenizer": ["transformers", "CLIPTokenizer"],
        "scheduler": ["diffusers", "DDIMScheduler"],
        "safety_checker": [None, None],
        "feature_extractor": [None, None],
    }
    if family == "sdxl":
        index |= {
            "_class_name": "StableDiffusionXLPipeline",
            "text_encoder_2": ["transformers", "CLIPTextModelWithProjection"],
            "tokenizer_2": ["transformers", "CLIPTokenizer"],
        }
        del index["safety_checker"]
    (folder / "model_index.json").write_text(json.dumps(index), encoding="utf-8")
