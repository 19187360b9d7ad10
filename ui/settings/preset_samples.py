"""A preset of ours turns samples on where they are off: otherwise a run shows nothing of what it learns."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from core.config.presets import Preset
from core.errors import Lang
from ui.parts.options import OPTIONS
from ui.settings.form import Form
from ui.settings.recipe import shown_then
from ui.text import say
from ui.window import Window

_EVERY = {"train.max_train_steps": "sample.sample_every_n_steps",
          "train.max_train_epochs": "sample.sample_every_n_epochs"}  # fmt: skip
_SHARE = 10
"""Samples are drawn so many times in a run."""


class Samples(NamedTuple):
    """Values that turn samples on, none where they are on, and the key of what is said of it."""

    values: Mapping[str, Any]
    said: str = ""


def of(window: Window, form: Form, chosen: Preset, values: Mapping[str, Any]) -> Samples:
    """What a preset adds. values: what it names. One of the user's own is applied as it was saved."""
    if chosen.is_own or any(OPTIONS[key].section == "sample" for key in values):
        return Samples({})
    then = shown_then(window, form, values)
    shown = form.shown(window.first) | window.draft.values | then
    read = form.read({key: shown[key] for key in OPTIONS if key in shown})
    if any(read.get(key) for key in _EVERY.values()):
        return Samples({})
    if not read.get("sample.sample_prompts"):
        return Samples({}, "preset.samples.none")
    length = "train.max_train_epochs" if read.get("train.max_train_epochs") else "train.max_train_steps"
    total = read.get(length)
    every = max(1, total // _SHARE) if isinstance(total, int) else 1
    said = "preset.samples.steps" if length == "train.max_train_steps" else "preset.samples.epochs"
    return Samples({_EVERY[length]: every, "sample.sample_at_first": True}, said)


def told(samples: Samples, lang: Lang) -> str:
    """What is said of samples that were turned on, or that can't be."""
    n = next(iter(samples.values.values()), 0)
    return say(samples.said, lang, n=n) if samples.said else ""
