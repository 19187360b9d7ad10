"""The record of a running training: what every part of the loop reads."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

import torch
from torch import Tensor

from core.config.schema.run import RunConfig
from core.data.plan.plan import Plan
from core.models.family import Model
from core.train import early_stop
from core.train.device.engine import Engine
from core.train.inputs.batches import Batches, MicroBatch
from core.train.inputs.text_states import TextStates
from core.train.outputs.samples import Samples
from core.train.outputs.saving import Outputs
from core.train.outputs.state import Progress
from core.train.step import BatchLoss
from core.train.validation import Validation
from core.train.weights.ema import Averages
from core.train.weights.lr_schedule import Schedule
from core.train.weights.trained import Trainee
from core.train.weights.update import Update


@dataclass(frozen=True)
class Training:
    """Everything a running training is made of.

    config: its lengths are in steps, none is a share. texts: every caption and sample prompt that can occur,
    None when they are endless.
    """

    config: RunConfig
    engine: Engine
    model: Model
    trainee: Trainee
    text: TextStates
    batches: Batches
    batch_loss: BatchLoss
    optimizer: torch.optim.Optimizer
    update: Update
    averages: Averages
    schedule: Schedule
    outputs: Outputs
    samples: Samples
    validation: Validation
    plan: Plan
    texts: Sequence[str] | None
    total_steps: int

    def stream(self, position: int) -> Generator[MicroBatch | None]:
        """Micro-batches from number `position` on, without end."""
        return self.batches.stream(position)

    def losses(self, batch: MicroBatch) -> Iterator[Tensor]:
        """The losses of a micro-batch one by one, each to be taken backward before the next is computed."""
        yield self.batch_loss(batch)
        about_class = self.batch_loss.of_classes(batch)
        if about_class is not None:
            yield about_class

    def is_over(self, progress: Progress) -> bool:
        """Whether nothing is left to train: at the last step, or since validation finds nothing better."""
        patience = self.config.train.early_stopping_patience
        return progress.step >= self.total_steps or early_stop.is_reached(progress.best, patience)

    @property
    def accumulation(self) -> int:
        """Micro-batches of one step; the last step of an epoch may have fewer."""
        return self.config.train.gradient_accumulation_steps

    def epoch_of(self, step: int) -> int:
        """Epochs whose last micro-batch has been trained after so many steps."""
        return step // self.plan.steps_per_epoch(self.accumulation)

    def position(self, step: int) -> int:
        """Micro-batches trained after so many steps."""
        return self.plan.position(step, self.accumulation)

    def micro_batches(self, step: int) -> int:
        """How many the update after `step` steps is made from."""
        return self.position(step + 1) - self.position(step)

    def epoch_ended(self, step: int) -> int:
        """The epoch whose last micro-batch was in the update before `step` steps were done; 0 for none."""
        epoch = self.epoch_of(step)
        return epoch if epoch > self.epoch_of(step - 1) else 0

    def images_of(self, step: int) -> list[str]:
        """Names of the images that the update after `step` steps is made from."""
        batches = islice(self.plan.stream(self.position(step)), self.micro_batches(step))
        return [self.plan.images[s.image].path.name for batch in batches for s in batch.samples]

    def learning_rates(self, step: int) -> dict[str, float]:
        """Rate of every group that still learns, for the update after `step` steps."""
        rates = {group.name: group.rate for group in self.trainee.groups}
        active = [group["name"] for group in self.optimizer.param_groups]
        return {name: self.schedule.rate(rates[name], step) for name in active}
