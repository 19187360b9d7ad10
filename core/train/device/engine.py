"""The one file that uses accelerate: it finds the device and the other processes, and sums over them.

Accelerate's state belongs to the process: it holds what is the same for every run in it. Precision and the
gradients of several processes are a few lines of torch here: an fp16 scaler that also works without a GPU, a
mean over the samples of all processes that stays exact when a batch does not divide evenly, and models that
keep their own names because nothing wraps them.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from contextlib import AbstractContextManager, nullcontext

import torch
from accelerate import PartialState
from accelerate.utils import reduce
from torch import Tensor, nn

from core.train.device.loss_scale import LossScale

COMPUTE_TYPES = {
    "no": torch.float32, "fp16": torch.float16, "bf16": torch.bfloat16,
    "full_fp16": torch.float16, "full_bf16": torch.bfloat16,
}  # fmt: skip
"""Precision -> type of matrix products."""

WEIGHT_TYPES = {"full_fp16": torch.float16, "full_bf16": torch.bfloat16}
"""Precision -> type of trained weights and their gradients where it is not float32."""

REDUCE_BYTES = 64 * 2**20
"""Gradients of several processes are summed in flat pieces of about this size."""


class Engine:
    """Device, precision and processes of one run. Use as a context manager."""

    def __init__(self, precision: str) -> None:
        """precision: a key of COMPUTE_TYPES."""
        # Told nothing, accelerate lets processes without a device each train alone.
        cpu = world_size() > 1 and not torch.accelerator.is_available()
        self._state = PartialState(cpu=cpu)
        # With its index, as tensors name it: "cuda" does not equal "cuda:0".
        self.device: torch.device = torch.empty(0, device=self._state.device).device
        if self.device.type == "cuda":
            torch.cuda.reset_peak_memory_stats(self.device)  # the peak of a run before this one is not ours
        self.rank: int = self._state.process_index
        self.world_size: int = self._state.num_processes
        assert self.world_size == world_size(), f"{self.world_size} of {world_size()} processes found"
        self.compute_type = COMPUTE_TYPES[precision]
        self.weight_type = WEIGHT_TYPES.get(precision, torch.float32)
        is_fp16 = self.compute_type is torch.float16
        self.scaler: LossScale | None = LossScale(self.device) if is_fp16 else None

    def __enter__(self) -> Engine:
        return self

    def __exit__(self, *exception: object) -> None:
        self._state.destroy_process_group()

    @property
    def is_main(self) -> bool:
        """Whether this process is the one that writes files and sends events."""
        return self.rank == 0

    @property
    def is_asynchronous(self) -> bool:
        """Whether reading a number back makes the host wait for the device."""
        return self.device.type != "cpu"

    def autocast(self) -> AbstractContextManager[object]:
        """Where the network runs: matrix products in the compute type; nothing at all for float32."""
        if self.compute_type is torch.float32:
            return nullcontext()
        return torch.autocast(self.device.type, self.compute_type)

    def backward(self, loss: Tensor) -> None:
        """Add this loss to the gradients, scaled where fp16 needs it."""
        torch.autograd.backward(loss if self.scaler is None else self.scaler.scale(loss))

    def sum_gradients(self, parameters: Iterable[nn.Parameter]) -> None:
        """Make every process's gradients the sum over all of them; a process without samples adds zero."""
        if self.world_size == 1:
            return
        for piece in pieces(list(parameters), REDUCE_BYTES):
            flat = torch.cat(
                [(torch.zeros_like(p) if p.grad is None else p.grad).reshape(-1).float() for p in piece]
            )
            summed = self.sum(flat)
            start = 0
            for p in piece:
                p.grad = summed[start : start + p.numel()].view_as(p).to(p.dtype)
                start += p.numel()

    def sum(self, values: Tensor) -> Tensor:
        """The sum of a tensor over all processes."""
        if self.world_size == 1:
            return values
        summed: Tensor = reduce(values, reduction="sum")
        return summed

    def wait(self) -> None:
        """Until every process is here."""
        self._state.wait_for_everyone()

    def agree(self, flag: bool) -> bool:
        """Whether the main process says so; what a user asks for reaches the main process only."""
        if self.world_size == 1:
            return flag
        return bool(self.sum(torch.tensor(float(flag and self.is_main), device=self.device)).item() > 0)


def world_size() -> int:
    """How many processes train together, known before torch is asked; accelerate and torchrun set it."""
    return int(os.environ.get("WORLD_SIZE", "1"))


def gradient_norm(parameters: Sequence[nn.Parameter]) -> Tensor:
    """The norm of all gradients together, on their device."""
    gradients = [p.grad for p in parameters if p.grad is not None]
    if all(gradient.dtype is torch.float32 for gradient in gradients):
        return torch.nn.utils.get_total_norm(gradients)
    # In fp16 the norm itself would overflow.
    norms = torch._foreach_norm(gradients, 2, dtype=torch.float32)
    norm: Tensor = torch.linalg.vector_norm(torch.stack(norms))
    return norm


def pieces(parameters: list[nn.Parameter], largest_bytes: int) -> Iterable[list[nn.Parameter]]:
    """Parameters in order, in groups that take about so many bytes in float32."""
    piece: list[nn.Parameter] = []
    size = 0
    for parameter in parameters:
        piece.append(parameter)
        size += parameter.numel() * 4
        if size >= largest_bytes:
            yield piece
            piece, size = [], 0
    if piece:
        yield piece
