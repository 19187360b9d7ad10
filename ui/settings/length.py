"""How long the run on the page will be, told while settings change."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from core.data.plan.plan import Plan
from core.data.sources import folders
from core.errors import Lang, UserError
from ui.parts.markup import note
from ui.settings.checking import epochs_text, train_config
from ui.settings.form import Form
from ui.settings.rates import rate_curve
from ui.settings.typed import RATES, typed_html
from ui.text import say


@dataclass(frozen=True)
class Length:
    """samples, steps: of an epoch. is_exact: by the plan itself, not by counting files."""

    samples: int
    steps: int
    total: int
    epochs: int
    is_exact: bool


def planned_length(form: Form, raw: Mapping[str, Any], plan: Plan) -> Length | None:
    """The length of the run by its plan; None while settings or images do not hold."""
    train = train_config(form, raw)
    if train is None or not plan.batches_per_epoch:
        return None
    steps = plan.steps_per_epoch(train.gradient_accumulation_steps)
    samples = plan.train_samples + plan.reg_samples
    return Length(samples, steps, plan.total_steps(train), plan.epochs(train), True)


def length_of(form: Form, raw: Mapping[str, Any], plan: Plan | None) -> Length | None:
    """By the plan where it was looked at with these settings, else by counting files."""
    try:
        config = form.part(raw, "dataset").config.dataset
    except UserError:
        return None
    if plan is not None and plan.config == config:
        return planned_length(form, raw, plan)
    if config.dataset_config or config.in_json:
        return None  # these are read only when asked for
    train = train_config(form, raw)
    trained = folders.scan(Path(config.train_data_dir), is_reg=False).folders
    samples = sum(folder.repeats * len(folder.images) for folder in trained)
    if train is None or not samples:
        return None
    if config.reg_data_dir and folders.scan(Path(config.reg_data_dir), is_reg=True).folders:
        samples *= 2  # regularization images are balanced to the training images
    steps = -(-samples // (config.train_batch_size * train.gradient_accumulation_steps))
    total = train.max_train_epochs * steps if train.max_train_epochs else train.max_train_steps
    return Length(samples, steps, total, -(-total // steps), False)


def length_note(length: Length | None, lang: Lang) -> str:
    """ "One epoch is 400 samples in 100 steps; 300 steps are 3 epochs."."""
    if length is None:
        return ""
    key = "preview.epoch" if length.is_exact else "preview.about"
    values = {"samples": length.samples, "steps": length.steps, "total": length.total}
    return note(say(key, lang, **values, epochs=epochs_text(length.total, length.steps, lang)))


def length_html(form: Form, raw: Mapping[str, Any], plan: Plan | None, lang: Lang) -> str:
    """The length of the run in a sentence, the curve of its learning rate, and what there is to say of it."""
    length, remarks = length_of(form, raw, plan), typed_html(form, raw, lang, RATES)
    if length is None:
        return remarks
    return length_note(length, lang) + rate_curve(form, raw, length.total, lang) + remarks
