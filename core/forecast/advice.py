"""Which settings make a run need less memory, and by how much; each is tried in the forecast itself."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from core.catalog import OPTIMIZERS
from core.config.schema.run import RunConfig
from core.forecast.machine import Machine
from core.forecast.phases import forecast
from core.forecast.setup import Data, Setup

SMALLEST_SIDE, STEP = 256, 64
"""Pixels."""

WORTH = 0.02
"""Share of what is needed that a change has to save to be named."""


@dataclass(frozen=True)
class Advice:
    """A setting and its value; needed: bytes with it, overhead included."""

    key: str
    value: Any
    needed: int
    fits: bool


def needed(setup: Setup, machine: Machine) -> int:
    """Bytes a run needs in all."""
    peak = forecast(setup).peak.total
    return peak + machine.overhead(peak)


def advice(setup: Setup, machine: Machine) -> tuple[Advice, ...]:
    """What helps, the best first.

    Of the changes that make the run fit the one that alters the result least; of those that do not, the one
    that saves most.
    """
    before, found = needed(setup, machine), []
    for key, values in _changes(setup, machine):
        for value in values:
            changed = _with(setup, key, value)
            if not changed.trained:
                break
            after = needed(changed, machine)
            made = Advice(key, value, after, after <= machine.free)
            if made.fits:
                break
        else:
            made = Advice(key, values[-1], after, False)
        if changed.trained and before - made.needed > WORTH * before:
            found.append(made)
    fitting = [one for one in found if one.fits]
    rest = sorted((one for one in found if not one.fits), key=lambda one: one.needed)
    return (*fitting, *rest)


def _changes(setup: Setup, machine: Machine) -> Iterator[tuple[str, tuple[Any, ...]]]:
    """Settings and their values to try, those that alter the result least first."""
    config = setup.config
    train, dataset = config.train, config.dataset
    if not train.gradient_checkpointing:
        yield "train.gradient_checkpointing", (True,)
    if not setup.caches_latents and not (dataset.color_aug or dataset.random_crop):
        yield "dataset.cache_latents", (True,)
    lighter = OPTIMIZERS[config.optimizer.optimizer_type].lighter
    if lighter and machine.is_gpu and importlib.util.find_spec("bitsandbytes") is not None:
        yield "optimizer.optimizer_type", (lighter,)
    if dataset.vae_batch_size > 1:
        yield "dataset.vae_batch_size", (1,)
    half = "bf16" if machine.has_bf16 else "fp16"
    if train.precision == "no":
        yield "train.precision", (half, f"full_{half}")
    elif train.precision in ("fp16", "bf16"):
        yield "train.precision", (f"full_{train.precision}",)
    sizes = _halves(dataset.train_batch_size)
    if sizes:
        yield "dataset.train_batch_size", sizes
    if {"unet", "text_encoder"} <= set(setup.learns):
        yield "train.text_encoder_lr", (0.0,)
    if train.ema_decay is not None:
        yield "train.ema_decay", (None,)
    smaller = _smaller(*dataset.resolution)
    if smaller:
        yield "dataset.resolution", smaller


def _halves(batch: int) -> tuple[int, ...]:
    found = []
    while batch > 1:
        batch //= 2
        found.append(batch)
    return tuple(found)


def _smaller(width: int, height: int) -> tuple[tuple[int, int], ...]:
    """Resolutions of about the same shape, a quarter and a half less."""
    found = []
    for share in (0.75, 0.5):
        sides = [max(SMALLEST_SIDE, int(side * share) // STEP * STEP) for side in (width, height)]
        if sides[0] * sides[1] < width * height:
            found.append((sides[0], sides[1]))
    return tuple(found)


def _with(setup: Setup, key: str, value: Any) -> Setup:
    section, _, name = key.partition(".")
    part = getattr(setup.config, section)
    changed: Mapping[str, Any] = {section: part.model_copy(update={name: value})}
    config: RunConfig = setup.config.model_copy(update=changed)
    data = setup.data
    if key == "dataset.resolution":
        data = replace(Data.of(config), batch=data.batch)
    elif key == "dataset.train_batch_size":
        data = replace(data, batch=value)
    return replace(setup, config=config, data=data)
