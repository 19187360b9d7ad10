"""How long a step will take, by this machine's own past runs; without one nothing is said."""

from __future__ import annotations

import functools
import statistics
from dataclasses import dataclass
from pathlib import Path

from core.catalog import Size
from core.config import check
from core.errors import ConfigError
from core.events import PlanReady, StepDone
from core.forecast import architecture
from core.forecast.phases import forecast
from core.forecast.setup import Data, Setup
from core.runs import past_runs

MOST_READ = 8
"""Of the newest runs."""

WARM_UP = 2
"""First reports that are left out: caches fill up, kernels are chosen."""

FEWEST = 3
"""Reports a run must have beside those."""


@dataclass(frozen=True)
class Pace:
    """seconds: of a step of the run asked about. name: of the run it was measured in."""

    seconds: float
    name: str


@dataclass(frozen=True)
class _Measured:
    setup: Setup
    flops_per_second: float


def pace(setup: Setup, output_dir: Path) -> Pace | None:
    """The seconds of a step, from the newest run of the same kind, by how much work a step of each is.

    Of the same kind: the same sizes of model, method, precision and kind of machine.
    """
    wanted = _kind(setup)
    for run in past_runs.past_runs(output_dir)[:MOST_READ]:
        if run.method != setup.config.network.method:
            continue
        measured = _measured(run.folder, run.seconds)
        if measured is not None and _kind(measured.setup) == wanted:
            return Pace(forecast(setup).flops / measured.flops_per_second, run.name)
    return None


def _kind(setup: Setup) -> tuple[object, ...]:
    config = setup.config
    return (setup.architecture, setup.is_adapter, config.train.precision, setup.is_gpu)


@functools.lru_cache(maxsize=64)
def _measured(folder: Path, seconds: float) -> _Measured | None:
    """What a run was and how fast it worked. seconds: how long it went; it is read anew when that changes."""
    record = past_runs.read(folder)
    if record is None:
        return None
    steps = [event for event in record.events if isinstance(event, StepDone)][WARM_UP:]
    if len(steps) < FEWEST:
        return None
    try:
        config = check.check(record.text).config
    except ConfigError:
        return None
    found = architecture.of_base(config.model.base, config.model.vae)
    if found is None:
        return None
    data = Data.of(config)
    sizes = [size for e in record.events if isinstance(e, PlanReady) for b in e.buckets if (size := _size(b))]
    if sizes:
        data = Data(max(sizes, key=lambda size: size.width * size.height), data.batch)
    setup = Setup(config, found, data, is_gpu=any(step.vram_bytes for step in steps))
    step = statistics.median(step.seconds for step in steps)
    if step <= 0 or not setup.trained:
        return None
    return _Measured(setup, forecast(setup).flops / step)


def _size(bucket: object) -> Size | None:
    """The size of a bucket as an event tells it."""
    found = bucket.get("size") if isinstance(bucket, dict) else None
    if isinstance(found, list | tuple) and len(found) == 2 and all(isinstance(n, int) for n in found):
        return Size(*found)
    return None
