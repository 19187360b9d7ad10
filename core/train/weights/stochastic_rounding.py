"""Weights in half precision: updated in float32, a piece of the model at a time, and rounded by chance.

An update is mostly far smaller than the distance to the next number in half precision: at 0.02 bf16 steps
by 1.2e-4, fp16 by 1.5e-5. Rounded to the nearest number it would be lost; rounded up or down with the chance
that keeps the mean right, it is there on average.
Sources: Gupta et al. 2015, arXiv:1502.02551, section 3 (stochastic rounding); Zamirai et al. 2020,
arXiv:2010.06192 (bfloat16 training with it).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn

from core.limits import ROUNDING_PIECE
from core.train.device.engine import pieces
from core.train.seeds import torch_seed

ALIGNMENT = 64
"""Numbers; every weight begins at a multiple, as kernels that read several at once want it."""

DROPPED = {torch.bfloat16: 16, torch.float16: 13}
"""Bits of a float32 that a number of the type has no room for."""

SMALLEST_NORMAL, SUBNORMAL_STEP = 2.0**-14, 2.0**-24
"""Of fp16: below the first its numbers are no longer spaced by their size, but evenly by the second."""


class HalfStep:
    """Runs an optimizer over weights in fp16 or bf16; what it remembers is in its own types, not in theirs.

    The draws for a weight depend on the seed, the step and the weight's number alone, so that a resumed run
    rounds as the straight one, and weights that are stepped one by one as those that are stepped together.
    """

    def __init__(self, optimizer: torch.optim.Optimizer, seed: int, is_joint: bool) -> None:
        """optimizer: with all of its weights. is_joint: whether it has to see all of them at once."""
        self._optimizer, self._seed, self._is_joint = optimizer, seed, is_joint
        weights = (weight for group in optimizer.param_groups for weight in group["params"])
        self._numbers = {weight: number for number, weight in enumerate(weights)}

    def __call__(self, parameters: Sequence[nn.Parameter], step: int, factor: Tensor) -> None:
        """One step on the gradients times `factor` (0-dim). step: number of updates before it."""
        gradients = {p: p.grad for p in parameters if p.grad is not None}
        if not gradients:
            return
        for parameter in parameters:
            parameter.grad = None
        for piece in [[*gradients]] if self._is_joint else pieces([*gradients], ROUNDING_PIECE):
            self._step(piece, gradients, factor, step)

    def _step(
        self,
        piece: Sequence[nn.Parameter],
        gradients: Mapping[nn.Parameter, Tensor],
        factor: Tensor,
        step: int,
    ) -> None:
        """An optimizer leaves out what has no gradient, so only this piece is stepped."""
        halves = [p.data for p in piece]
        weights, views = _in_float32(halves)
        scaled, slopes = _in_float32([gradients[p] for p in piece])
        scaled.mul_(factor)
        try:
            for parameter, view, slope in zip(piece, views, slopes, strict=True):
                parameter.data, parameter.grad = view, slope
            self._optimizer.step()
            # A few weights are held in float32, which need no rounding: they take what the step gave.
            whole = [
                (half, view) for half, view in zip(halves, views, strict=True) if half.dtype is weights.dtype
            ]
            for half, view in whole:
                half.copy_(view)
            if len(whole) < len(halves):
                rounded = [h for h in zip(halves, views, strict=True) if h[0].dtype is not weights.dtype]
                dtype = rounded[0][0].dtype
                round_by_chance_(weights, dtype, self._bits(weights, piece, dtype, step))
                torch._foreach_copy_([half for half, _ in rounded], [view for _, view in rounded])
        finally:
            for parameter, half in zip(piece, halves, strict=True):
                parameter.grad, parameter.data = None, half

    def _bits(self, flat: Tensor, piece: Sequence[nn.Parameter], dtype: torch.dtype, step: int) -> Tensor:
        """The random bits for every number of a piece; those of a weight come from a seed of its own."""
        bits = torch.empty_like(flat, dtype=torch.int32)
        generator = torch.Generator(flat.device)
        for parameter, view in zip(piece, _views(bits, piece), strict=True):
            seed = torch_seed(self._seed, "rounding", step, self._numbers[parameter])
            view.random_(0, 2 ** DROPPED[dtype], generator=generator.manual_seed(seed))
        return bits


def round_by_chance_(values: Tensor, dtype: torch.dtype, bits: Tensor) -> None:
    """Make float32 values numbers of `dtype` (fp16 or bf16), up or down by chance, the mean unchanged.

    The bits that do not fit get a random number of their length added and are cut off. Numbers that fit stay.
    bits: those random numbers, int32 of the same shape, DROPPED[dtype] bits each.
    """
    dropped = DROPPED[dtype]
    if dtype is torch.float16:
        chance = bits * 2.0**-dropped
        even = torch.floor(values / SUBNORMAL_STEP + chance) * SUBNORMAL_STEP
        is_even = values.abs() < SMALLEST_NORMAL
    values.view(torch.int32).add_(bits).bitwise_and_(-(2**dropped))
    if dtype is torch.float16:
        torch.where(is_even, even, values, out=values)


def _in_float32(tensors: Sequence[Tensor]) -> tuple[Tensor, list[Tensor]]:
    """One flat float32 copy of all, and the view of each in it."""
    length = sum(_room(tensor) for tensor in tensors)
    flat = torch.empty(length, dtype=torch.float32, device=tensors[0].device)  # nobody reads the gaps
    views = _views(flat, tensors)
    torch._foreach_copy_(views, [*tensors])
    return flat, views


def _views(flat: Tensor, tensors: Sequence[Tensor]) -> list[Tensor]:
    """The place of each tensor in a flat one, in its shape."""
    views, at = list[Tensor](), 0
    for tensor in tensors:
        views.append(flat[at : at + tensor.numel()].view(tensor.shape))
        at += _room(tensor)
    return views


def _room(tensor: Tensor) -> int:
    """Numbers that a tensor takes of a flat one."""
    return -(-tensor.numel() // ALIGNMENT) * ALIGNMENT
