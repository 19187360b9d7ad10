"""What is known of a step that went wrong, and how a fault is said with what helps against it."""

from __future__ import annotations

import contextlib
import math
from dataclasses import dataclass
from itertools import islice

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
    """The step that went wrong and what it was made from; facts of the last event.

    step: its number. images: names of its images; broken_images: of those whose latents are not finite.
    timesteps: of the samples of this process. lr: rate of each group. losses: of the last good steps.
    """

    step: int
    images: list[str]
    broken_images: list[str]
    timesteps: list[int]
    lr: dict[str, float]
    losses: list[float]

    def problem(self, training: Training, is_kept: bool) -> Problem:
        """What went wrong and what helps. is_kept: whether the weights before it could be saved."""
        rates = ", ".join(dict.fromkeys(map(usual_rates.shown, self.lr.values())))
        problem = messages.NUMERIC(step=self.step, images=", ".join(self.images), rates=rates)
        if is_kept:
            problem = problem.framed(messages.WEIGHTS_KEPT, step=self.step - 1)
        elif not training.update.is_whole:
            problem = problem.framed(messages.WEIGHTS_MIXED)
        if self.broken_images:
            return problem.framed(messages.LATENTS_NOT_FINITE, images=", ".join(self.broken_images))
        usual, precision = _gentler(training.config)
        return problem.framed(messages.LOWER_RATE, usual=usual, precision=precision)


def examine(training: Training, progress: Progress, lost: int) -> BadBatch:
    """Look at the batch of the bad step again. progress: of the last good step. lost: steps taken since."""
    step = progress.step
    recent = [*progress.recent][: len(progress.recent) - lost]
    losses = torch.stack(recent[-RECENT:]).tolist() if recent else []
    images, broken, timesteps = training.images_of(step), list[str](), list[int]()
    # An image is gone meanwhile, or memory is: what is known without it is told.
    with contextlib.suppress(UserError, RuntimeError):
        for batch in islice(training.plan.stream(training.position(step)), training.micro_batches(step)):
            own_part = training.batches.one(batch)
            if own_part is None:
                continue
            timesteps += own_part.timesteps.tolist()
            finite = own_part.latents.flatten(1).isfinite().all(1).tolist()
            own = batch.samples[training.engine.rank :: training.engine.world_size]
            names = [training.plan.images[sample.image].path.name for sample in own]
            broken += [name for name, is_finite in zip(names, finite, strict=True) if not is_finite]
    return BadBatch(step + 1, images, broken, timesteps, training.learning_rates(step), losses)


def is_model_sound(training: Training, bad: BadBatch) -> bool:
    """Whether the weights as they are still give a sensible loss on the batch before the bad one."""
    if not bad.losses:
        return False
    try:
        batch = training.batches.one(next(training.plan.stream(training.position(bad.step - 2))))
        with torch.no_grad():
            loss = math.nan if batch is None else training.batch_loss(batch).item()
    except (UserError, RuntimeError):
        return False
    return loss <= WORSE * max(bad.losses)


def _gentler(config: RunConfig) -> tuple[Words, Words]:
    """What the advice to lower the learning rate adds: the usual one, a precision of a wider range."""
    usual, safer, precision = Words("", ""), Words("", ""), config.train.precision
    if (known := usual_rates.of_run(config)) is not None:
        usual = Words(
            f" (usual here: {known.words.en})",
            f"（この設定での目安：{known.words.ja}）",
            f"（此设置的常用值：{known.words.of('zh')}）",
        )
    if precision.endswith("fp16"):
        other = precision.replace("fp16", "bf16")
        safer = Words(f", use {other} instead of {precision}", f"、{other}を使う", f"，改用{other}")
    return usual, safer


def out_of_memory(training: Training, step: int, reason: str) -> Problem:
    """Said with what helps, in order. step: the one whose state was kept, 0 when there is none."""
    helping = [*memory_savers.savers(training.config)]
    fitting = memory_savers.in_order([s for s in helping if memory_savers.can_resume_with(s[0])])
    problem = messages.OUT_OF_MEMORY(reason=reason, savers=memory_savers.in_order(helping))
    if not step:
        return problem
    if not fitting.en:
        return problem.framed(messages.STATE_KEPT, step=step)
    return problem.framed(messages.STATE_KEPT_RESUMABLE, step=step, free=fitting)
