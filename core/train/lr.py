"""The learning rate as a function of the step alone, so that a resumed run needs nothing stored.

The formulas are those of transformers.optimization, step counted from 0 before the first update.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

LR_END = 1e-7
"""Where polynomial decay ends, as in transformers."""


@dataclass(frozen=True)
class Schedule:
    """How a base rate changes over a run of `total` steps."""

    name: str
    warmup: int
    total: int
    cycles: int = 1
    power: float = 1.0

    def rate(self, base: float, step: int) -> float:
        """The learning rate of the update that follows `step` finished ones."""
        if step < self.warmup:
            return base * (step / max(1, self.warmup))
        progress = (step - self.warmup) / max(1, self.total - self.warmup)
        return _DECAY[self.name](self, base, progress)


def _constant(schedule: Schedule, base: float, progress: float) -> float:
    return base


def _linear(schedule: Schedule, base: float, progress: float) -> float:
    return base * max(0.0, 1.0 - progress)


def _cosine(schedule: Schedule, base: float, progress: float) -> float:
    return base * max(0.0, 0.5 * (1.0 + math.cos(math.pi * progress)))


def _cosine_with_restarts(schedule: Schedule, base: float, progress: float) -> float:
    if progress >= 1.0:
        return 0.0
    return base * max(0.0, 0.5 * (1.0 + math.cos(math.pi * ((schedule.cycles * progress) % 1.0))))


def _polynomial(schedule: Schedule, base: float, progress: float) -> float:
    end = min(LR_END, base)
    if progress >= 1.0:
        return end
    return (base - end) * (1.0 - progress) ** schedule.power + end


_DECAY: Mapping[str, Callable[[Schedule, float, float], float]] = {
    "constant": _constant,
    "constant_with_warmup": _constant,
    "linear": _linear,
    "cosine": _cosine,
    "cosine_with_restarts": _cosine_with_restarts,
    "polynomial": _polynomial,
}
