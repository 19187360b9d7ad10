"""The list of presets, drawn when it is opened: by family and memory, what does not fit here last."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from core.catalog import Words
from core.config.presets import Preset
from core.counting import joined
from core.errors import Lang
from core.families import FAMILIES
from core.forecast.machine import Machine
from ui.parts.markup import esc
from ui.parts.options import OPTIONS
from ui.text import say

_GB = 2**30
_NEARLY = 1.07
"""What a card sold as 16 GB may have less of, since part of it is the driver's."""

_MEMORY = re.compile(r"[,、]?\s*(\d+)\s*GB")
_COLUMNS = ("method", "purpose", "memory", "steps")


@dataclass(frozen=True)
class Around:
    """What decides which presets fit. family: of the base model, "" while unknown. samples: an epoch's."""

    family: str
    machine: Machine | None
    samples: int | None

    def gpu_gb(self) -> int:
        """Memory of the GPU in GB; 0 where there is none, which then keeps nobody from any preset."""
        is_gpu = self.machine is not None and self.machine.is_gpu
        return round(self.machine.total / _GB) if self.machine and is_gpu else 0

    def has_room(self, preset: Preset) -> bool:
        """Whether the GPU has the memory that the preset is for."""
        needed = memory(preset)
        if not needed or self.machine is None or not self.machine.is_gpu:
            return True
        return needed * _GB <= self.machine.total * _NEARLY


def memory(preset: Preset) -> int:
    """The GB of GPU memory in its title; 0 where none is told."""
    found = _MEMORY.search(preset.title.en)
    return int(found[1]) if found else 0


def parts_of(preset: Preset, lang: Lang) -> tuple[str, str]:
    """What is trained how, and what for: "SDXL LoRA: style (16 GB)" is "SDXL LoRA" and "style"."""
    title = re.sub(r"\s*[(（]\s*[)）]", "", _MEMORY.sub("", preset.title.of(lang))).strip()
    if preset.is_own:
        method = preset.values.get("network.method", OPTIONS["network.method"].default)
        return say(f"head.method.{method}", lang), title
    head, _, rest = title.partition("：" if "：" in title else ":")
    return head.strip(), rest.strip()


def steps_of(values: Mapping[str, Any], samples: int | None) -> tuple[int | None, int | None]:
    """The steps and epochs of a run with these values; None for what the images must be known for."""

    def value(key: str) -> Any:
        return values.get(key, OPTIONS[key].default)

    epochs, steps = value("train.max_train_epochs"), value("train.max_train_steps")
    batch = value("dataset.train_batch_size") * value("train.gradient_accumulation_steps")
    if not samples or not batch:
        return (None, epochs) if epochs else (steps, None)
    per_epoch = math.ceil(samples / batch)
    return (epochs * per_epoch, epochs) if epochs else (steps, math.ceil(steps / per_epoch))


def best(presets: Sequence[Preset], around: Around) -> Preset | None:
    """The one to begin with: a LoRA for the base model's family, the largest that fits, the smallest else."""
    found = [
        preset
        for preset in presets
        if around.family in preset.families and not preset.is_own and around.has_room(preset)
        if preset.values.get("network.method") != "none" and memory(preset)
    ]
    wanted = max if around.gpu_gb() else min
    return wanted(found, key=lambda preset: memory(preset), default=None)


def name_of(preset: Preset) -> str:
    """The page's name for a preset."""
    return f"{'own' if preset.is_own else 'shipped'}/{preset.name}"


def list_html(presets: Sequence[Preset], around: Around, applied: str, lang: Lang) -> str:
    """Every preset in groups; those that do not fit are greyed and last, but can be chosen all the same."""
    fits = [preset for preset in presets if preset.is_for(around.family)]
    large = [preset for preset in fits if not preset.is_own and not around.has_room(preset)]
    usual = [preset for preset in fits if preset not in large]
    others = [preset for preset in presets if preset not in fits]

    def rows(found: Iterable[Preset], is_far: bool = False) -> str:
        ordered = sorted(found, key=lambda preset: memory(preset))
        return "".join(_row(one, around.samples, name_of(one) == applied, is_far, lang) for one in ordered)

    body = "".join(_group(title, rows(found), lang) for title, found in _groups(usual, lang))
    if large:
        body += _group(say("presets.large", lang, n=around.gpu_gb()), rows(large, True), lang)
    html = _table(body, around.samples is not None, lang)
    if others:
        title = esc(say("presets.others", lang, n=len(others)))
        inside = "".join(_group(name, rows(found, True), lang) for name, found in _groups(others, lang))
        html += (
            f"<details><summary>{title}</summary>{_table(inside, around.samples is not None, lang)}</details>"
        )
    return html


def _groups(presets: Sequence[Preset], lang: Lang) -> list[tuple[str, list[Preset]]]:
    """By family, the user's own first, those for several families last."""
    groups: dict[str, list[Preset]] = {}
    for preset in presets:
        names = [FAMILIES[name].words if name in FAMILIES else Words(name, name) for name in preset.families]
        title = joined(names).of(lang)
        key = say("presets.own", lang) if preset.is_own else title or say("presets.any", lang)
        groups.setdefault(key, []).append(preset)

    def place(group: tuple[str, list[Preset]]) -> tuple[bool, int]:
        first = group[1][0]
        return not first.is_own, len(first.families)

    return sorted(groups.items(), key=place)


def _table(body: str, knows_images: bool, lang: Lang) -> str:
    keys = [f"presets.{name}" for name in _COLUMNS]
    if knows_images:
        keys[-1] = "presets.steps.images"
    head = "".join(f'<th scope="col">{esc(say(key, lang))}</th>' for key in keys)
    return f'<table class="rw-presets-table"><thead><tr>{head}</tr></thead>{body}</table>'


def _group(title: str, rows: str, lang: Lang) -> str:
    return f'<tbody><tr><th scope="rowgroup" colspan="4">{esc(title)}</th></tr>{rows}</tbody>' if rows else ""


def _row(preset: Preset, samples: int | None, is_applied: bool, is_far: bool, lang: Lang) -> str:
    method, purpose = parts_of(preset, lang)
    steps, epochs = steps_of(preset.values, samples)
    said = f"{steps:,}" if steps else ""
    if epochs:
        epochs_said = esc(say("presets.epochs", lang, n=epochs))
        said += f"<small>{epochs_said}</small>"
    gb = say("presets.gb", lang, n=memory(preset)) if memory(preset) else ""
    marks = " ".join(["is-far"] * is_far + ["is-applied"] * is_applied)
    label = esc(preset.title.of(lang))
    return (
        f'<tr class="{marks}"><td>{esc(method)}</td><td>'
        f'<button type="button" class="rw-look" data-act="look" data-on="{esc(name_of(preset))}" '
        f'aria-label="{label}">{esc(purpose or method)}</button></td>'
        f"<td>{esc(gb)}</td><td>{said}</td></tr>"
    )
