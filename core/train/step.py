"""One micro-batch -> loss, in the field's words and order."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor

from core.config.schema import TrainConfig
from core.diffusion.loss import debiased_weight, min_snr_weight, per_sample
from core.diffusion.noise import add_noise, offset_noise
from core.diffusion.schedule import NoiseTable
from core.diffusion.target import target
from core.models.family import Components, Family
from core.train.batches import MicroBatch
from core.train.engine import Engine
from core.train.text import TextStates


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
        noise = batch.noise
        if batch.shift is not None:
            noise = offset_noise(noise, batch.shift, self.config.noise_offset)
        noisy_latents = add_noise(batch.latents, noise, batch.timesteps, self.table)
        encoder_hidden_states = self.text(batch.captions)
        with self.engine.autocast():
            model_pred = self.family.predict(
                self.parts, noisy_latents, batch.timesteps, encoder_hidden_states
            )
        wanted = target(self.parts.prediction, batch.latents, noise, batch.timesteps, self.table)
        loss = per_sample(model_pred, wanted) * batch.weights
        return (loss * self._snr_weights(batch.timesteps)).sum() / batch.total

    def _snr_weights(self, timesteps: Tensor) -> Tensor | float:
        config, prediction = self.config, self.parts.prediction
        weights: Tensor | float = 1.0
        if config.min_snr_gamma is not None:
            weights = min_snr_weight(self.table.snr[timesteps], config.min_snr_gamma, prediction) * weights
        if config.debiased_estimation_loss:
            weights = debiased_weight(self.table.snr[timesteps], prediction) * weights
        return weights
