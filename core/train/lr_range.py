"""A learning-rate range test: a short training whose rate rises with every step; nothing of it is kept."""

from __future__ import annotations

import gc
import math
import tempfile
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import Any

import torch

from core.catalog import OPTIMIZERS, Words
from core.config import check
from core.config.schema.run import RunConfig
from core.errors import Problem, UserError
from core.events import Emit, Event, StageProgress
from core.tools.kept_model import KEPT
from core.tools.lr_range import Finding, LrRangeSettings, Point, finding, rate_at
from core.tools.messages import RANGE_FOUND_ITSELF, RANGE_NOTHING, RANGE_REVERSED
from core.tools.tool import Outcome, Work
from core.train.device.engine import Engine
from core.train.loop import gradients
from core.train.run import build, prepare
from core.train.training import Training
from core.train.weights.update import BadStep

PROBES = 40
"""So often the loss is measured, evenly over the steps."""

PROBED_IMAGES = 8
"""Images that it is measured on, about."""

DIVERGED = 2.0
"""The test ends when the loss is so many times its least."""

_SEED = 1


def run(settings: LrRangeSettings, work: Work) -> Outcome:
    """The test of a run file, in the console. Raises what `measured` does."""
    config = check.load(Path(settings.file), reads_base=True).config
    points = measured(config, settings, work)
    rows = (f"{point.rate:9.2e}  loss {point.loss:.4f}" for point in points)
    table = tuple(Words(row, row, row) for row in rows)
    found = finding(points)
    lines = (*table, told(found)) if found else table
    return Outcome(lines, () if found else (RANGE_NOTHING(),), points=points)


def told(found: Finding) -> Words:
    """What was found, and how."""
    s, f, m = (f"{rate:.2g}" for rate in found)
    return Words(
        f"Suggested learning rate: {s}. The loss falls fastest at {f} and is lowest at {m}; the suggestion "
        "is the former, and at most a tenth of the latter.",
        f"おすすめの学習率：{s}。lossの下がり方が最も速いのは{f}、lossが最小になるのは{m}です"
        "（前者を、後者の1/10を上限として提案しています）。",
        f"建议的学习率：{s}。loss在{f}时下降最快，在{m}时最低；建议值取前者，且不超过后者的十分之一。",
    )


def measured(config: RunConfig, settings: LrRangeSettings, work: Work) -> tuple[Point, ...]:
    """The loss over rising rates. No model is written, and no result is touched.

    Raises UserError for settings that can't be meant, StopRun when it is stopped, and what a training does.
    """
    problems = [*_problems(config, settings)]
    if problems:
        raise UserError(*problems)
    KEPT.free()
    emit = _reporting(work)
    devices = range(torch.cuda.device_count()) if torch.cuda.is_available() else []
    try:
        with (
            tempfile.TemporaryDirectory(prefix="rareword-") as folder,
            torch.random.fork_rng(devices=devices),
            torch.enable_grad(),
            Engine(config.train.precision) as engine,
        ):
            job = prepare(_short(config, settings.steps), Path(folder), work.control, emit)
            training, _ = build(job, engine, work.control, emit)
            return tuple(_ramp(training, settings, work))
    finally:
        gc.collect()
        if torch.cuda.is_available():
            torch.cuda.empty_cache()


def _problems(config: RunConfig, settings: LrRangeSettings) -> Iterator[Problem]:
    if settings.lowest >= settings.highest:
        yield RANGE_REVERSED(lowest=settings.lowest, highest=settings.highest)
    optimizer = config.optimizer.optimizer_type
    if OPTIMIZERS[optimizer].finds_rate:
        yield RANGE_FOUND_ITSELF(optimizer=optimizer)


def _short(config: RunConfig, steps: int) -> RunConfig:
    """The run with so many steps, and with nothing drawn, saved, resumed or held out on the way."""
    seed = _SEED if config.train.seed is None else config.train.seed
    stop = config.train.stop_text_encoder_training
    train = {
        "max_train_steps": steps, "max_train_epochs": None, "seed": seed, "ema_decay": None,
        "stop_text_encoder_training": stop if stop is not None and stop <= 0 else None,
    }  # fmt: skip
    changed: dict[str, dict[str, Any]] = {
        "train": train,
        "save": {"resume": None, "resume_anyway": False},
        "sample": {"sample_prompts": ()},
    }
    sections = {name: getattr(config, name).model_copy(update=update) for name, update in changed.items()}
    return config.model_copy(update=sections)


def _reporting(work: Work) -> Emit:
    def emit(event: Event) -> None:
        if isinstance(event, StageProgress):
            work.progress(event.stage, event.done, event.total)

    return emit


def _ramp(training: Training, settings: LrRangeSettings, work: Work) -> Iterator[Point]:
    """Train with rising rates; a point for each probe, until the loss diverges.

    Of parts with rates of their own each keeps its share of the highest.
    """
    training.trainee.set_train_mode(training.text.is_trained)
    first = [*islice(training.plan.stream(0), 2 * PROBED_IMAGES)]
    size = max(len(batch.samples) for batch in first)
    probed = first[: max(1, PROBED_IMAGES // size)]
    probe = replace(training.validation, batches=training.batches)
    rates = {group.name: group.rate for group in training.trainee.groups}
    highest, steps, least = max(rates.values()), settings.steps, math.inf
    every = max(1, steps // PROBES)
    with closing(training.stream(0)) as stream:
        for step in range(steps):
            work.at("lr_range", step, steps)
            rate = rate_at(step, steps, settings.lowest, settings.highest)
            for group in training.optimizer.param_groups:
                group["lr"] = rate * rates[group["name"]] / highest
            try:
                training.update(step, gradients(training, step, stream))
                training.update.look(step + 1)
            except BadStep:
                return
            if (step + 1) % every and step + 1 < steps:
                continue
            with training.averages.averaged():
                loss = probe.mean_over(probed, lambda event: None)
            least = min(least, loss)
            if not math.isfinite(loss) or loss > DIVERGED * least:
                return
            yield Point(rate, loss)
