"""The parts of a model, read one at a time and in the type they are used in."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn

from core.config.schema.model import ModelConfig
from core.events import Emit, StageProgress
from core.models.family import Family, Model

MARKS = 100
"""How often progress is told while a model is read; there a run can be stopped."""


class Reader:
    """Reads the parts of an open model and tells how much is read; what `emit` raises ends the reading."""

    def __init__(self, family: Family, model: Model, emit: Emit) -> None:
        self._family, self._model, self._emit = family, model, emit
        self._total = sum(len(module.state_dict()) for module in model.modules.values())
        self._done = 0
        self._read: set[str] = set()

    def __call__(
        self, part: str, dtype: torch.dtype, seen: Callable[[str, Tensor], None] = lambda name, weight: None
    ) -> nn.Module:
        """See Family.load. A part that is read again is not told about."""
        is_first = part not in self._read
        if not self._read:
            self._emit(StageProgress("load_model", 0, self._total))
        self._read.add(part)

        def report(name: str, weight: Tensor) -> None:
            seen(name, weight)
            if is_first:
                self._report_all()

        return self._family.load(self._model, part, dtype, report)

    def _report_all(self) -> None:
        self._done += 1
        n, total = self._done, self._total
        if n == total or n * MARKS // total != (n - 1) * MARKS // total:
            self._emit(StageProgress("load_model", n, total))


def whole(family: Family, config: ModelConfig, emit: Emit) -> Model:
    """A model with all of its parts in memory, in float32 on the CPU, frozen. Raises UserError."""
    model = family.open(config, emit)
    read = Reader(family, model, emit)
    for part in model.modules:
        read(part, torch.float32)
    return model
