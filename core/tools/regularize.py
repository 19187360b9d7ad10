"""Regularization images: the class as the base model generates it, so that training leaves it as it is."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import torch
from PIL import Image

from core.catalog import Size, Words
from core.config.schema.run import ModelConfig
from core.counting import counted
from core.formats import atomic_write
from core.formats import partial_files as half_written
from core.models import precheck
from core.models.family import Components, Family, open_family
from core.tools.regularize_plan import RegularizeSettings, Wanted, image_path, plan
from core.tools.tool import Outcome, Work


def run(settings: RegularizeSettings, work: Work) -> Outcome:
    """Generate what is missing. Raises what `make_images` does."""
    made = [(part, len(part.missing)) for part in make_images(settings, work)]
    lines = [
        Words(*(f"{part.folder}: {part.count} ({n} {new})" for new in ("new", "新規"))) for part, n in made
    ]
    notes = [
        Words(
            f"{part.folder.name}: {counted(part.count, 'image')}, {n} of them new",
            f"{part.folder.name}：{part.count}枚（うち新規{n}枚）",
        )
        for part, n in made
    ]
    return Outcome(tuple(lines), tuple(notes))


def make_images(settings: RegularizeSettings, work: Work | None = None) -> tuple[Wanted, ...]:
    """Generate what is missing; returns the plan that was followed.

    An image is named by its seed, and an existing one is never generated or written again, so that a call
    that was interrupted goes on where it was. An image does not depend on how many are generated at once.
    Raises UserError for a model or settings that are none, StopRun when it is stopped, ResourceFault when the
    disk is full.
    """
    work = work or Work()

    def fetched(megabytes: int, of: int) -> None:
        work.progress("fetch_model", megabytes, of)
        work.control.check_stop()

    def check(*step: Any) -> dict[str, Any]:
        work.control.check()
        return dict(step[-1]) if step else {}

    wanted = plan(settings)
    total = sum(part.count for part in wanted)
    done = total - sum(len(part.missing) for part in wanted)
    if done == total:
        return wanted
    model = ModelConfig(base=settings.model)
    precheck.fetch(model, fetched)
    family = open_family("auto")
    parts = family.load(settings.model, model, lambda event: check() and None)
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    for module in parts.modules().values():
        module.to(device)

    for part in wanted:
        part.folder.mkdir(parents=True, exist_ok=True)
        half_written.sweep(part.folder)
        for start in range(0, len(part.missing), settings.batch):
            seeds = part.missing[start : start + settings.batch]
            work.at("regularize", done, total)
            for seed, picture in zip(seeds, _draw(family, parts, settings, part, seeds, check), strict=True):
                _save(picture, image_path(part.folder, seed))
            done += len(seeds)
    work.progress("regularize", total, total)
    return wanted


def _draw(
    family: Family,
    parts: Components,
    settings: RegularizeSettings,
    wanted: Wanted,
    seeds: Sequence[int],
    check: Callable[..., dict[str, Any]],
) -> list[Image.Image]:
    """One picture for each seed."""
    size = Size(*settings.resolution) if settings.resolution is not None else parts.spec.default_size
    device = parts.unet.device
    pipe = family.pipeline(parts, settings.sampler)
    with torch.no_grad():
        with _half(device):
            latents = pipe(
                [wanted.prompt] * len(seeds),
                negative_prompt=[settings.negative] * len(seeds),
                width=size.width,
                height=size.height,
                num_inference_steps=settings.steps,
                guidance_scale=settings.scale,
                generator=[torch.Generator("cpu").manual_seed(seed) for seed in seeds],
                output_type="latent",
                callback_on_step_end=check,
            ).images
        # The VAE stays in float32 and takes one picture at a time: it needs the most memory of all.
        decoded = [
            parts.vae.decode(one[None].float() / parts.spec.latent_scale, return_dict=False)[0]
            for one in latents
        ]
    pictures: list[Image.Image] = pipe.image_processor.postprocess(torch.cat(decoded), output_type="pil")
    return pictures


@contextlib.contextmanager
def _half(device: torch.device) -> Iterator[None]:
    """bfloat16 where the card computes in it; fp16 overflows in some models of Stable Diffusion 2."""
    is_able = device.type == "cuda" and torch.cuda.is_bf16_supported(including_emulation=False)
    with torch.autocast(device.type, torch.bfloat16, enabled=is_able):
        yield


def _save(picture: Image.Image, path: Path) -> None:
    atomic_write.write_file(path, lambda file: picture.save(file, format="PNG"))
