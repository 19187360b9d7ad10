"""The learning rate as a function of the step alone, so that a resumed run needs nothing stored.

The formulas are those of transformers.optimization and, for piecewise_constant, of diffusers.optimization;
the step is counted from 0 before the first update.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from core.config import optimizer_args
from core.config.schema.optimizer import OptimizerConfig
from core.config.schema.option import steps_of

LR_END = 1e-7
"""Where polynomial decay ends, as in transformers."""

TIMESCALE = 10_000
"""Steps of inverse_sqrt without a timescale and without a warm-up, as in transformers."""


@dataclass(frozen=True)
class Schedule:
    """How a base rate changes over a run of `total` steps; warmup and decay in steps.

    least: the share of the rate where cosine_with_min_lr and warmup_stable_decay end. timescale: of
    inverse_sqrt, 0 for transformers' own. pieces, final: of piecewise_constant, (end step, factor) in order
    and the factor after them. starts_slowly: Adafactor's warmup_init.
    """

    name: str
    warmup: int
    total: int
    cycles: int = 1
    power: float = 1.0
    decay: int = 0
    least: float = 0.0
    timescale: int = 0
    pieces: tuple[tuple[int, float], ...] = ()
    final: float = 1.0
    starts_slowly: bool = False

    def rate(self, base: float, step: int) -> float:
        """The learning rate of the update that follows `step` finished ones."""
        if self.name == "adafactor":
            return _adafactor(self, step)
        if step < self.warmup:
            rise = step / max(1, self.warmup)
            if self.name == "warmup_stable_decay":
                rise = rise * (1 - self.least) + self.least
            return base * rise
        return _DECAY[self.name](self, base, step)

    def progress(self, step: int) -> float:
        """How much of the run after the warm-up is done, from 0."""
        return (step - self.warmup) / max(1, self.total - self.warmup)


def make(config: OptimizerConfig, total: int) -> Schedule:
    """The schedule of a run of `total` steps. Raises ArgumentFault."""
    rules = optimizer_args.step_rules(config)
    pieces, final = optimizer_args.pieces(rules) if rules is not None else ((), 1.0)
    is_relative = optimizer_args.relative_step(config)
    return Schedule(
        name="adafactor" if is_relative else config.lr_scheduler,
        warmup=steps_of(config.lr_warmup_steps, total),
        total=total,
        cycles=config.lr_scheduler_num_cycles,
        power=config.lr_scheduler_power,
        decay=steps_of(config.lr_decay_steps, total),
        least=config.lr_scheduler_min_lr_ratio if config.lr_scheduler_min_lr_ratio is not None else 0.0,
        timescale=config.lr_scheduler_timescale if config.lr_scheduler_timescale is not None else 0,
        pieces=pieces,
        final=final,
        starts_slowly=is_relative
        and bool(optimizer_args.parse(config.optimizer_args).get("warmup_init", False)),
    )


def _constant(schedule: Schedule, base: float, step: int) -> float:
    return base


def _linear(schedule: Schedule, base: float, step: int) -> float:
    return base * max(0.0, 1.0 - schedule.progress(step))


def _cosine(schedule: Schedule, base: float, step: int) -> float:
    return base * max(0.0, 0.5 * (1.0 + math.cos(math.pi * schedule.progress(step))))


def _cosine_with_restarts(schedule: Schedule, base: float, step: int) -> float:
    progress = schedule.progress(step)
    if progress >= 1.0:
        return 0.0
    return base * max(0.0, 0.5 * (1.0 + math.cos(math.pi * ((schedule.cycles * progress) % 1.0))))


def _polynomial(schedule: Schedule, base: float, step: int) -> float:
    progress, end = schedule.progress(step), min(LR_END, base)
    if progress >= 1.0:
        return end
    return (base - end) * math.pow(1.0 - progress, schedule.power) + end


def _inverse_sqrt(schedule: Schedule, base: float, step: int) -> float:
    timescale = schedule.timescale or schedule.warmup or TIMESCALE
    shift = timescale - schedule.warmup
    return base / math.sqrt((step + shift) / timescale)


def _cosine_with_min_lr(schedule: Schedule, base: float, step: int) -> float:
    return base * _wave(schedule, schedule.progress(step))


def _warmup_stable_decay(schedule: Schedule, base: float, step: int) -> float:
    decay_from = schedule.total - schedule.decay
    if step < decay_from:
        return base
    if step >= schedule.total:
        return base * schedule.least
    return base * _wave(schedule, (step - decay_from) / max(1, schedule.decay))


def _wave(schedule: Schedule, progress: float) -> float:
    """A cosine from 1 down to the least rate; cycles above 1 go up again, as transformers' num_cycles do."""
    fall = 0.5 * (1.0 + math.cos(math.pi * schedule.cycles * progress))
    return max(0.0, fall * (1 - schedule.least) + schedule.least)


def _piecewise_constant(schedule: Schedule, base: float, step: int) -> float:
    return base * next((factor for end, factor in schedule.pieces if step < end), schedule.final)


def _adafactor(schedule: Schedule, step: int) -> float:
    """The relative step size, before Adafactor scales it by each weight's size.

    Source: Shazeer and Stern 2018, arXiv:1804.04235, algorithm 5; warmup_init as in transformers.
    """
    count = step + 1
    return min(1e-6 * count if schedule.starts_slowly else 1e-2, math.pow(count, -0.5))


_DECAY: Mapping[str, Callable[[Schedule, float, int], float]] = {
    "constant": _constant,
    "constant_with_warmup": _constant,
    "linear": _linear,
    "cosine": _cosine,
    "cosine_with_restarts": _cosine_with_restarts,
    "polynomial": _polynomial,
    "inverse_sqrt": _inverse_sqrt,
    "cosine_with_min_lr": _cosine_with_min_lr,
    "warmup_stable_decay": _warmup_stable_decay,
    "piecewise_constant": _piecewise_constant,
}
