"""What helps when memory is short: options and values to try, those that alter the result least first."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from core.catalog import OPTIMIZERS, Words
from core.config.schema.run import OPTIONS, RunConfig
from core.counting import joined
from core.families import size_step

Saver = tuple[str, tuple[Any, ...]]
"""An option, "train.precision", and the values to try, each saving more than the one before."""

SMALLEST_SIDE = 256
"""Pixels."""


def savers(config: RunConfig, half: str = "bf16") -> Iterator[Saver]:
    """What is still to be had. half: the 16-bit type that the machine computes with."""
    train, dataset = config.train, config.dataset
    if not train.gradient_checkpointing:
        yield "train.gradient_checkpointing", (True,)
    is_cached = dataset.cache_latents or dataset.cache_latents_to_disk
    if not is_cached and not (dataset.color_aug or dataset.random_crop):
        yield "dataset.cache_latents", (True,)
    if _can_step_in_backward(config, half):
        yield "train.fused_backward_pass", (True,)
    lighter = OPTIMIZERS[config.optimizer.optimizer_type].lighter
    if lighter:
        yield "optimizer.optimizer_type", (lighter,)
    if dataset.vae_batch_size > 1:
        yield "dataset.vae_batch_size", (1,)
    if train.precision == "no" and not (config.steps_in_backward and half == "fp16"):
        yield "train.precision", (half, f"full_{half}")
    elif train.precision in ("fp16", "bf16"):
        yield "train.precision", (f"full_{train.precision}",)
    batch = dataset.train_batch_size
    if batch > 1:
        yield "dataset.train_batch_size", tuple(batch >> n for n in range(1, batch.bit_length()))
    if len(config.rates()) > 1:
        yield "train.text_encoder_lr", (0.0,)
    if train.ema_decay is not None:
        yield "train.ema_decay", (None,)
    smaller = _smaller(*dataset.resolution)
    if smaller:
        yield "dataset.resolution", smaller


def _can_step_in_backward(config: RunConfig, half: str) -> bool:
    """Whether weights could be updated in the backward pass and are not yet; it excludes fp16.

    Where that is the only half precision, halving the numbers saves more and is left open.
    """
    train, optimizer = config.train, OPTIMIZERS[config.optimizer.optimizer_type]
    is_fp16 = train.precision.endswith("fp16") or half == "fp16"
    is_possible = config.network.method == "none" and train.gradient_accumulation_steps == 1
    return is_possible and not (is_fp16 or optimizer.is_joint or config.steps_in_backward)


def _smaller(width: int, height: int) -> tuple[tuple[int, int], ...]:
    """Resolutions of about the same shape, a quarter and a half less."""
    sizes, step = [], size_step()
    for share in (0.75, 0.5):
        sides = [max(SMALLEST_SIDE, int(side * share) // step * step) for side in (width, height)]
        if sides[0] * sides[1] < width * height:
            sizes.append((sides[0], sides[1]))
    return tuple(sizes)


def words(saver: Saver) -> Words:
    """One of them in a sentence: "gradient_checkpointing", "train_batch_size = 1"."""
    key, name, value = saver[0], saver[0].split(".")[1], saver[1][-1]
    if key == "dataset.resolution":
        return Words("a smaller resolution", "解像度を下げる")
    if value is None:
        return Words(f"no {name}", f"{name}なし", f"不使用{name}")
    shown = f"{value:g}" if isinstance(value, float) else value
    text = name if value is True else f"{name} = {shown}"
    return Words(text, text)


def in_order(chosen: Sequence[Saver]) -> Words:
    """Some of them in a row."""
    each = [words(saver) for saver in chosen]
    return joined(each, ja="、")


def can_resume_with(key: str) -> bool:
    """Whether a state can be resumed with another value of an option, without resume_anyway."""
    return OPTIONS[key].meta.on_resume in ("free", "rounding")
