"""One micro-batch -> loss, in the field's words and order."""

from __future__ import annotations

from collections.abc import Sequence
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
from core.train.prior import Prior


@dataclass(frozen=True)
class BatchLoss:
    """What a step needs to know beside its batch."""

    family: Family
    model: Model
    text: TextStates
    engine: Engine
    config: TrainConfig
    prior: Prior | None = None

    def __call__(self, batch: MicroBatch) -> Tensor:
        """This process's share of the mean loss over the samples of all processes; a 0-dim tensor.

        Nothing here makes the host wait for the device.
        """
        timesteps, noise = batch.timesteps, self._noise(batch)
        noisy, outside = self._noisy(batch, noise), None
        target = self.model.objective.target(batch.latents, noise, timesteps)
        if self.prior is not None:
            target, outside = self.prior.targets(batch, noisy, target)
        pred = self._predict(noisy, timesteps, batch.captions, batch.frames)
        loss = losses.per_sample(self._error(pred, target, timesteps), batch.mask)
        if outside is not None:
            assert batch.mask is not None
            beyond = losses.per_sample(self._error(pred, outside, timesteps), 1 - batch.mask)
            loss = loss + beyond * self.config.masked_prior_weight
        return self._summed(loss * batch.weights, timesteps, batch.total)

    def of_classes(self, batch: MicroBatch) -> Tensor | None:
        """How far the adapter moves what the class gives, on the same noisy latents; None for no sample.

        As __call__ it is a share of a mean over the samples of all processes, and a pass of its own, so that
        its activations are not held beside the other's. Source: ai-toolkit's differential output
        preservation, which takes the squared error whatever the timestep; here it is measured and weighted as
        the loss of a regularization image would be.
        """
        rows = batch.classes
        if rows is None or self.prior is None:
            return None
        noisy, timesteps = rows.of(self._noisy(batch, self._noise(batch))), rows.of(batch.timesteps)
        frames = rows.of(batch.frames)
        frozen = self.prior.predict(noisy, timesteps, self.prior.states(batch.class_captions), frames)
        pred = self._predict(noisy, timesteps, batch.class_captions, frames)
        loss = losses.per_sample(self._error(pred, frozen, timesteps)) * self.config.class_prior_weight
        return self._summed(loss, timesteps, batch.total)

    def _noisy(self, batch: MicroBatch, noise: Tensor) -> Tensor:
        """What the denoiser sees, (B, C, h, w)."""
        seen = noise if batch.perturbation is None else noise + batch.perturbation
        return self.model.objective.noisy(batch.latents, seen, batch.timesteps)

    def _predict(self, noisy: Tensor, timesteps: Tensor, captions: Sequence[str], frames: Tensor) -> Tensor:
        texts = self.text(captions)
        with self.engine.autocast():
            return self.family.predict(self.model, noisy, timesteps, texts, frames)

    def _summed(self, loss: Tensor, timesteps: Tensor, total: int) -> Tensor:
        """The losses of samples, weighted by their timesteps, as a share of the mean over so many."""
        if self._is_weighted:
            loss = loss * self._timestep_weights(timesteps)
        return loss.sum() / total

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
