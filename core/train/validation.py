"""The loss of the images held out, on the same noise and timesteps every time."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import torch
from torch import Tensor

from core.config.schema.train import TrainConfig
from core.data.plan.plan import Batch, Plan
from core.events import Emit, StageProgress, Warned
from core.models.family import Model
from core.train import messages
from core.train.device.engine import Engine
from core.train.inputs.batches import Batches, MicroBatch
from core.train.inputs.lending import eval_mode
from core.train.lengths import is_due

PARTS = 5
"""The range of timesteps is cut into so many parts; the cuts between them are looked at."""


@dataclass(frozen=True)
class Validation:
    """Measures the loss of the images held out; the training goes on as if nothing had happened.

    Everything an image draws belongs to (seed, epoch 0, its slot), so that two passes differ by the weights
    alone.
    """

    config: TrainConfig
    engine: Engine
    plan: Plan
    batches: Batches
    loss: Callable[[MicroBatch], Tensor]
    model: Model

    @cached_property
    def planned(self) -> Sequence[Batch]:
        """Batches of the images held out."""
        return self.plan.validation_batches()

    def is_due(self, step: int, ended: int, is_last: bool) -> bool:
        """Whether to measure after this step. ended: the epoch that ended with it, else 0."""
        if not self.planned:
            return False
        steps, epochs = self.config.validate_every_n_steps, self.config.validate_every_n_epochs
        if steps is None and epochs is None:
            epochs = 1
        return is_due(step, ended, steps, epochs, is_last)

    def measure(self, emit: Emit) -> float:
        """The mean loss over the images held out, four timesteps each; the same on every process."""
        return self.mean_over(self.planned[: self.config.max_validation_steps], emit)

    def mean_over(self, planned: Sequence[Batch], emit: Emit) -> float:
        """The same over the images of these batches."""
        times = timesteps(self.config.min_timestep, self.config.max_timestep)
        total = torch.zeros((), device=self.engine.device)
        with eval_mode(self.model.of("denoiser", "text")), torch.no_grad():
            for done, each in enumerate(planned):
                emit(StageProgress("validate", done, len(planned)))
                batch = self.batches.one(each)
                if batch is None:
                    continue
                for timestep in times:
                    at = replace(batch, timesteps=torch.full_like(batch.timesteps, timestep))
                    total += self.loss(at) * batch.total
        emit(StageProgress("validate", len(planned), len(planned)))
        images = sum(len(each.samples) for each in planned)
        return self.engine.sum(total).item() / (images * len(times))

    def notice(self, saves_best: bool) -> Warned | None:
        """What to say when options ask for a validation that has no images."""
        config = self.config
        wanted = (
            config.validate_every_n_steps,
            config.validate_every_n_epochs,
            config.max_validation_steps,
            config.early_stopping_patience,
            saves_best,
        )
        if self.planned or not any(wanted):
            return None
        return Warned(messages.NO_VALIDATION_SPLIT())


def timesteps(low: int, high: int) -> tuple[int, ...]:
    """The timesteps looked at: 200, 400, 600 and 800 of 0 to 1000, as sd-scripts does."""
    if high <= low:
        return (low,)
    return tuple(low + (high - low) * part // PARTS for part in range(1, PARTS))
