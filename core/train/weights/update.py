"""One optimizer step: gradients of all processes, clipping, and a guard that lets no NaN into the weights.

On a CPU the guard looks before every step. On a GPU looking would make the host wait, so a step that went
wrong is left out on the device itself, and so is every step after it; the run finds out when it next reads
its losses back, and the weights are exactly those from before the fault. Optimizers that can't leave a step
out on the device (bitsandbytes counts its steps on the host) are looked at before every step, on a GPU too.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn

from core.train.device.engine import Engine, gradient_norm
from core.train.weights.optimizer import can_skip
from core.train.weights.stochastic_rounding import HalfStep

OVERFLOWS = 20
"""So many fp16 overflows in a row are a fault; single ones are how the scaler finds its scale."""


LARGEST_NORM = 1e10
"""A gradient norm above it is a fault, with clipping too: a healthy one is below 1e4, and what is so far off
comes from weights or a batch that are broken, which clipping would hide and train on."""


class BadStep(Exception):
    """Loss or gradients stopped being finite, or sane, after `step` good steps; the weights are from then."""

    def __init__(self, step: int) -> None:
        super().__init__(f"not finite after step {step}")
        self.step = step


class Update:
    """Turns gradients into new weights."""

    def __init__(
        self,
        engine: Engine,
        optimizer: torch.optim.Optimizer,
        parameters: Sequence[nn.Parameter],
        max_grad_norm: float,
        half_step: HalfStep | None = None,
    ) -> None:
        """half_step: how weights in half precision are stepped, None for float32."""
        self.engine, self.optimizer = engine, optimizer
        self.parameters = [*parameters]
        self.grad_norm = torch.zeros((), device=engine.device)
        self._max_grad_norm, self._half_step = max_grad_norm, half_step
        self._looks_at_once = not engine.is_asynchronous or not can_skip(optimizer)
        # Guard on the device. bad_step: good steps before the first bad one, -1 while all is well.
        self._bad_step = torch.full((), -1, device=engine.device)
        self._overflows = torch.zeros((), dtype=torch.int64, device=engine.device)
        # Steps in a row without any gradient until now, and the most there were since the last look.
        self._zeros, self._most_zeros = (torch.zeros_like(self._overflows) for _ in range(2))
        self.zero_steps = 0

    @property
    def is_whole(self) -> bool:
        """Whether the weights are those after a number of whole steps, and so may be saved."""
        return True

    def backward(self, step: int, loss: Tensor) -> None:
        """Add a loss to the gradients of the update after `step` good ones."""
        self.engine.backward(loss)

    def __call__(self, step: int, loss: Tensor) -> None:
        """Step on the gradients at hand. step: good ones so far. loss: of all processes. Raises BadStep."""
        self.engine.sum_gradients(self.parameters)
        if all(parameter.grad is None for parameter in self.parameters):
            return  # everything was left out by module_dropout
        is_bad = self._measure(loss)
        self._count_zeros()
        factor = self._factor()
        if self.engine.scaler is not None:
            self.engine.scaler.update(is_bad)
            self._overflows = (self._overflows + 1) * is_bad
            is_left_out = is_bad
        else:
            is_left_out = self._guard(step, is_bad)
        if not self._looks_at_once:
            # torch's fused optimizers leave their step out when this tensor holds 1; GradScaler talks to them
            # so.
            self.optimizer.found_inf = is_left_out.float()  # type: ignore[attr-defined]
            self._apply(self.parameters, step, factor)
        elif not is_left_out:
            self._apply(self.parameters, step, factor)
        self.optimizer.zero_grad(set_to_none=True)

    def look(self, step: int) -> None:
        """Wait for the device and raise BadStep when a step went wrong. step: steps so far.

        Afterwards zero_steps tells how many steps in a row had no gradient at all.
        """
        numbers = [self._bad_step, self._overflows, self._most_zeros]
        bad_step, overflows, self.zero_steps = torch.stack(numbers).tolist()
        self._most_zeros = self._zeros
        if bad_step >= 0:
            raise BadStep(bad_step)
        if overflows >= OVERFLOWS:
            raise BadStep(step - overflows)

    def forget(self, parameters: Sequence[nn.Parameter]) -> None:
        """These are not trained any more."""
        gone = {id(parameter) for parameter in parameters}
        self.parameters = [parameter for parameter in self.parameters if id(parameter) not in gone]

    def state(self) -> dict[str, Any]:
        """Numbers that a resumed run needs."""
        scaler = self.engine.scaler
        return {} if scaler is None else {"scaler": scaler.state(), "overflows": self._overflows.item()}

    def load(self, state: dict[str, Any]) -> None:
        """Put back what state() gave."""
        if self.engine.scaler is not None and state:
            self.engine.scaler.load(state["scaler"])
            self._overflows.fill_(state["overflows"])

    def _measure(self, loss: Tensor) -> Tensor:
        """Whether this step is bad, and the gradient norm on the way; both stay on the device."""
        scaler = self.engine.scaler
        norm = gradient_norm(self.parameters)
        self.grad_norm = norm if scaler is None else norm / scaler.value
        return ~((self.grad_norm <= LARGEST_NORM) & loss.isfinite())  # NaN compares as false

    def _count_zeros(self) -> None:
        """Take in whether this step had no gradient, by its norm."""
        self._zeros = (self._zeros + 1) * (self.grad_norm == 0)
        self._most_zeros = torch.maximum(self._most_zeros, self._zeros)

    def _factor(self) -> Tensor | None:
        """What gradients are to be multiplied with, for the scale and the largest norm; None for nothing."""
        factor = clipping_factor(self.grad_norm, self._max_grad_norm)
        if self.engine.scaler is not None:
            factor = (1.0 if factor is None else factor) / self.engine.scaler.value
        return factor

    def _guard(self, step: int, is_bad: Tensor) -> Tensor:
        """Whether to leave this step out, because it or one before it went wrong. Raises BadStep."""
        if self._looks_at_once and is_bad:
            self.optimizer.zero_grad(set_to_none=True)
            raise BadStep(step)
        is_first = is_bad & (self._bad_step < 0)
        self._bad_step = torch.where(is_first, step, self._bad_step)
        return self._bad_step >= 0

    def _apply(self, parameters: Sequence[nn.Parameter], step: int, factor: Tensor | None) -> None:
        """Step these on their gradients times `factor`; the optimizer may see no others with a gradient."""
        if self._half_step is not None:
            if factor is None:
                factor = torch.ones((), device=self.engine.device)
            self._half_step(parameters, step, factor)
            return
        if factor is not None:
            torch._foreach_mul_([p.grad for p in parameters if p.grad is not None], factor)
        self.optimizer.step()


def clipping_factor(norm: Tensor, largest: float) -> Tensor | None:
    """What to multiply gradients of this norm with, as torch.nn.utils.clip_grad_norm_; None for 1."""
    return torch.clamp(largest / (norm + 1e-6), max=1.0) if largest > 0 else None
