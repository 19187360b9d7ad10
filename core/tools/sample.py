"""Images from a model, with LoRA files merged at any strength."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import torch

from core.catalog import SAMPLERS, Size
from core.config.check import load
from core.config.schema.model import ModelConfig
from core.config.schema.train import TrainConfig
from core.errors import UserError
from core.events import Emit, Warned
from core.families import FAMILIES
from core.formats.identify import identify
from core.models import lora_precheck, parts, tokens
from core.models.draw import draw as draw_images
from core.models.draw import save_png
from core.models.family import family_of
from core.reading import reason
from core.runs.sample_prompts import Prompt, parse
from core.tools.messages import LORA_STRENGTH, SAMPLE_FOLDER, SAMPLE_LONG, SAMPLE_NONE, SAMPLER
from core.train.outputs.samples import drawing_of
from core.train.weights import lora_files

_LENGTHS = (75, 150, 225)
"""Tokens that a model reads of a prompt; values of max_token_length."""


@dataclass(frozen=True)
class _Source:
    """What generates. resolution: (width, height) in pixels."""

    config: ModelConfig
    resolution: tuple[int, int]
    train: TrainConfig


def draw(
    source: Path,
    loras: Sequence[str],
    prompts: Sequence[str],
    folder: Path,
    sampler: str = "ddim",
    emit: Emit = lambda event: None,
) -> list[Path]:
    """One PNG for each prompt; returns where they lie.

    source: a model, or a run file whose base model is meant, drawn as the samples of its training are.
    loras: "FILE" or "FILE:STRENGTH" each. prompts: with the options of sample_prompts; without --d the seed
    is that of the prompt's number. emit: takes notices.
    Raises UserError for anything that can't be read or written, before a model is loaded where possible.
    """
    if sampler not in SAMPLERS:
        raise UserError(SAMPLER(sampler=sampler, names=", ".join(SAMPLERS)))
    origin = _source(source)
    parsed = parse(list(prompts), origin.resolution, seed=0)
    if not parsed:
        raise UserError(SAMPLE_NONE())
    config = _long_enough(origin, parsed, source)
    for prompt in parsed:
        if (count := _longest(prompt)) > config.max_token_length:
            emit(Warned(SAMPLE_LONG(tokens=count, limit=config.max_token_length)))
    adapters = [_split(lora) for lora in loras]
    refused = [problem for path, _ in adapters for problem in lora_precheck.problems(path)]
    if refused:
        raise UserError(*refused)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UserError(SAMPLE_FOLDER(path=folder, reason=reason(error))) from error
    family = family_of(config)
    model = parts.whole(family, config, emit)
    model.objective = family.objective(model, origin.train)
    for path, strength in adapters:
        lora_files.merge(path, model, strength, emit)
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    for module in model.modules.values():
        module.to(device)
    made = []
    for number, prompt in enumerate(parsed):
        with torch.no_grad():
            texts = family.encode_text(model, [prompt.text, prompt.negative], config)
        (image,) = draw_images(family, model, texts, drawing_of(prompt, sampler))
        made.append(save_png(image, _free(folder, number, prompt.seed)))
    return made


def _source(source: Path) -> _Source:
    """The model's path, how to read it, and the size to draw at."""
    if source.suffix.lower() == ".toml":
        config = load(source, reads_base=True).config
        return _Source(config.model, config.dataset.resolution, config.train)
    family = identify(source).family if source.exists() else ""
    side: Size = FAMILIES.get(family, next(iter(FAMILIES.values()))).default_size
    return _Source(ModelConfig(base=str(source)), (side.width, side.height), TrainConfig())


def _long_enough(origin: _Source, prompts: Sequence[Prompt], source: Path) -> ModelConfig:
    """How texts are read: as the run file says, and with a model alone as far as the prompts are long."""
    if source.suffix.lower() == ".toml":
        return origin.config.model_copy(update={"no_token_padding": False})
    longest = max(map(_longest, prompts))
    length = next((length for length in _LENGTHS if longest <= length), _LENGTHS[-1])
    return origin.config.model_copy(update={"max_token_length": length})


def _longest(prompt: Prompt) -> int:
    """Tokens of the prompt or of its negative."""
    return max(tokens.count_tokens(prompt.text), tokens.count_tokens(prompt.negative))


def _split(lora: str) -> tuple[Path, float]:
    """ "file.safetensors:0.8" -> path and strength; a colon after a drive letter is no strength."""
    name, colon, number = lora.rpartition(":")
    if colon and name and not Path(lora).exists():
        try:
            strength = float(number)
        except ValueError:
            return Path(lora), 1.0
        if not math.isfinite(strength):
            raise UserError(LORA_STRENGTH(path=name, strength=number))
        return Path(name), strength
    return Path(lora), 1.0


def _free(folder: Path, number: int, seed: int) -> Path:
    """A name that is not taken."""
    names = (f"{number:02}_{seed}{f'_{n}' if n else ''}.png" for n in itertools.count())
    return next(path for name in names if not (path := folder / name).exists())
