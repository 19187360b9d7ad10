"""What is known of a step that went wrong, and how a fault is said with what helps against it."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

import torch

from core.catalog import Words
from core.config import memory_savers
from core.config.rules import usual_rates
from core.config.schema.run import RunConfig
from core.errors import Problem, UserError
from core.train import messages
from core.train.loop import RECENT
from core.train.outputs.state import Progress
from core.train.training import Training

WORSE = 100
"""A loss so many times that of the steps before tells that the weights are spoilt."""


@dataclass(frozen=True)
class BadBatch:
    """The step that went wrong and what it was made from.

    step: good steps before it. images: names of its images; broken: of those whose latents are not finite.
    timesteps: of the samples of this process. rates: learning rate of each group. losses: of the last good
    steps. is_model_sound: whether the weights before it still give a sensible loss on the batch before it.
    """

    step: int
    images: Sequence[str]
    broken: Sequence[str]
    timesteps: Sequence[int]
    rates: Mapping[str, float]
    losses: Sequence[float]
    is_model_sound: bool

    def facts(self) -> dict[str, Any]:
        """As the last event tells them."""
        return {
            "step": self.step + 1,
            "images": [*self.images],
            "broken_images": [*self.broken],
            "timesteps": [*self.timesteps],
            "lr": dict(self.rates),
            "losses": [*self.losses],
        }

    def problem(self, training: Training, is_kept: bool) -> Problem:
        """What went wrong and what helps. is_kept: whether the weights before it could be saved."""
        rates = ", ".join(dict.fromkeys(map(usual_rates.shown, self.rates.values())))
        said = messages.NUMERIC(step=self.step + 1, images=", ".join(self.images), rates=rates)
        if is_kept:
            said = said.framed(messages.WEIGHTS_KEPT, step=self.step)
        if self.broken:
            return said.framed(messages.LATENTS_NOT_FINITE, images=", ".join(self.broken))
        return said.framed(messages.LOWER_RATE, **_gentler(training.config))


def examine(training: Training, progress: Progress, lost: int) -> BadBatch:
    """Look at the batch of the bad step again. progress: of the last good step. lost: steps taken since."""
    step = progress.step
    recent = [*progress.recent][: len(progress.recent) - lost]
    losses = torch.stack(recent[-RECENT:]).tolist() if recent else []
    images, broken, timesteps = training.images_of(step), list[str](), list[int]()
    # An image is gone meanwhile, or memory is: what is known without it is told.
    with contextlib.suppress(UserError, RuntimeError):
        for batch in islice(training.plan.stream(training.position(step)), training.micro_batches(step)):
            found = training.batches.one(batch)
            if found is None:
                continue
            timesteps += found.timesteps.tolist()
            finite = found.latents.flatten(1).isfinite().all(1).tolist()
            own = batch.samples[training.engine.rank :: training.engine.world_size]
            names = [training.plan.images[sample.image].path.name for sample in own]
            broken += [name for name, is_finite in zip(names, finite, strict=True) if not is_finite]
    is_sound = bool(losses) and _gives_a_loss(training, step, max(losses))
    return BadBatch(step, images, broken, timesteps, training.learning_rates(step), losses, is_sound)


def _gives_a_loss(training: Training, step: int, known: float) -> bool:
    """Whether the weights as they are give a sensible loss on the batch of the step before. known: a loss."""
    try:
        batch = next(training.plan.stream(training.position(step - 1)))
        found = training.batches.one(batch)
        with torch.no_grad():
            loss = math.nan if found is None else training.batch_loss(found).item()
    except (UserError, RuntimeError):
        return False
    return loss <= WORSE * known


def _gentler(config: RunConfig) -> dict[str, Words]:
    """What the advice to lower the learning rate adds: the usual one, a precision of a wider range."""
    usual, safer, precision = Words("", ""), Words("", ""), config.train.precision
    if (known := usual_rates.of_run(config)) is not None:
        usual = Words(f" (usual here: {known.words.en})", f"（この設定での目安：{known.words.ja}）")
    if precision.endswith("fp16"):
        other = precision.replace("fp16", "bf16")
        safer = Words(f", use {other} instead of {precision}", f"、{other}を使う")
    return {"usual": usual, "precision": safer}


def out_of_memory(training: Training, step: int, reason: str) -> Problem:
    """Said with what helps, in order. step: the one whose state was kept, 0 when there is none."""
    helping = [*memory_savers.savers(training.config)]
    fitting = memory_savers.in_order([s for s in helping if memory_savers.can_resume_with(s[0])])
    said = messages.OUT_OF_MEMORY(reason=reason, savers=memory_savers.in_order(helping))
    if not step:
        return said
    if not fitting.en:
        return said.framed(messages.STATE_KEPT, step=step)
    return said.framed(messages.STATE_KEPT_RESUMABLE, step=step, free=fitting)
