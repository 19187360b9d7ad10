"""How a single file of Stable Diffusion 2 is run, as the programs read it that were made for the first ones.

A1111-style programs look for a .yaml of the model's name. It tells them the architecture in the terms of LDM,
the prediction, and the text encoder with its layer.
Source of the terms: Stability AI's v2-inference.yaml and v2-inference-v.yaml.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from core.families import FAMILIES
from core.formats import atomic_write, sidecar_yaml
from core.models.sd.configs import Config, architecture, schedule


def write(model: Path, prediction: str, configs: Mapping[str, Config]) -> Path:
    """Write the .yaml beside the single file `model`; returns where it lies.

    A .yaml of that name from elsewhere is kept under another name.
    """
    place = sidecar_yaml.yaml_of(model)
    if place.exists() and not sidecar_yaml.is_ours(place):
        names = (place.with_name(f"{place.stem}.old-{n}.yaml") for n in range(1, 10_000))
        place.rename(next(name for name in names if not name.exists()))
    text = f"{sidecar_yaml.MARK}\n{yaml.safe_dump({'model': content(prediction, configs)}, sort_keys=False)}"
    return atomic_write.write_file(place, lambda file: file.write(text.encode("utf-8")))


def content(prediction: str, configs: Mapping[str, Config]) -> dict[str, Any]:
    """The table `model` of the document. prediction: "epsilon" or "v". configs: Diffusers' own."""
    noise = schedule(prediction)
    unet, vae = ({**architecture("sd2")[part], **configs[part]} for part in ("unet", "vae"))
    return {
        "target": "ldm.models.diffusion.ddpm.LatentDiffusion",
        "params": {
            **({"parameterization": "v"} if prediction == "v" else {}),
            "linear_start": noise["beta_start"],
            "linear_end": noise["beta_end"],
            "timesteps": noise["num_train_timesteps"],
            "num_timesteps_cond": 1,
            "first_stage_key": "jpg",
            "cond_stage_key": "txt",
            "conditioning_key": "crossattn",
            "cond_stage_trainable": False,
            "image_size": 64,
            "channels": vae["latent_channels"],
            "scale_factor": FAMILIES["sd2"].latent_scale,
            "use_ema": False,
            "unet_config": {
                "target": "ldm.modules.diffusionmodules.openaimodel.UNetModel",
                "params": _unet(unet),
            },
            "first_stage_config": {
                "target": "ldm.models.autoencoder.AutoencoderKL",
                "params": {
                    "embed_dim": vae["latent_channels"],
                    "ddconfig": _vae(vae),
                    "lossconfig": {"target": "torch.nn.Identity"},
                },
            },
            "cond_stage_config": {
                "target": "ldm.modules.encoders.modules.FrozenOpenCLIPEmbedder",
                "params": {"freeze": True, "layer": "penultimate"},
            },
        },
    }


def _unet(config: Config) -> dict[str, Any]:
    widths = list(config["block_out_channels"])
    given = config["attention_head_dim"]
    # Diffusers' attention_head_dim is, by an old mistake of its, the number of heads.
    heads = [given] * len(widths) if isinstance(given, int) else list(given)
    head_widths = {width // count for width, count in zip(widths, heads, strict=True)}
    has_attention = ["CrossAttn" in kind for kind in config["down_block_types"]]
    return {
        "use_checkpoint": True,
        "use_fp16": True,
        "image_size": 32,
        "in_channels": config["in_channels"],
        "out_channels": config["out_channels"],
        "model_channels": widths[0],
        "attention_resolutions": [2**i for i, has in enumerate(has_attention) if has][::-1],
        "num_res_blocks": config["layers_per_block"],
        "channel_mult": [width // widths[0] for width in widths],
        **({"num_head_channels": head_widths.pop()} if len(head_widths) == 1 else {"num_heads": heads[0]}),
        "use_spatial_transformer": True,
        "use_linear_in_transformer": bool(config.get("use_linear_projection", False)),
        "transformer_depth": 1,
        "context_dim": config["cross_attention_dim"],
        "legacy": False,
    }


def _vae(config: Config) -> dict[str, Any]:
    widths = list(config["block_out_channels"])
    return {
        "double_z": True,
        "z_channels": config["latent_channels"],
        "resolution": 256,
        "in_channels": config["in_channels"],
        "out_ch": config["out_channels"],
        "ch": widths[0],
        "ch_mult": [width // widths[0] for width in widths],
        "num_res_blocks": config["layers_per_block"],
        "attn_resolutions": [],
        "dropout": 0.0,
    }
