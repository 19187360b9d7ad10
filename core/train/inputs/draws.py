"""What chance decides about a sample: noise, its strength, the timestep; keyed by the sample."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from core.config.schema.train import TrainConfig
from core.data.plan.plan import Sample
from core.diffusion.noise import add_coarse_noise
from core.diffusion.objective import Objective
from core.train.seeds import fraction, torch_seed


@dataclass(frozen=True)
class Draws:
    """Host tensors of one micro-batch, pinned where there is a GPU.

    noise: (2, B, C, h, w), the noise, with coarser grains added for multires noise, and the VAE's own draw.
    shift, shift_strength: (B, C, 1, 1) and (B, 1, 1, 1) for noise offset, or None.
    perturbation: (B, C, h, w), what the U-Net's input has on top of the noise, or None.
    timesteps: (B,), of the objective's type.
    """

    noise: Tensor
    shift: Tensor | None
    shift_strength: Tensor | None
    perturbation: Tensor | None
    timesteps: Tensor


class Chance:
    """Draws by (seed, epoch, index).

    Strengths that sd-scripts draws once for a batch (noise_offset_random_strength,
    ip_noise_gamma_random_strength, the ratios of multires noise) are drawn for each sample here, so that two
    processes with batch 1 see what one with batch 2 sees.
    """

    def __init__(self, config: TrainConfig, objective: Objective, is_pinned: bool) -> None:
        assert config.seed is not None, "the runner draws a seed before the run"
        self._config, self._seed, self._is_pinned = config, config.seed, is_pinned
        self._objective = objective

    def __call__(self, epoch: int, samples: Sequence[Sample], shape: tuple[int, int, int]) -> Draws:
        """shape: (C, h, w) of the latents."""
        config, count = self._config, len(samples)
        noise = self._empty(2, count, *shape)
        shift = self._empty(count, shape[0], 1, 1) if config.noise_offset else None
        perturbation = self._empty(count, *shape) if config.ip_noise_gamma else None
        generator = torch.Generator("cpu")
        for n, sample in enumerate(samples):
            place = (epoch, sample.index)
            generator.manual_seed(torch_seed(self._seed, "noise", *place))
            noise[0, n].normal_(generator=generator)
            noise[1, n].normal_(generator=generator)
            if shift is not None:
                shift[n].normal_(generator=generator)
            if perturbation is not None:
                generator.manual_seed(torch_seed(self._seed, "ip_noise", *place))
                perturbation[n].normal_(generator=generator)
                perturbation[n] *= self._perturbation_strength(*place)
            if config.multires_noise_iterations:
                generator.manual_seed(torch_seed(self._seed, "multires_noise", *place))
                levels, discount = config.multires_noise_iterations, config.multires_noise_discount
                add_coarse_noise(noise[0, n], levels, discount, generator)
        cells = shape[1] * shape[2]
        timesteps = torch.tensor([self._timestep(epoch, sample.index, cells) for sample in samples])
        return Draws(
            noise,
            shift,
            None if shift is None else self._shift_strengths(epoch, samples),
            perturbation,
            self._pinned(timesteps),
        )

    def _timestep(self, epoch: int, slot: int, cells: int) -> float:
        draw = fraction(self._seed, "timestep", epoch, slot)
        return self._objective.draw(draw, self._config.min_timestep, self._config.max_timestep, cells)

    def _shift_strengths(self, epoch: int, samples: Sequence[Sample]) -> Tensor:
        whole = self._config.noise_offset
        if not self._config.noise_offset_random_strength:
            return self._pinned(torch.full((len(samples), 1, 1, 1), whole))
        shares = [fraction(self._seed, "noise_offset", epoch, sample.index) for sample in samples]
        return self._pinned((whole * torch.tensor(shares)).view(-1, 1, 1, 1))

    def _perturbation_strength(self, epoch: int, slot: int) -> float:
        whole = self._config.ip_noise_gamma
        if not self._config.ip_noise_gamma_random_strength:
            return whole
        return whole * fraction(self._seed, "ip_noise_gamma", epoch, slot)

    def _empty(self, *shape: int) -> Tensor:
        return torch.empty(*shape, pin_memory=self._is_pinned)

    def _pinned(self, tensor: Tensor) -> Tensor:
        return tensor.pin_memory() if self._is_pinned else tensor
