"""A captioner: a language model of the transformers library that sees images. Runs no code of its folder."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from PIL import Image
from safetensors import SafetensorError
from torch import Tensor, nn
from torch.nn import functional

from core.captioners import answers, messages
from core.captioners.prompts import Recipe, recipe_of
from core.errors import UserError

_QWEN = ("qwen2_vl", "qwen2_5_vl", "qwen3_vl", "qwen3_vl_moe", "qwen3_5", "qwen3_5_moe")
_RETRY_TEMPERATURE = 0.7
_RETRY_PENALTY = 1.1
"""After a loop: words that were said are made a little less likely."""
_TOP_P = 0.9
_SPATIAL_MERGE = 2
"""Patches of an image along each side that Qwen-VL makes one token of, where its config says nothing."""

Inputs = dict[str, Any]


@dataclass(frozen=True)
class Asking:
    """What is asked. prompt: in place of the model's own for this length, "" for that.

    tokens: at most so many are answered. temperature: None for the model's own, 0 for the likeliest words.
    side: pixels that the longer side of an image is made smaller to, for models that take any size.
    """

    prompt: str = ""
    length: str = "medium"
    tokens: int = 256
    temperature: float | None = None
    seed: int = 0
    side: int = 768


def kind_of(folder: Path) -> str:
    """The model_type that a folder's config.json names, "" where there is none."""
    try:
        return str(json.loads((folder / "config.json").read_text("utf-8"))["model_type"])
    except (OSError, ValueError, TypeError, KeyError, RecursionError):
        return ""


def bytes_per_number(device: str) -> int:
    """Of the weights, once they are in memory."""
    return 2 if device != "cpu" and torch.cuda.is_available() else 4


class Captioner:
    """A language model in memory. device: "cpu", or "auto" for the GPU where there is one."""

    def __init__(self, folder: Path, device: str = "auto") -> None:
        self._folder, self.kind = folder, kind_of(folder)
        self._recipe: Recipe = recipe_of(self.kind)
        has_gpu = device != "cpu" and torch.cuda.is_available()
        self._device = torch.device("cuda" if has_gpu else "cpu")
        half = torch.bfloat16 if has_gpu and torch.cuda.is_bf16_supported() else torch.float16
        self._dtype = half if has_gpu else torch.float32
        with _explained(folder):
            self._load()

    def _load(self) -> None:
        from transformers import (
            AutoImageProcessor,
            AutoModelForImageTextToText,
            AutoProcessor,
            AutoTokenizer,
        )

        here: dict[str, Any] = {"local_files_only": True, "trust_remote_code": False}
        if self.kind in _QWEN:
            # Its whole processor also takes videos, for which it needs torchvision.
            images: Any = AutoImageProcessor
            self._processor: Any = images.from_pretrained(self._folder, **here)
            self._tokenizer: Any = AutoTokenizer.from_pretrained(self._folder, **here)
        else:
            whole: Any = AutoProcessor
            self._processor = whole.from_pretrained(self._folder, **here)
            self._tokenizer = self._processor.tokenizer
        model: Any = AutoModelForImageTextToText.from_pretrained(
            self._folder, dtype=self._dtype, use_safetensors=True, **here
        )
        self._model: Any = model.eval().requires_grad_(False).to(self._device)
        if self._device.type == "cuda":
            flatten_patches(self._model)

    def caption(self, image: Image.Image, asking: Asking, check: Callable[[], None] = lambda: None) -> str:
        """What the model says of an upright RGB image, in one line; "" where it says nothing usable.

        Where it repeats itself it is asked once more, with other words; then what it said up to there counts.
        check: called between two tokens; what it raises ends the work.
        """
        inputs, start = self._inputs(image, asking)
        own = self._recipe.temperature if asking.temperature is None else asking.temperature
        text = self._answer(inputs, start, asking, (own, asking.seed, 1.0), check)
        if answers.is_looping(text):
            other = (max(own, _RETRY_TEMPERATURE), asking.seed + 1, _RETRY_PENALTY)
            text = self._answer(inputs, start, asking, other, check)
        return answers.until_loop(text) if answers.is_looping(text) else text

    def close(self) -> None:
        """Give its memory back."""
        self._model = self._processor = self._tokenizer = None

    def _inputs(self, image: Image.Image, asking: Asking) -> tuple[Inputs, int]:
        """What the model is given, and how many tokens of its answer are the question's own."""
        prompt = asking.prompt.strip() or self._recipe.prompts.get(asking.length, "")
        if self.kind in _QWEN:
            made = self._qwen(_at_most(image, asking.side), prompt)
        elif self.kind == "florence2":
            made = self._processor(text=prompt, images=image, return_tensors="pt")
        elif not self._recipe.prompts:  # it takes the start of a caption, not a question
            words = {"text": prompt} if prompt else {}
            made = self._processor(images=image, return_tensors="pt", **words)
        else:
            made = self._chat(image, prompt)
        given = {name: self._placed(value) for name, value in dict(made).items()}
        is_continued = not self._model.config.is_encoder_decoder and self._recipe.prompts
        ids = given.get("input_ids")
        return given, int(ids.shape[1]) if is_continued and ids is not None else 0

    def _placed(self, value: Any) -> Any:
        if not isinstance(value, Tensor):
            return value
        return value.to(self._device, self._dtype) if value.is_floating_point() else value.to(self._device)

    def _qwen(self, image: Image.Image, prompt: str) -> Inputs:
        """As its processor would make it: an image token for each square of merged patches."""
        seen = self._processor(images=[image], return_tensors="pt")
        merge = getattr(self._model.config.vision_config, "spatial_merge_size", _SPATIAL_MERGE)
        count = int(seen["image_grid_thw"][0].prod()) // merge**2
        text = (
            f"<|im_start|>user\n<|vision_start|>{'<|image_pad|>' * count}<|vision_end|>{prompt}<|im_end|>\n"
            "<|im_start|>assistant\n"
        )
        words = self._tokenizer(text, return_tensors="pt")
        ids = words["input_ids"]
        types = (ids == self._model.config.image_token_id).int()
        return {
            "input_ids": ids,
            "attention_mask": words["attention_mask"],
            "mm_token_type_ids": types,
            **dict(seen),
        }

    def _chat(self, image: Image.Image, prompt: str) -> Inputs:
        """The question in the model's own form of a talk, made into tokens together with the image."""
        text = _as_talk(self._processor, self._recipe.system, prompt)
        mark = getattr(self._processor, "image_token", "<image>")
        if mark not in text:
            text = text.replace(prompt, f"{mark}\n{prompt}", 1)
        # The talk begins with the token that begins a text; the tokenizer would put a second one before it.
        begins = bool(self._tokenizer.bos_token) and text.startswith(self._tokenizer.bos_token)
        more = {"add_special_tokens": False} if begins else {}
        made: Inputs = dict(self._processor(text=text, images=image, return_tensors="pt", **more))
        return made

    def _answer(
        self,
        inputs: Inputs,
        start: int,
        asking: Asking,
        drawing: tuple[float, int, float],
        check: Callable[[], None],
    ) -> str:
        """drawing: temperature, seed, and how much words that were said are held back (1: not at all)."""
        temperature, seed, penalty = drawing
        how: dict[str, Any] = {"max_new_tokens": asking.tokens, "repetition_penalty": penalty}
        if temperature > 0:
            how |= {"do_sample": True, "temperature": temperature, "top_p": _TOP_P, "top_k": 0}
        else:
            how |= {"do_sample": False, "num_beams": self._recipe.beams}
            how |= {"temperature": None, "top_p": None, "top_k": None}
        devices = [self._device] if self._device.type == "cuda" else []
        with torch.no_grad(), torch.random.fork_rng(devices=devices):
            torch.manual_seed(seed)
            made = self._model.generate(**inputs, **how, stopping_criteria=[_checking(check)])
        tokens = made[0][start:]
        ended = self._model.generation_config.eos_token_id
        ends = ended if isinstance(ended, list) else [ended]
        is_cut = len(tokens) >= asking.tokens and not any(int(token) in ends for token in tokens[-1:])
        return answers.cleaned(self._tokenizer.decode(tokens, skip_special_tokens=True), is_cut)


def _checking(check: Callable[[], None]) -> Callable[..., Tensor]:
    """Between two tokens: nothing is stopped by it but by what `check` raises."""

    def ask(input_ids: Tensor, scores: Any, **more: Any) -> Tensor:
        check()
        return torch.zeros(input_ids.shape[0], dtype=torch.bool, device=input_ids.device)

    return ask


def _at_most(image: Image.Image, side: int) -> Image.Image:
    """The image with a longer side of at most so many pixels."""
    scale = side / max(image.size)
    if scale >= 1:
        return image
    size = (max(1, round(image.width * scale)), max(1, round(image.height * scale)))
    return image.resize(size, Image.Resampling.BICUBIC)


def _as_talk(processor: Any, system: str, prompt: str) -> str:
    """The question by the model's template: some take texts, some lists of parts, the image among them."""
    plain = [{"role": "user", "content": prompt}]
    if system:
        plain.insert(0, {"role": "system", "content": system})
    try:
        text = str(processor.apply_chat_template(plain, tokenize=False, add_generation_prompt=True))
    except (TypeError, ValueError, KeyError, AttributeError, IndexError):
        text = ""
    if prompt in text:
        return text
    talk = [{"role": one["role"], "content": [{"type": "text", "text": one["content"]}]} for one in plain]
    talk[-1]["content"].insert(0, {"type": "image"})  # type: ignore[attr-defined]
    return str(processor.apply_chat_template(talk, tokenize=False, add_generation_prompt=True))


class _Patches(nn.Module):
    """A convolution whose windows do not overlap, as the matrix product that it is: faster in bf16.

    conv: sees one window at a time, (windows, channels, frames, rows, columns) as large as its kernel.
    """

    def __init__(self, conv: nn.Conv3d) -> None:
        super().__init__()
        self.weight, self.bias = conv.weight, conv.bias

    def forward(self, windows: Tensor) -> Tensor:
        return functional.linear(windows.flatten(1), self.weight.flatten(1), self.bias)


def flatten_patches(model: nn.Module) -> int:
    """Make the patch convolutions of Qwen-VL matrix products; how many there were."""
    found = [module for name, module in model.named_modules() if name.endswith("patch_embed")]
    count = 0
    for module in found:
        conv = getattr(module, "proj", None)
        if isinstance(conv, nn.Conv3d) and conv.kernel_size == conv.stride:
            module.proj = _Patches(conv)
            count += 1
    return count


@contextlib.contextmanager
def _explained(folder: Path) -> Iterator[None]:
    """Says in a sentence why a folder can't be loaded. Raises UserError."""
    try:
        yield
    except ImportError as error:
        name = "torchvision" if "torchvision" in str(error).lower() else str(error.name or "transformers")
        found = messages.NO_LIBRARY(path=folder, library=name, command=messages.install(name))
        raise UserError(found) from error
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RuntimeError, SafetensorError) as error:
        if isinstance(error, torch.OutOfMemoryError):
            raise
        lines = str(error).strip().splitlines()
        why = lines[0][:200] if lines else type(error).__name__
        raise UserError(messages.NOT_LOADED(path=folder, why=why)) from error
