"""Whether the disk has room for what a run saves: for its start, and for all of its saves."""

from __future__ import annotations

import logging
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from core import messages
from core.catalog import Words
from core.config.schema.run import RunConfig
from core.counting import counted, size_text
from core.errors import Problem
from core.forecast import architecture
from core.forecast.machine_load import disk
from core.forecast.room import Room, needed
from core.forecast.setup import Data, Setup

OPTIONS = (
    *("save_every_n_epochs", "save_every_n_steps", "save_n_epoch_ratio", "save_last_n_epochs"),
    *("save_last_n_steps", "save_last_n_epochs_state", "save_last_n_steps_state", "save_state"),
    *("save_state_on_train_end", "autosave_minutes", "save_best", "save_precision"),
)
"""Of [save], what decides how much is saved."""


@dataclass(frozen=True)
class Saves:
    """What lies in the output folder at the end of a run, or while it goes on where that is more.

    model, state: bytes of one of each. models, states: how many.
    """

    model: int
    state: int
    models: int
    states: int

    @property
    def total(self) -> int:
        return self.models * self.model + self.states * self.state

    def words(self) -> Words:
        """ "3 training states of 1.2 GiB and 1 model of 4.0 GiB"."""
        model, state = size_text(self.model), size_text(self.state)
        models = f"{counted(self.models, 'model')} of {model}"
        if not self.states:
            return Words(models, f"モデル{self.models}個（各{model}）", f"{self.models}个模型（各{model}）")
        return Words(
            f"{counted(self.states, 'training state')} of {state} and {models}",
            f"学習状態{self.states}個（各{state}）とモデル{self.models}個（各{model}）",
            f"{self.states}个训练状态（各{state}）和{self.models}个模型（各{model}）",
        )


def saves(setup: Setup, total: int, per_epoch: int | None) -> Saves:
    """What a whole run keeps. total, per_epoch: optimizer steps; None: epochs are not counted."""
    config, room = setup.config.save, needed(setup)
    by_step: Sequence[int] = ()
    by_epoch: Sequence[int] = ()
    if config.save_every_n_steps:
        by_step = range(config.save_every_n_steps, total + 1, config.save_every_n_steps)
    if per_epoch:
        every, epochs = config.save_every_n_epochs, math.ceil(total / per_epoch)
        if config.save_n_epoch_ratio:
            every = max(1, epochs // config.save_n_epoch_ratio)
        if every:
            by_epoch = range(every, (total - 1) // per_epoch + 1, every)

    def kept(steps: int | None, last_epochs: int | None) -> int:
        first = 0 if steps is None else total - steps
        epochs = len(by_epoch) if last_epochs is None else min(last_epochs, len(by_epoch))
        return sum(number >= first for number in by_step) + epochs

    models = 1 + setup.config.saves_best + kept(config.save_last_n_steps, config.save_last_n_epochs)
    states = room.states
    if config.save_state:
        steps = config.save_last_n_steps_state or config.save_last_n_steps
        states = max(states, 1 + kept(steps, config.save_last_n_epochs_state or config.save_last_n_epochs))
    return Saves(room.model, room.state, models, states)


def least(room: Room, config: RunConfig, free: int) -> Problem | None:
    """Why a run can't begin: no room for its last model and the states that are there at the same time."""
    if free >= room.total:
        return None
    results = Saves(room.model, room.state, 1, room.states).words()
    return messages.NO_DISK_SPACE(
        path=config.save.output_dir,
        needed=size_text(room.total),
        results=results,
        free=size_text(free),
    )


def short(found: Saves, config: RunConfig, free: int) -> Problem | None:
    """A notice that the disk will be full before the run has saved everything."""
    if free >= found.total:
        return None
    return messages.DISK_FILLS_UP(
        path=config.save.output_dir,
        needed=size_text(found.total),
        results=found.words(),
        free=size_text(free),
    )


def problems(config: RunConfig, total: int, per_epoch: int | None) -> tuple[Problem, ...]:
    """What there is to say of a run's disk, by now. Nothing of a model that is not on this computer yet."""
    try:
        setup = setup_of(config)
        free = free_in(config)
        if setup is None or free is None:
            return ()
        found = least(needed(setup), config, free) or short(saves(setup, total, per_epoch), config, free)
    except Exception:  # a forecast that fails must hinder no training
        logging.getLogger(__name__).warning("the room that is needed is not known", exc_info=True)
        return ()
    return () if found is None else (found,)


def lacking(config: RunConfig) -> Problem | None:
    """Why a run can't begin, by the room that is free now; None also where nothing is known of it."""
    try:
        setup, free = setup_of(config), free_in(config)
        return None if setup is None or free is None else least(needed(setup), config, free)
    except Exception:  # a forecast that fails must hinder no training
        logging.getLogger(__name__).warning("the room that is needed is not known", exc_info=True)
        return None


def free_in(config: RunConfig) -> int | None:
    """Bytes that are free in the output folder of a run; None where its drive does not tell."""
    return disk(Path(config.save.output_dir))[0]


def setup_of(config: RunConfig) -> Setup | None:
    """The run as far as what it saves goes; None where its base model is not on this computer."""
    sizes = architecture.of_base(config.model.base)
    return None if sizes is None else Setup(config, sizes, Data.of(config), is_gpu=False)
