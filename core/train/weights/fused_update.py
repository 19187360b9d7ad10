"""Optimizer steps in the backward pass: each weight is stepped and its gradient freed once it is complete.

The gradients of the whole model never exist at once, only that of the weight at hand; and of a model in half
precision only that weight is there in float32.

What this changes against `Update`:

- Gradients are clipped one by one, each to the largest norm, as sd-scripts' fused_backward_pass does: the
  norm of all is known only when all have been used. Without clipping the weights are the same bit for bit.
- A loss that is not finite is found before any weight is stepped, and the weights are those of the last good
  step, as with `Update`. A gradient that is not finite or absurdly large is found at its turn: neither
  it nor any gradient after it reaches its weight, but the weights before it have taken their step. Then
  `is_whole` is false: these weights belong to no step and are not to be saved.

Source: Lv et al. 2023, arXiv:2306.09782 (LOMO), section 3: gradient computation and update in one.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import torch
from torch import Tensor, nn

from core.train.device.engine import Engine
from core.train.weights.optimizer import can_skip, stepping_only
from core.train.weights.stochastic_rounding import HalfStep
from core.train.weights.update import LARGEST_NORM, BadStep, Update, clipping_factor


class FusedUpdate(Update):
    """An `Update` whose `backward` steps the weights; calling it afterwards ends the step.

    For one process, one micro-batch a step, no loss scale and an optimizer that steps each weight by itself.
    """

    def __init__(
        self,
        engine: Engine,
        optimizer: torch.optim.Optimizer,
        parameters: Sequence[nn.Parameter],
        max_grad_norm: float,
        half_step: HalfStep | None = None,
    ) -> None:
        super().__init__(engine, optimizer, parameters, max_grad_norm, half_step)
        assert engine.world_size == 1 and engine.scaler is None
        self._groups = {p: group for group in optimizer.param_groups for p in group["params"]}
        self._can_skip = can_skip(optimizer)
        self._step, self._is_between = 0, True
        self._norms: list[Tensor] = []
        # On the device: whether anything was bad so far, whether this step's loss was, whether weights had
        # been stepped when something bad was found.
        self._is_bad, self._is_loss_bad, self._is_torn = (
            torch.zeros((), dtype=torch.bool, device=engine.device) for _ in range(3)
        )

    @property
    def is_whole(self) -> bool:
        """As Update's: not so within a step, nor after one that was broken off. Waits for the device."""
        return self._is_between and not bool(self._is_torn)

    def backward(self, step: int, loss: Tensor) -> None:
        """Compute the gradients and step every weight on its own. Raises BadStep before the first of them."""
        self._step = step
        self._is_loss_bad = ~loss.detach().isfinite()
        if self._looks_at_once and self._is_loss_bad:
            raise BadStep(step)
        self._is_bad = self._is_bad | self._is_loss_bad
        with self._hooked():
            self.engine.backward(loss)

    def __call__(self, step: int, loss: Tensor) -> None:
        """End a step whose weights have been updated. loss: as in `backward`. Raises BadStep."""
        if not self._norms:
            return
        self.grad_norm = torch.linalg.vector_norm(torch.stack(self._norms))
        self._norms.clear()
        self._count_zeros()
        self._is_bad = self._is_bad | ~(self.grad_norm <= LARGEST_NORM)
        if self._looks_at_once and self._is_bad:
            raise BadStep(step)  # with weights that are not whole, since the loss was looked at before
        self._is_torn = self._is_torn | (self._is_bad & (self._bad_step < 0) & ~self._is_loss_bad)
        self._guard(step, self._is_bad)
        self._is_between = True

    @contextmanager
    def _hooked(self) -> Iterator[None]:
        """Weights step by themselves in a backward pass.

        Not for longer: a hook that holds this object and is held by its weights would keep the memory of a
        finished run.
        """
        hooks = [
            p.register_post_accumulate_grad_hook(self._take)  # type: ignore[no-untyped-call]
            for p in self.parameters
        ]
        try:
            yield
        finally:
            for hook in hooks:
                hook.remove()

    def _take(self, parameter: Tensor) -> None:
        """Step one weight on its gradient, which is complete, and free the gradient."""
        assert isinstance(parameter, nn.Parameter) and parameter.grad is not None
        self._is_between = False
        norm = torch.linalg.vector_norm(parameter.grad, dtype=torch.float32)
        self._norms.append(norm)
        self._is_bad = self._is_bad | ~(norm <= LARGEST_NORM)  # NaN compares as false
        if self._can_skip:
            self.optimizer.found_inf = self._is_bad.float()  # type: ignore[attr-defined]
        else:
            # What such an optimizer makes of a gradient of 0 is finite, and nobody will use it.
            parameter.grad.masked_fill_(self._is_bad, 0.0)
            norm = norm.masked_fill(self._is_bad, 0.0)
        factor = clipping_factor(norm, self._max_grad_norm)
        with stepping_only(self.optimizer, self._groups[parameter], parameter):
            self._apply([parameter], self._step, factor)
        parameter.grad = None
