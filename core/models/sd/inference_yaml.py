"""How a single file of Stable Diffusion 2 is run, as the programs read it that were made for the first ones.

A1111-style programs look for a .yaml of the model's name. It tells them the architecture in the terms of LDM,
the prediction, and the text encoder with its layer.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from core.formats import atomic_write, sidecar_yaml
from core.models.sd.configs import Config, architecture

_TEMPLATE = Path(__file__).parents[2] / "assets" / "sd2" / "inference.yaml"


def write(model: Path, prediction: str, configs: Mapping[str, Config]) -> Path:
    """Write the .yaml beside the single file `model`; returns where it lies.

    A .yaml of that name from elsewhere is kept under another name.
    """
    place = sidecar_yaml.yaml_of(model)
    if place.exists() and not sidecar_yaml.is_ours(place):
        names = (place.with_name(f"{place.stem}.old-{n}.yaml") for n in range(1, 10_000))
        place.rename(next(name for name in names if not name.exists()))
    text = f"{sidecar_yaml.MARK}\n{yaml.safe_dump(content(prediction, configs), sort_keys=False)}"
    return atomic_write.write_file(place, lambda file: file.write(text.encode("utf-8")))


def content(prediction: str, configs: Mapping[str, Config]) -> dict[str, Any]:
    """The document: the real model's, with what it predicts and the sizes of this one.

    prediction: "epsilon" or "v". configs: Diffusers' own.
    """
    document: dict[str, Any] = yaml.safe_load(_TEMPLATE.read_text(encoding="utf-8"))
    params = document["model"]["params"]
    if prediction == "v":
        document["model"]["params"] = {"parameterization": "v"} | params
    unet, vae = ({**architecture("sd2")[part], **configs[part]} for part in ("unet", "vae"))
    widths, given = list(unet["block_out_channels"]), unet["attention_head_dim"]
    # Diffusers' attention_head_dim is, by an old mistake of its, the number of heads.
    heads = [given] * len(widths) if isinstance(given, int) else list(given)
    head_widths = {width // count for width, count in zip(widths, heads, strict=True)}
    has_attention = ["CrossAttn" in kind for kind in unet["down_block_types"]]
    own = params["unet_config"]["params"]
    own |= {
        "in_channels": unet["in_channels"],
        "out_channels": unet["out_channels"],
        "model_channels": widths[0],
        "attention_resolutions": [2**i for i, has in enumerate(has_attention) if has][::-1],
        "num_res_blocks": unet["layers_per_block"],
        "channel_mult": [width // widths[0] for width in widths],
        "use_linear_in_transformer": bool(unet.get("use_linear_projection", False)),
        "context_dim": unet["cross_attention_dim"],
    }
    if len(head_widths) == 1:
        own["num_head_channels"] = head_widths.pop()
    else:
        del own["num_head_channels"]
        own["num_heads"] = heads[0]
    widths, latent = list(vae["block_out_channels"]), vae["latent_channels"]
    params["channels"] = params["first_stage_config"]["params"]["embed_dim"] = latent
    params["first_stage_config"]["params"]["ddconfig"] |= {
        "z_channels": latent,
        "in_channels": vae["in_channels"],
        "out_ch": vae["out_channels"],
        "ch": widths[0],
        "ch_mult": [width // widths[0] for width in widths],
        "num_res_blocks": vae["layers_per_block"],
    }
    return document
