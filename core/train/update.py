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

from core.train.engine import Engine, gradient_norm
from core.train.optim import can_skip

OVERFLOWS = 20
"""So many fp16 overflows in a row are a fault; single ones are how the scaler finds its scale."""


class BadStep(Exception):
    """Loss or gradients stopped being finite after `step` good steps; the weights are those of that step."""

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
    ) -> None:
        self.engine, self.optimizer = engine, optimizer
        self.parameters = [*parameters]
        self.grad_norm = torch.zeros((), device=engine.device)
        self._max_grad_norm = max_grad_norm
        self._looks_at_once = not engine.is_asynchronous or not can_skip(optimizer)
        # Guard on the device. bad_step: good steps before the first bad one, -1 while all is well.
        self._halted = torch.zeros((), device=engine.device)
        self._bad_step = torch.full((), -1, device=engine.device)
        self._overflows = torch.zeros((), dtype=torch.int64, device=engine.device)

    def __call__(self, step: int, loss: Tensor) -> None:
        """Step on the gradients at hand. step: good ones so far. loss: of all processes. Raises BadStep."""
        self.engine.sum_gradients(self.parameters)
        if all(parameter.grad is None for parameter in self.parameters):
            return  # everything was left out by module_dropout
        if self.engine.scaler is not None:
            self._scaled_step(loss)
        else:
            self._plain_step(step, loss)
        self.optimizer.zero_grad(set_to_none=True)

    def look(self, step: int) -> None:
        """Wait for the device and raise BadStep when a step went wrong. step: steps so far."""
        bad_step, overflows = torch.stack([self._bad_step, self._overflows]).tolist()
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
        return {} if scaler is None else {"scaler": scaler.state_dict(), "overflows": self._overflows.item()}

    def load(self, state: dict[str, Any]) -> None:
        """Put back what state() gave."""
        if self.engine.scaler is not None and state:
            self.engine.scaler.load_state_dict(state["scaler"])
            self._overflows.fill_(state["overflows"])

    def _plain_step(self, step: int, loss: Tensor) -> None:
        is_bad = self._measure(loss)
        if self._looks_at_once:
            if is_bad:
                self.optimizer.zero_grad(set_to_none=True)
                raise BadStep(step)
        else:
            is_first = is_bad & (self._bad_step < 0)
            self._bad_step = torch.where(is_first, step, self._bad_step)
            self._halted = torch.maximum(self._halted, is_bad.float())
            # torch's fused optimizers leave their step out when this tensor holds 1; GradScaler talks to them
            # so.
            self.optimizer.found_inf = self._halted  # type: ignore[attr-defined]
        self._clip()
        self.optimizer.step()

    def _scaled_step(self, loss: Tensor) -> None:
        scaler = self.engine.scaler
        assert scaler is not None
        scaler.unscale_(self.optimizer)
        is_bad = self._measure(loss)
        self._clip()
        scaler.step(self.optimizer)
        scaler.update()
        self._overflows = (self._overflows + 1) * is_bad

    def _measure(self, loss: Tensor) -> Tensor:
        """Whether this step is bad, and the gradient norm on the way; both stay on the device."""
        self.grad_norm = gradient_norm(self.parameters)
        return ~(self.grad_norm.isfinite() & loss.isfinite())

    def _clip(self) -> None:
        if self._max_grad_norm > 0:
            torch.nn.utils.clip_grads_with_norm_(self.parameters, self._max_grad_norm, self.grad_norm)
