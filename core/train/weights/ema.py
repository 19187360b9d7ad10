"""The weights that are saved, sampled and validated: means of the trained ones where there are any."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

import torch
from torch import Tensor, nn

from core.train.weights.optimizer import ParameterGroup, is_schedule_free


class Averages:
    """Means over the run of every weight that still learns.

    With a decay: an exponential moving average (EMA) in float32. With a schedule-free optimizer: the mean
    that it keeps itself (Defazio et al. 2024, arXiv:2405.15682), worked out from its weights and its memory.
    With neither, the trained weights stand for themselves and nothing is kept.
    """

    def __init__(
        self, optimizer: torch.optim.Optimizer, groups: Sequence[ParameterGroup], decay: float | None
    ) -> None:
        self._optimizer, self._groups, self._decay = optimizer, [*groups], decay
        self._is_schedule_free = is_schedule_free(optimizer)
        self._is_shown = False
        self._means: dict[str, Tensor] = {}
        if decay is not None:
            self._means = {name: p.detach().float().clone() for name, p in self._parameters()}

    def update(self, step: int) -> None:
        """Take in the weights after an update. step: updates before it, from 0.

        mean <- d * mean + (1 - d) * weight, d = min(decay, (1 + step) / (10 + step)), so that the first
        weights are soon forgotten. Source: tf.train.ExponentialMovingAverage with num_updates.
        """
        if self._decay is None or not self._means:
            return
        share = 1.0 - min(self._decay, (1 + step) / (10 + step))
        weights = [p.detach().float() for _, p in self._parameters()]
        torch._foreach_lerp_([*self._means.values()], weights, share)

    @contextmanager
    def averaged(self) -> Iterator[None]:
        """The means in place of the trained weights; afterwards these are back, bit for bit.

        Around a block, or as a decorator around every call of a function.
        """
        if self._is_shown or not (self._means or self._is_schedule_free):
            yield
            return
        trained = [(p, p.data) for _, p in self._parameters()]
        self._is_shown = True
        try:
            self._show()
            yield
        finally:
            for parameter, data in trained:
                parameter.data = data
            if self._is_schedule_free:
                for group in self._optimizer.param_groups:
                    group["train_mode"] = True
            self._is_shown = False

    def settle(self, name: str) -> None:
        """A group stops learning: its means become its weights, so that what is saved of it stays."""
        group = next(group for group in self._groups if group.name == name)
        with self.averaged():
            settled = [p.data for p in group.parameters.values()]
        for parameter, data in zip(group.parameters.values(), settled, strict=True):
            parameter.data = data
        self._groups.remove(group)
        for key in group.parameters:
            self._means.pop(key, None)

    def tensors(self) -> dict[str, Tensor]:
        """The means by weight, for the training state; empty when the optimizer keeps them."""
        return dict(self._means)

    def load(self, tensors: Mapping[str, Tensor]) -> None:
        """Put back what tensors() gave, bit for bit."""
        for name, mean in self._means.items():
            mean.copy_(tensors[name])

    def restart(self) -> None:
        """Begin anew: the means are the weights as they are now."""
        for name, parameter in self._parameters():
            self._means[name].copy_(parameter.detach())

    def _show(self) -> None:
        if self._means:
            for name, parameter in self._parameters():
                parameter.data = self._means[name].to(parameter.dtype)
            return
        types = {parameter: parameter.dtype for _, parameter in self._parameters()}
        for parameter in types:
            # The optimizer turns its weights into the mean in place, and in the type of its memory.
            parameter.data = parameter.data.to(torch.float32, copy=True)
        self._optimizer.eval()  # type: ignore[attr-defined]
        for parameter, dtype in types.items():
            parameter.data = parameter.data.to(dtype)

    def _parameters(self) -> Iterator[tuple[str, nn.Parameter]]:
        for group in self._groups:
            yield from group.parameters.items()
