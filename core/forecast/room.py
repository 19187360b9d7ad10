"""How much room a run needs on the disk of its output folder."""

from __future__ import annotations

import math
from dataclasses import dataclass

from core.families import FAMILIES
from core.forecast.optimizers import FLOAT, HALF, remembered
from core.forecast.setup import Setup

_SAVED = {"float": FLOAT, "fp16": HALF, "bf16": HALF}
"""save_precision -> bytes of a number in the file."""

_AS_BASES_ARE = 2
"""Bytes of a number of a part that does not learn: most base models are in fp16."""


@dataclass(frozen=True)
class Room:
    """model, state: bytes of one of each. states: how many of them lie there at the same time."""

    model: int
    state: int
    states: int

    @property
    def total(self) -> int:
        return self.model + self.states * self.state


def needed(setup: Setup) -> Room:
    """Room for the final model, and for the states that are there beside each other while one is saved.

    Saves in between are not counted: without room for one of them the run goes on.
    """
    config = setup.config
    numbers = sum(math.prod(shape) for shape in setup.trained)
    state = numbers * setup.trained_item + remembered(
        config.optimizer.optimizer_type, setup.trained, is_gpu=False
    )
    if config.train.ema_decay is not None:
        state += numbers * FLOAT
    asked = _SAVED.get(config.save.save_precision)
    if setup.is_adapter:
        model = numbers * (asked or setup.trained_item)
    else:
        model = sum(
            setup.architecture.numbers(part.name)
            * (asked or (setup.trained_item if part.name in setup.learns else _AS_BASES_ARE))
            for part in FAMILIES[setup.architecture.family].parts
        )
    return Room(model, state, _states(setup))


def _states(setup: Setup) -> int:
    """The old one stays until the new one is complete; a run that is resumed has its old one already."""
    save = setup.config.save
    if save.save_state or save.autosave_minutes:
        return 1 if save.resume else 2
    return 1 if save.save_state_on_train_end else 0
