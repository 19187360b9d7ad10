"""A model of the real Stable Diffusion's size with random weights: the same every time, no download.

Speed and memory do not depend on what weights hold, so a random model measures as a real one does.

    python -m bench.random_model sd1 FOLDER
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import torch
from diffusers import AutoencoderKL, UNet2DConditionModel
from torch import nn
from transformers import CLIPTextConfig, CLIPTextModel

from core.families import FAMILIES
from core.models.family import open_family
from core.models.sd import text
from core.models.sd.configs import Config, architecture, schedule

SEED = 0


def make(folder: Path, family: str) -> tuple[Path, Path]:
    """The model as a Diffusers folder and as a single file, float32; made once, found the next time.

    family: "sd1" or "sd2". The parts are made one after the other, so memory holds the largest only.
    """
    diffusers, single = folder / f"{family}-diffusers", folder / f"{family}.safetensors"
    if not (diffusers / "model_index.json").is_file():
        torch.manual_seed(SEED)
        for part, config in architecture(family).items():
            module = _part(part, config)
            if part == "text_encoder":
                tokenizer = text.tokenizer(FAMILIES[family].pad_token_id, diffusers, module)
                tokenizer.save_pretrained(diffusers / "tokenizer")
            module.save_pretrained(diffusers / part)
            del module
        _write_index(diffusers)
    if not single.is_file():
        open_family(family).convert(diffusers, family, single, "safetensors", "auto")
    return diffusers, single


def _part(part: str, config: Config) -> nn.Module:
    if part == "text_encoder":
        return CLIPTextModel(CLIPTextConfig(**config))
    made: nn.Module = {"unet": UNet2DConditionModel, "vae": AutoencoderKL}[part].from_config(config)
    return made


def _write_index(folder: Path) -> None:
    """The files that make the parts a model of Diffusers; the index last, as the mark that it is whole."""
    (folder / "scheduler").mkdir(exist_ok=True)
    scheduler = {"_class_name": "DDPMScheduler", **schedule("epsilon")}
    (folder / "scheduler" / "scheduler_config.json").write_text(json.dumps(scheduler), encoding="utf-8")
    index = {
        "_class_name": "StableDiffusionPipeline",
        "_diffusers_version": "0.40.0",
        "unet": ["diffusers", "UNet2DConditionModel"],
        "text_encoder": ["transformers", "CLIPTextModel"],
        "vae": ["diffusers", "AutoencoderKL"],
        "tokenizer": ["transformers", "CLIPTokenizer"],
        "scheduler": ["diffusers", "DDPMScheduler"],
        "safety_checker": [None, None],
        "feature_extractor": [None, None],
    }
    (folder / "model_index.json").write_text(json.dumps(index), encoding="utf-8")


if __name__ == "__main__":
    print(*make(Path(sys.argv[2]), sys.argv[1]), sep="\n")
