"""Images from a model, with LoRA files merged at any strength."""

from __future__ import annotations

import contextlib
import functools
import itertools
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from PIL import Image
from torch import Tensor

from core.adapters.targets import ModuleKey
from core.catalog import SAMPLERS, Size
from core.config.check import load
from core.config.schema.model import ModelConfig
from core.config.schema.train import TrainConfig
from core.errors import UserError
from core.events import Emit, Warned
from core.families import FAMILIES
from core.formats.identify import identify
from core.models import parts, tokens
from core.models.draw import Drawing, half_precision, save_png
from core.models.draw import draw as draw_images
from core.models.family import Family, family_of
from core.reading import reason
from core.runs.sample_prompts import Prompt, parse
from core.tools import words
from core.tools.messages import LORA_STRENGTH, SAMPLE_FOLDER, SAMPLE_LONG, SAMPLE_NONE, SAMPLER
from core.tools.try_settings import TaughtWord
from core.train.outputs.samples import drawing_of
from core.train.weights import lora_files
from core.train.weights.learned_word import LearnedWord

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
    refused = [problem for path, _ in adapters for problem in words.problems(path)]
    if refused:
        raise UserError(*refused)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UserError(SAMPLE_FOLDER(path=folder, reason=reason(error))) from error
    painter = Painter(family_of(config), config, origin.train, emit)
    painter.add(adapters, emit)
    painter.to_device()
    made = []
    for number, prompt in enumerate(parsed):
        drawing = drawing_of(prompt, sampler)
        image = painter.image(prompt.text, prompt.negative, config, drawing, is_exact=True)
        made.append(save_png(image, _free(folder, number, prompt.seed)))
    return made


_Added = tuple[tuple[Path, float, tuple[int, int]], ...]
"""Path, strength and what _changed gave of each file that is in the weights."""


def _changed(path: Path) -> tuple[int, int]:
    """Another one when a file was written anew; (0, 0) for one that can't be read, as its reader will say."""
    try:
        state = path.stat()
    except OSError:
        return 0, 0
    return state.st_mtime_ns, state.st_size


class Painter:
    """A model in memory, with LoRA files added at strengths that can be changed."""

    def __init__(self, family: Family, config: ModelConfig, train: TrainConfig, emit: Emit) -> None:
        """Reads every part, in float32 on the CPU. Raises UserError."""
        self._family = family
        self._model = parts.whole(family, config, emit)
        self._model.objective = family.objective(self._model, train)
        self._own: dict[ModuleKey, Tensor] = {}
        self._added: _Added | None = ()  # None while they are changed
        self._word: LearnedWord | None = None
        self._wanted_word: tuple[TaughtWord, tuple[int, int]] | None = None

    def to_device(self) -> None:
        """Onto the GPU, where there is one."""
        device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
        for module in self._model.modules.values():
            module.to(device)

    def add(
        self,
        loras: Sequence[tuple[Path, float]],
        emit: Emit = lambda event: None,
        word: TaughtWord | None = None,
    ) -> None:
        """Have these files added, and no others; a word that comes with one is read, or `word`.

        Raises UserError.

        What the weights were is kept in host memory, so that taking a file away again leaves no rounding.
        """
        self._read_word(words.of_files([path for path, _ in loras], word))
        added = tuple((path, strength, _changed(path)) for path, strength in loras)
        if added == self._added:
            return
        merged = [(path, strength) for path, strength in loras if not words.is_embedding(path)]
        read = [(lora_files.read(path, self._model, emit), strength) for path, strength in merged]
        self._added = None
        with torch.no_grad():
            for key, own in self._own.items():
                self._weight(key).copy_(own)
            for key in dict.fromkeys(key for modules, _ in read for key in modules):
                weight = self._weight(key)
                own = self._own.setdefault(key, weight.to("cpu", copy=True))
                new = own.clone()
                lora_files.merge_into(
                    self._model.modules[key.part], key.part, f"{key.path}.weight", new, read
                )
                weight.copy_(new)
        self._added = added

    def _read_word(self, word: TaughtWord | None) -> None:
        """Have this word read, and no other; nothing is done where it is read already."""
        wanted = None if word is None else (word, _changed(word.path))
        if wanted != self._wanted_word:
            self._word = words.put(self._family, self._model, word, self._word)
            self._wanted_word = wanted

    def _weight(self, key: ModuleKey) -> Tensor:
        weight = self._model.modules[key.part].get_submodule(key.path).weight
        assert isinstance(weight, Tensor)
        return weight

    def image(
        self,
        prompt: str,
        negative: str,
        config: ModelConfig,
        drawing: Drawing,
        progress: Callable[[int, int], None] | None = None,
        *,
        is_exact: bool = False,
    ) -> Image.Image:
        """One image, of the drawing's first seed; see `images`."""
        return self.images(prompt, negative, config, drawing, progress, is_exact=is_exact)[0]

    def images(
        self,
        prompt: str,
        negative: str,
        config: ModelConfig,
        drawing: Drawing,
        progress: Callable[[int, int], None] | None = None,
        *,
        is_exact: bool = False,
    ) -> list[Image.Image]:
        """An image of each seed. config: how the prompt is read. is_exact: in float32 also on a GPU."""
        half = contextlib.nullcontext if is_exact else functools.partial(half_precision, self._model.device)
        with torch.no_grad(), half():
            texts = self._family.encode_text(self._model, [prompt, negative], config)
        return draw_images(self._family, self._model, texts, drawing, half, progress)


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
    return long_enough(origin.config, [text for prompt in prompts for text in (prompt.text, prompt.negative)])


def long_enough(config: ModelConfig, texts: Sequence[str]) -> ModelConfig:
    """How texts are read if they are read as far as they are long."""
    longest = max(map(tokens.count_tokens, texts))
    length = next((length for length in _LENGTHS if longest <= length), _LENGTHS[-1])
    known = max(length, config.max_token_length)
    return config.model_copy(update={"max_token_length": known, "no_token_padding": False})


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
