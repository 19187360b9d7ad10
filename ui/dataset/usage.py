"""Images that the run never trains and batches that stay partly empty, each with its cure."""

from __future__ import annotations

from typing import Any

from core.config.schema.train import TrainConfig
from core.counting import listed
from core.data.health.findings import can_stay_small
from core.data.names import short_name
from core.data.plan import usage
from core.data.plan.plan import Plan
from core.errors import Lang
from ui.dataset.health import act
from ui.parts.markup import note
from ui.text import say

_SIZES = 4
"""Buckets with a short last batch that are named."""


def cures(plan: Plan, train: TrainConfig | None) -> dict[str, tuple[str, Any]]:
    """The settings that a button offers: name -> (option, value)."""
    settings: dict[str, tuple[str, Any]] = {}
    if can_stay_small(plan):
        settings["small"] = ("dataset.bucket_no_upscale", True)
    if train is not None and plan.batches_per_epoch and usage.unused(plan, train).train:
        settings["steps"] = ("train.max_train_steps", usage.unused(plan, train).train_steps)
    fill = usage.filling(plan)
    if fill.share < usage.FULL and fill.better is not None and not plan.config.dataset_config:
        settings["batch"] = ("dataset.train_batch_size", fill.better)
    return settings


def usage_html(plan: Plan, train: TrainConfig | None, has_seed: bool, lang: Lang) -> str:
    """What the run never trains, and how full its batches are; "" when there is nothing to say."""
    parts = []
    if train is not None and plan.batches_per_epoch:
        parts += [_unused(plan, train, has_seed, lang)]
    if plan.validation:
        parts.append(note(say("usage.held", lang, n=len(plan.validation))))
    parts.append(_short(plan, lang))
    said = "".join(parts)
    return f'<div class="rw-usage">{said}</div>' if said else ""


def _names(plan: Plan, indices: tuple[int, ...], lang: Lang) -> str:
    return listed([short_name(plan.images[i].path) for i in indices]).of(lang)


def _unused(plan: Plan, train: TrainConfig, has_seed: bool, lang: Lang) -> str:
    unused = usage.unused(plan, train)
    parts = []
    if unused.train:
        total = plan.total_steps(train)
        text = say("usage.train", lang, n=len(unused.train), total=total, steps=unused.train_steps)
        names = say("usage.train.names", lang, names=_names(plan, unused.train, lang))
        text += " " + (names if has_seed else say("usage.train.seed", lang))
        parts.append(note(text, "warn"))
        parts.append(act("set", "steps", say("usage.train.button", lang, steps=unused.train_steps)))
    if unused.reg:
        parts.append(note(say("usage.reg", lang, n=len(unused.reg), steps=unused.all_steps)))
    if unused.never and plan.reg_samples:
        names = _names(plan, unused.never, lang)
        parts.append(note(say("usage.never", lang, n=len(unused.never), names=names), "warn"))
    return "".join(parts)


def _short(plan: Plan, lang: Lang) -> str:
    fill = usage.filling(plan)
    if fill.share >= usage.FULL:
        return ""
    sizes = [
        say("usage.short.size", lang, size=f"{b.size.width} × {b.size.height}", last=last, whole=b.batch_size)
        for b, last in fill.short[:_SIZES]
    ]
    text = say("usage.short", lang, share=f"{1 - fill.share:.0%}", sizes=", ".join(sizes))
    has_button = fill.better is not None and not plan.config.dataset_config
    button = act("set", "batch", say("usage.short.button", lang, n=fill.better)) if has_button else ""
    return note(f"{text} {say('usage.short.cure', lang)}", "warn") + button
