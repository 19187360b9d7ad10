"""The frozen model's own prediction as the target: what an adapter is to leave as it was.

The base model is still there beneath its adapter, with the LoRAs of base_weights in it, so nothing is loaded
a second time: the adapter is switched off for one pass without gradients, in the text encoders too. That pass
draws nothing, since dropout is off in it, so the ordinary pass sees the same random numbers as without it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from core.adapters.network import Network
from core.config.schema.run import RunConfig
from core.config.schema.train import TrainConfig
from core.models.family import Family, Model, TextState
from core.train.device.engine import Engine
from core.train.inputs.batches import MicroBatch
from core.train.inputs.lending import eval_mode
from core.train.inputs.text_states import TextStates


@dataclass(frozen=True)
class Prior:
    """The predictions of the model without its adapter. text: its states of captions, always without it."""

    family: Family
    model: Model
    network: Network
    text: TextStates
    engine: Engine
    config: TrainConfig

    def targets(self, batch: MicroBatch, noisy: Tensor, target: Tensor) -> tuple[Tensor, Tensor | None]:
        """The target with the frozen model's prediction for regularization images, and outside the mask.

        noisy, target: (B, C, h, w). The second is None where nothing is outside a mask, or it has no weight.
        Source: OneTrainer's prior prediction and masked prior preservation.
        """
        rows = batch.regularizing
        if batch.mask is not None and self.config.masked_prior_weight:
            texts = self.states(batch.captions)
            every = self.predict(noisy, batch.timesteps, texts, batch.frames)
            picked = None if rows is None else rows.of(every)
        elif rows is not None:
            every, texts = None, self.states(batch.captions)
            texts = [texts[place] for place in rows.places]
            picked = self.predict(rows.of(noisy), rows.of(batch.timesteps), texts, rows.of(batch.frames))
        else:
            return target, None
        if rows is not None and picked is not None:
            target = target.index_copy(0, rows.index, picked.to(target.dtype))
        return target, every

    def states(self, captions: Sequence[str]) -> list[TextState]:
        """What the frozen text encoders make of captions."""
        with self._frozen():
            return self.text(captions)

    def predict(self, noisy: Tensor, timesteps: Tensor, texts: Sequence[TextState], frames: Tensor) -> Tensor:
        """What the frozen denoiser predicts, (B, C, h, w), without gradients."""
        with self._frozen(), self.engine.autocast():
            return self.family.predict(self.model, noisy, timesteps, texts, frames)

    @contextmanager
    def _frozen(self) -> Iterator[None]:
        with self.network.off(), eval_mode(self.model.of("denoiser", "text")), torch.no_grad():
            yield


def make(
    family: Family,
    model: Model,
    network: Network | None,
    text: TextStates,
    engine: Engine,
    config: RunConfig,
    load: Callable[[str], nn.Module],
) -> Prior | None:
    """The prior that a run asks for; None where it asks for none. text: the run's own states.

    Where the text encoders learn, the states of the frozen ones are kept apart from those.
    """
    if network is None or not config.train.has_prior:
        return None
    if text.is_trained:
        text = TextStates(family, model, config.model, engine, False, load)
    return Prior(family, model, network, text, engine, config.train)
