"""Regularization images: the class as the base model generates it, so that training leaves it as it is."""

from __future__ import annotations

import functools

import torch

from core.catalog import Size, Words
from core.config.schema.model import ModelConfig
from core.counting import counted
from core.formats import partial_files
from core.models import parts, precheck
from core.models.draw import Drawing, draw, half_precision, save_png
from core.models.family import family_of
from core.tools.kept_model import KEPT
from core.tools.regularize_plan import ClassPlan, RegularizeSettings, image_path, plan
from core.tools.tool import Outcome, Work

SHOWN = 8
"""Images that the window shows of what was made."""


def run(settings: RegularizeSettings, work: Work) -> Outcome:
    """Generate what is missing. Raises what `make_images` does."""
    plans = make_images(settings, work)
    lines = (
        Words(
            f"{part.folder}: {counted(part.count, 'image')}, {len(part.missing)} of them new",
            f"{part.folder}：{part.count}枚（うち新規{len(part.missing)}枚）",
            f"{part.folder}：{part.count}张（新增{len(part.missing)}张）",
        )
        for part in plans
    )
    made = [path for part in plans for path in sorted(part.folder.glob("*.png"))[:SHOWN]]
    return Outcome(tuple(lines), images=tuple(made[:SHOWN]))


def make_images(settings: RegularizeSettings, work: Work | None = None) -> tuple[ClassPlan, ...]:
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

    def check(*_: object) -> None:
        work.control.check()

    plans = plan(settings)
    total = sum(part.count for part in plans)
    done = total - sum(len(part.missing) for part in plans)
    if done == total:
        return plans
    KEPT.free()
    config = ModelConfig(base=settings.model)
    precheck.fetch(config, fetched)
    family = family_of(config)
    model = parts.whole(family, config, check)
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    for module in model.modules.values():
        module.to(device)

    size = Size(*settings.resolution) if settings.resolution is not None else model.spec.default_size
    half = functools.partial(half_precision, device)
    for part in plans:
        part.folder.mkdir(parents=True, exist_ok=True)
        partial_files.sweep(part.folder)
        with torch.no_grad(), half():
            texts = family.encode_text(model, [part.prompt, settings.negative], config)
        for start in range(0, len(part.missing), settings.batch):
            seeds = part.missing[start : start + settings.batch]
            work.at("regularize", done, total)
            drawing = Drawing(size, seeds, settings.sampler, settings.steps, settings.scale)
            for seed, image in zip(seeds, draw(family, model, texts, drawing, half, check), strict=True):
                save_png(image, image_path(part.folder, seed))
            done += len(seeds)
    work.progress("regularize", total, total)
    return plans
