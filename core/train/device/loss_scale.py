"""The scale of the loss in fp16, so that small gradients do not vanish and large ones are found out."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

INITIAL, GROWTH, BACKOFF, INTERVAL = 2.0**16, 2.0, 0.5, 2000
"""As torch.amp.GradScaler's: halved at every overflow, doubled after 2000 good steps."""


class LossScale:
    """Multiplies the loss; whoever reads the gradients divides by `value`. All of it stays on the device.

    torch's GradScaler refuses gradients in fp16, which full_fp16 has; this one never touches gradients.
    Source: Micikevicius et al. 2017, arXiv:1710.03740, section 3.2.
    """

    def __init__(self, device: torch.device) -> None:
        self.value = torch.full((), INITIAL, device=device)
        self._good_steps = torch.zeros((), dtype=torch.int64, device=device)

    def scale(self, loss: Tensor) -> Tensor:
        """The loss to call backward on."""
        return loss * self.value

    def update(self, has_overflowed: Tensor) -> None:
        """Choose the scale of the next step."""
        good_steps = torch.where(has_overflowed, 0, self._good_steps + 1)
        grows = good_steps == INTERVAL
        change = torch.where(has_overflowed, BACKOFF, torch.where(grows, GROWTH, 1.0))
        self.value = self.value * change
        self._good_steps = torch.where(grows, 0, good_steps)

    def state(self) -> dict[str, Any]:
        """Numbers that a resumed run needs."""
        return {"scale": self.value.item(), "good_steps": self._good_steps.item()}

    def load(self, state: dict[str, Any]) -> None:
        """Put back what state() gave."""
        self.value.fill_(state["scale"])
        self._good_steps.fill_(state["good_steps"])
