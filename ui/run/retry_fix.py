"""What one setting can cure when a run has failed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from core.catalog import METHODS, MOVED, OPTIMIZERS
from core.config import check, memory_savers
from core.config.rules import usual_rates
from core.config.schema.option import Option
from core.data.health.findings import BROKEN
from core.errors import Lang
from core.runs import past_runs
from ui.parts.options import OPTIONS
from ui.settings.difference import value_text
from ui.text import say
from ui.window.run_state import RunView

CURABLE = (
    "dataset.train_batch_size",
    "train.gradient_checkpointing",
    "dataset.cache_latents",
    "optimizer.optimizer_type",
    "train.precision",
    "train.learning_rate",
    "train.unet_lr",
    "train.text_encoder_lr",
    "dataset.enable_bucket",
    "dataset.skip_bad_images",
    "model.base",
)
"""The options that a cure may set."""

GENTLER = 10
"""A rate at which numbers stopped being finite is mostly far too high, not a little; so many times lower, and
never above what is usual."""

_SAFER = {"fp16": "bf16", "full_fp16": "full_bf16"}


class Cure(NamedTuple):
    """A setting that should help, and its value."""

    option: Option
    value: Any


def cure_of(view: RunView) -> Cure | None:
    """The first setting that helps against what ended a run, by what its run file says; None for none."""
    if view.ended is None or not view.ended.code or view.folder is None:
        return None
    first = next(_helps(view.ended.code, past_runs.values_of(view.folder)), None)
    return None if first is None else Cure(OPTIONS[first[0]], first[1])


def _helps(code: str, values: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    if code == "E-OOM":
        config, _ = check.typed(values)
        for key, tried in memory_savers.savers(config):
            if key in CURABLE and key != "train.precision":  # which of them the GPU has is not known here
                yield key, tried[-1]
    elif code == "E-NUMERIC":
        precision = values.get("train.precision")
        if precision in _SAFER:
            yield "train.precision", _SAFER[precision]
        yield from _gentler(values)
    elif code == "E-OPT-MISSING":
        yield "optimizer.optimizer_type", "AdamW"
    elif code == "E-IMG-SIZE" and values.get("dataset.enable_bucket") is False:
        yield "dataset.enable_bucket", True
    elif code in BROKEN and not values.get("dataset.skip_bad_images"):
        yield "dataset.skip_bad_images", True
    elif code == "E-MODEL-MOVED" and values.get("model.base") in MOVED:
        yield "model.base", MOVED[values["model.base"]]


def _gentler(values: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """A lower rate for the part of the model that has the highest."""
    rates = {key: values.get(key) for key in ("train.unet_lr", "train.text_encoder_lr")}
    common = ("train.learning_rate", values.get("train.learning_rate"))
    pairs = (common if rate is None else (key, rate) for key, rate in rates.items())
    used = {key: rate for key, rate in pairs if isinstance(rate, int | float) and rate > 0}
    method, optimizer = str(values.get("network.method")), str(values.get("optimizer.optimizer_type"))
    if not used or method not in METHODS or optimizer not in OPTIMIZERS:
        return
    highest = max(used, key=lambda key: used[key])
    lower = min(
        used[highest] / GENTLER, usual_rates.of(method, optimizer, usual_rates.role_of(highest)).typical
    )
    yield highest, float(f"{lower:.3g}")


def label_of(cure: Cure, lang: Lang) -> str:
    """What the button says: "Set batch size to 1 and try again"."""
    value = value_text(cure.option, cure.value, lang)
    return say("run.cure", lang, setting=cure.option.meta.label.of(lang), value=value)
