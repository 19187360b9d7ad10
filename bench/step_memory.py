"""The memory a training step really takes on a CPU: what lies there before it, and every block it takes and
gives back, as torch's profiler notes them.

    python -m bench.step_memory RUN.toml...     prints the peak of each in bytes, as JSON

In a process of its own, since what else a process holds or has held would be in the figure.
"""

from __future__ import annotations

import gc
import json
import sys
import tempfile
import warnings
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor
from torch.profiler import ProfilerActivity, profile

from core.config import check
from core.config.schema.run import RunConfig
from core.control import RunControl
from core.train import run
from core.train.device.engine import Engine
from core.train.loop import Training, gradients

STEPS = 2
"""Steps before the measured one, so that the optimizer's memory is there."""


@dataclass(frozen=True)
class StepMemory:
    """Bytes: held before the step, and the most there were in it."""

    held: int
    peak: int


def measure(config: RunConfig, folder: Path) -> StepMemory:
    """Train a few steps of a run and measure one more. folder: the run's, which exists."""
    with (
        torch.random.fork_rng(devices=[]),
        torch.enable_grad(),
        Engine(config.train.precision) as engine,
    ):
        job = run.prepare(config, folder, RunControl(), lambda event: None)
        training, _ = run.build(job, engine, RunControl(), lambda event: None)
        training.trainee.set_train_mode(training.text.is_trained)
        with closing(training.stream(0)) as stream:
            for step in range(STEPS):
                _step(training, step, stream)
            held = living()
            with profile(activities=[ProfilerActivity.CPU], profile_memory=True) as profiled:
                _step(training, STEPS, stream)
    return StepMemory(held, held + _highest(profiled))


def living() -> int:
    """Bytes of all tensors there are, each block once."""
    gc.collect()
    blocks: dict[int, int] = {}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # some of torch's own objects complain when they are looked at
        found = [thing for thing in gc.get_objects() if isinstance(thing, Tensor)]
    for tensor in found:
        # Tensors that only C++ holds, such as an optimizer's, hang on a Python object that is found.
        for one in (tensor, tensor.grad if tensor.is_leaf else None):
            if one is not None and one.device.type == "cpu":
                storage = one.untyped_storage()
                blocks[storage.data_ptr()] = storage.nbytes()
    return sum(blocks.values())


def _step(training: Training, step: int, stream: object) -> None:
    loss = gradients(training, step, stream)
    training.update(step, loss)
    training.averages.update(step)


def _highest(profiled: profile) -> int:
    """The most bytes at once, above those at the start."""
    events = profiled.profiler.kineto_results.events()  # type: ignore[union-attr]
    noted = sorted((event.start_ns(), event.nbytes()) for event in events if event.name() == "[memory]")
    level = highest = 0
    for _, nbytes in noted:
        level += nbytes
        highest = max(highest, level)
    return highest


def main(run_files: list[str]) -> None:
    peaks = []
    for run_file in run_files:
        with tempfile.TemporaryDirectory() as folder:
            peaks.append(measure(check.load(Path(run_file)).config, Path(folder)).peak)
    print(json.dumps(peaks))


if __name__ == "__main__":
    main(sys.argv[1:])
