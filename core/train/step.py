"""One micro-batch -> loss, in the field's words and order."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor

from core.config.schema.train import TrainConfig
from core.diffusion import loss as losses
from core.diffusion import noise as noises
from core.diffusion import weights
from core.diffusion.schedule import NoiseTable
from core.diffusion.target import target
from core.models.family import Components, Family
from core.train.device.engine import Engine
from core.train.inputs.batches import MicroBatch
from core.train.inputs.text_states import TextStates


@dataclass(frozen=True)
class BatchLoss:
    """What a step needs to know beside its batch."""

    family: Family
    parts: Components
    text: TextStates
    table: NoiseTable
    engine: Engine
    config: TrainConfig

    def __call__(self, batch: MicroBatch) -> Tensor:
        """This process's share of the mean loss over the samples of all processes; a 0-dim tensor.

        Nothing here makes the host wait for the device.
        """
        noise = self._noise(batch)
        seen = noise if batch.perturbation is None else noise + batch.perturbation
        noisy_latents = noises.add_noise(batch.latents, seen, batch.timesteps, self.table)
        encoder_hidden_states = self.text(batch.captions)
        with self.engine.autocast():
            model_pred = self.family.predict(
                self.parts, noisy_latents, batch.timesteps, encoder_hidden_states
            )
        wanted = target(self.parts.prediction, batch.latents, noise, batch.timesteps, self.table)
        error = self._error(model_pred, wanted, batch.timesteps)
        loss = losses.per_sample(error, batch.mask) * batch.weights
        return (loss * self._timestep_weights[batch.timesteps]).sum() / batch.total

    def _noise(self, batch: MicroBatch) -> Tensor:
        """The noise to predict, (B, C, h, w): the drawn one, shifted and scaled if asked."""
        noise = batch.noise
        if batch.shift is not None:
            assert batch.shift_strength is not None
            strength = batch.shift_strength
            if self.config.adaptive_noise_scale is not None:
                strength = noises.adaptive_strength(strength, batch.latents, self.config.adaptive_noise_scale)
            noise = noises.offset_noise(noise, batch.shift, strength)
        return noises.unit_variance(noise) if self.config.multires_noise_iterations else noise

    def _error(self, model_pred: Tensor, wanted: Tensor, timesteps: Tensor) -> Tensor:
        """The error of each element, (B, C, h, w)."""
        kind = self.config.loss_type
        if kind == "l2":
            return losses.squared(model_pred, wanted)
        if kind == "l1":
            return losses.absolute(model_pred, wanted)
        thresholds = self._huber_thresholds[timesteps]
        return losses.huber(model_pred, wanted, thresholds, is_smooth_l1=kind == "smooth_l1")

    @cached_property
    def _huber_thresholds(self) -> Tensor:
        config = self.config
        return losses.huber_thresholds(self.table, config.huber_schedule, config.huber_c, config.huber_scale)

    @cached_property
    def _timestep_weights(self) -> Tensor:
        """What a sample's loss weighs at each timestep, (T,)."""
        config, prediction, snr = self.config, self.parts.prediction, self.table.snr
        found = torch.ones_like(snr)
        if config.min_snr_gamma:
            found = weights.min_snr_weight(snr, config.min_snr_gamma, prediction)
        if config.scale_v_pred_loss_like_noise_pred:
            found = found * weights.like_noise_weight(snr)
        if config.v_pred_like_loss:
            found = found * weights.like_velocity_weight(snr, config.v_pred_like_loss)
        if config.debiased_estimation_loss:
            found = found * weights.debiased_weight(snr, prediction)
        return found
