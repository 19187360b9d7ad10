"""A model of a family's real size with random weights: the same every time, no download.

Speed and memory do not depend on what weights hold, so a random model measures as a real one does.

    python -m bench.random_model sd1 FOLDER
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import torch
from diffusers import AutoencoderKL, UNet2DConditionModel
from torch import nn
from transformers import CLIPTextConfig, CLIPTextModel, CLIPTextModelWithProjection

from core.models.family import open_family
from core.models.sd.configs import Config, architecture
from core.models.sd.load import blank
from core.models.sd.save import Whole, folder_texts

SEED = 0
KINDS = {"text_encoder": CLIPTextModel, "text_encoder_2": CLIPTextModelWithProjection}
LARGEST = 0.05
"""Weights of a model in fp16 are drawn up to here, on both sides of 0."""


def make(folder: Path, family: str) -> tuple[Path, Path]:
    """The model as a Diffusers folder and as a single file, float32; made once, found the next time.

    Weights as the libraries begin a training. The parts are made one after the other, so memory holds the
    largest only.
    """
    diffusers, single = folder / f"{family}-diffusers", folder / f"{family}.safetensors"
    if not (diffusers / "model_index.json").is_file():
        torch.manual_seed(SEED)
        for part, config in architecture(family).items():
            _part(part, config).save_pretrained(diffusers / part)  # type: ignore[operator]
        _write_texts(diffusers, family)
    if not single.is_file():
        open_family(family).convert(diffusers, family, single, "safetensors", "auto")
    return diffusers, single


def make_half(folder: Path, family: str) -> Path:
    """The model as a Diffusers folder in fp16, every tensor random; made once, found the next time.

    Half the room and a third of the memory of `make`: no part is ever there in float32.
    """
    if not (folder / "model_index.json").is_file():
        random = torch.Generator().manual_seed(SEED)
        for part, config in architecture(family).items():
            module: Any = blank(part, config).half().to_empty(device="cpu")
            for parameter in module.parameters():
                parameter.data.uniform_(-LARGEST, LARGEST, generator=random)
            module.save_pretrained(folder / part, safe_serialization=True, max_shard_size="10GB")
            del module
        _write_texts(folder, family)
    return folder


def _part(part: str, config: Config) -> nn.Module:
    if part in KINDS:
        return KINDS[part](CLIPTextConfig(**config))
    made: nn.Module = {"unet": UNet2DConditionModel, "vae": AutoencoderKL}[part].from_config(config)
    return made


def _write_texts(folder: Path, family: str) -> None:
    """The files that make the parts a model of Diffusers; the index last, as the mark that it is whole."""
    whole = Whole(folder, family, "epsilon", architecture(family), True)
    for name, text in sorted(folder_texts(whole).items(), key=lambda one: one[0] == "model_index.json"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    print(*make(Path(sys.argv[2]), sys.argv[1]), sep="\n")
