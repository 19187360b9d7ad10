"""Which settings make a run need less memory, and by how much; each is tried in the forecast itself."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from core.config.memory_savers import Saver, savers
from core.config.schema.run import RunConfig
from core.forecast.machine import Machine
from core.forecast.phases import forecast
from core.forecast.setup import Data, Setup

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


def _changes(setup: Setup, machine: Machine) -> Iterator[Saver]:
    """Settings and their values to try, those that alter the result least first."""
    has_8bit = machine.is_gpu and importlib.util.find_spec("bitsandbytes") is not None
    for key, values in savers(setup.config, "bf16" if machine.has_bf16 else "fp16"):
        if key != "optimizer.optimizer_type" or has_8bit:
            yield key, values


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
