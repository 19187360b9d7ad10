"""Pictures from a model, with LoRA files put in at any strength."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import torch

from core.catalog import FAMILIES, SAMPLERS
from core.config.check import load
from core.config.schema import ModelConfig
from core.errors import Problem, UserError
from core.formats.identify import identify
from core.models.family import open_family
from core.train.prompts import Prompt, parse

Progress = Callable[[int, int], None]


def draw(
    source: Path,
    loras: Sequence[str],
    prompts: Sequence[str],
    folder: Path,
    sampler: str = "ddim",
    progress: Progress | None = None,
) -> list[Path]:
    """One PNG for each prompt; returns where they lie.

    source: a model, or a run file whose base model is meant. loras: "FILE" or "FILE:STRENGTH" each.
    prompts: with the options of sample_prompts; without --d the seed is that of the prompt's number.
    Raises UserError for anything that can't be read.
    """
    if sampler not in SAMPLERS:
        names = ", ".join(SAMPLERS)
        raise UserError(
            Problem(
                "E-SAMPLER",
                f"no such sampler: {sampler}; there are {names}.",
                f"サンプラーは{names}のいずれかです（指定：{sampler}）。",
            )
        )
    base, config, resolution = _model_of(source)
    parsed = parse(list(prompts), resolution, seed=0)
    adapters = [_split(lora) for lora in loras]
    family = open_family(config.family)
    parts = family.load(base, config, lambda event: None)
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    for module in parts.modules().values():
        module.to(device)
    pipe = family.pipeline(parts, sampler)
    for number, (path, _) in enumerate(adapters):
        pipe.load_lora_weights(str(path), adapter_name=f"lora{number}")
    if adapters:
        pipe.set_adapters([f"lora{n}" for n in range(len(adapters))], [strength for _, strength in adapters])
    folder.mkdir(parents=True, exist_ok=True)
    made = []
    for number, prompt in enumerate(parsed):
        if progress is not None:
            progress(number, len(parsed))
        pipe.scheduler = family.pipeline(parts, prompt.sampler or sampler).scheduler
        made.append(_draw_one(pipe, prompt, number, folder))
    return made


def _model_of(source: Path) -> tuple[str, ModelConfig, tuple[int, int]]:
    """The model's path, how to read it, and the size to draw at."""
    if source.suffix.lower() == ".toml":
        config = load(source).config
        return config.model.base, config.model, config.dataset.resolution
    family = identify(source).family
    side = FAMILIES[family].default_size if family in FAMILIES else FAMILIES["sd1"].default_size
    return str(source), ModelConfig(), (side.width, side.height)


def _split(lora: str) -> tuple[Path, float]:
    """ "file.safetensors:0.8" -> path and strength; a colon after a drive letter is no strength."""
    name, colon, strength = lora.rpartition(":")
    if colon and name:
        try:
            return _found(Path(name)), float(strength)
        except ValueError:
            pass
    return _found(Path(lora)), 1.0


def _found(path: Path) -> Path:
    if not path.is_file():
        raise UserError(
            Problem(
                "E-LORA-MISSING", "there is no such LoRA file.", "LoRAファイルがありません。", path=str(path)
            )
        )
    return path


def _draw_one(pipe: Any, prompt: Prompt, number: int, folder: Path) -> Path:
    """Draw and save under a name that is not taken."""
    picture = pipe(
        prompt.text,
        negative_prompt=prompt.negative or None,
        width=prompt.size.width,
        height=prompt.size.height,
        num_inference_steps=prompt.steps,
        guidance_scale=prompt.guidance,
        generator=torch.Generator().manual_seed(prompt.seed),
    ).images[0]
    n = 0
    while True:
        path = folder / f"{number:02}_{prompt.seed}{f'_{n}' if n else ''}.png"
        if not path.exists():
            picture.save(path)
            return path
        n += 1
