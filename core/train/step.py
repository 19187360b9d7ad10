"""One micro-batch -> loss, in the field's words and order."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from core.config.schema.train import TrainConfig
from core.diffusion import loss as losses
from core.diffusion import noise as noises
from core.diffusion import weights
from core.models.family import Family, Model
from core.train.device.engine import Engine
from core.train.inputs.batches import MicroBatch
from core.train.inputs.text_states import TextStates


@dataclass(frozen=True)
class BatchLoss:
    """What a step needs to know beside its batch."""

    family: Family
    model: Model
    text: TextStates
    engine: Engine
    config: TrainConfig

    def __call__(self, batch: MicroBatch) -> Tensor:
        """This process's share of the mean loss over the samples of all processes; a 0-dim tensor.

        Nothing here makes the host wait for the device.
        """
        objective, timesteps = self.model.objective, batch.timesteps
        noise = self._noise(batch)
        seen = noise if batch.perturbation is None else noise + batch.perturbation
        noisy = objective.noisy(batch.latents, seen, timesteps)
        texts = self.text(batch.captions)
        with self.engine.autocast():
            pred = self.family.predict(self.model, noisy, timesteps, texts, batch.frames)
        error = self._error(pred, objective.target(batch.latents, noise, timesteps), timesteps)
        loss = losses.per_sample(error, batch.mask) * batch.weights
        if self._is_weighted:
            loss = loss * self._timestep_weights(timesteps)
        return loss.sum() / batch.total

    @property
    def _is_weighted(self) -> bool:
        """Whether the loss depends on the timestep; else nothing is computed for it."""
        c = self.config
        of_snr = (c.min_snr_gamma, c.scale_v_pred_loss_like_noise_pred, c.v_pred_like_loss)
        return any((*of_snr, c.debiased_estimation_loss))

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

    def _error(self, pred: Tensor, target: Tensor, timesteps: Tensor) -> Tensor:
        """The error of each element, (B, C, h, w)."""
        config = self.config
        if config.loss_type == "l2":
            return losses.squared(pred, target)
        if config.loss_type == "l1":
            return losses.absolute(pred, target)
        thresholds = losses.huber_thresholds(
            self.model.objective, timesteps, config.huber_schedule, config.huber_c, config.huber_scale
        )
        return losses.huber(pred, target, thresholds, is_smooth_l1=config.loss_type == "smooth_l1")

    def _timestep_weights(self, timesteps: Tensor) -> Tensor:
        """What each sample's loss weighs by its timestep, (B,)."""
        config, prediction = self.config, self.model.objective.name
        snr = self.model.objective.snr(timesteps)
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
