"""Images drawn by a model, with the very function that is trained; for every family."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

import torch
from PIL import Image, PngImagePlugin
from torch import Tensor

from core.catalog import Size
from core.formats import atomic_write
from core.models.family import Family, Frame, Model, TextState, frames_tensor


@dataclass(frozen=True)
class Drawing:
    """How to draw. seeds: one for each image; guidance: up to 1 the negative text has no say."""

    size: Size
    seeds: tuple[int, ...]
    sampler: str
    steps: int = 30
    guidance: float = 7.5


@torch.no_grad()
def draw(
    family: Family,
    model: Model,
    texts: Sequence[TextState],
    drawing: Drawing,
    autocast: Callable[[], AbstractContextManager[Any]] = nullcontext,
    progress: Callable[[int, int], None] | None = None,
) -> list[Image.Image]:
    """An image for each seed, whatever it is drawn together with, on the denoiser's device.

    texts: that of the prompt and of what to avoid, of one length. progress: called with the timesteps done
    and their number; some samplers need more of them than steps.
    Source: Ho and Salimans 2022, arXiv:2207.12598, eq. 6; diffusers' StableDiffusionPipeline.
    """
    with autocast():
        latents = _latents(family, model, texts, drawing, progress)
    # The VAE takes one image at a time, for it needs the most memory of all, and stays in float32: in fp16
    # its activations overflow for some models.
    return [_image(family.decode_image(model, one[None].float())[0]) for one in latents]


def _latents(
    family: Family,
    model: Model,
    texts: Sequence[TextState],
    drawing: Drawing,
    progress: Callable[[int, int], None] | None,
) -> Tensor:
    """(B, C, h, w)."""
    spec, device, count = model.spec, model.device, len(drawing.seeds)
    scheduler = family.schedule(model, drawing.sampler, drawing.steps, drawing.size)
    generators = [torch.Generator("cpu").manual_seed(seed) for seed in drawing.seeds]
    shape = (1, spec.latent_channels, *(side // spec.latent_stride for side in drawing.size[::-1]))
    latents = torch.cat([torch.randn(shape, generator=generator) for generator in generators]).to(device)
    latents = latents * getattr(scheduler, "init_noise_sigma", 1.0)
    is_guided = drawing.guidance > 1.0
    text, negative = (one.to(device) for one in texts)
    given = [negative] * count + [text] * count if is_guided else [text] * count
    frames = frames_tensor([Frame(drawing.size, (0, 0), drawing.size)] * len(given)).to(device)
    known = inspect.signature(scheduler.step).parameters
    more = {name: value for name, value in (("eta", 0.0), ("generator", generators)) if name in known}
    scaled = getattr(scheduler, "scale_model_input", lambda sample, _: sample)
    for done, timestep in enumerate(scheduler.timesteps, 1):
        noisy = scaled(torch.cat([latents, latents]) if is_guided else latents, timestep)
        pred = family.predict(model, noisy, timestep.expand(len(given)), given, frames).float()
        if is_guided:
            away, towards = pred.chunk(2)
            pred = away + drawing.guidance * (towards - away)
        latents = scheduler.step(pred, timestep, latents, **more, return_dict=False)[0]
        if progress is not None:
            progress(done, len(scheduler.timesteps))
    return latents


def _image(pixels: Tensor) -> Image.Image:
    """(3, H, W) in about [-1, 1]."""
    shares = (pixels / 2 + 0.5).clamp(0, 1).permute(1, 2, 0).cpu().float().numpy()
    return Image.fromarray((shares * 255).round().astype("uint8"))


@contextmanager
def half_precision(device: torch.device) -> Iterator[None]:
    """bfloat16 where the card computes in it; fp16 overflows in some models of Stable Diffusion 2."""
    is_able = device.type == "cuda" and torch.cuda.is_bf16_supported(including_emulation=False)
    with torch.autocast(device.type, torch.bfloat16, enabled=is_able):
        yield


def save_png(image: Image.Image, path: Path, texts: Mapping[str, str] = MappingProxyType({})) -> Path:
    """Write an image whole or not at all; returns where it lies. texts: told by the file itself, by name."""
    info = PngImagePlugin.PngInfo()
    for name, text in texts.items():
        info.add_text(name, text)
    return atomic_write.write_file(path, lambda file: image.save(file, format="PNG", pnginfo=info))
