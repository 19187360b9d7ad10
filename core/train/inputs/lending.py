"""Parts of a model on the training device, or without dropout, for a while."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

import torch
from torch import nn

from core.models.family import Model


@contextmanager
def on_device(
    model: Model, parts: Sequence[str], device: torch.device, load: Callable[[str], nn.Module]
) -> Iterator[None]:
    """These parts on a device, then where they were. load: reads a part that was dropped."""
    before = [(part, next(model.modules[part].parameters()).device) for part in parts]
    away = [(part, place) for part, place in before if place != device]
    try:
        for part, place in away:
            if place.type == "meta":
                load(part)
            model.modules[part].to(device)
        yield
    finally:
        for part, place in away:
            model.modules[part].to(place)


@contextmanager
def eval_mode(modules: Sequence[nn.Module]) -> Iterator[None]:
    """Without dropout for a while."""
    before = [module.training for module in modules]
    for module in modules:
        module.eval()
    try:
        yield
    finally:
        for module, is_training in zip(modules, before, strict=True):
            module.train(is_training)
