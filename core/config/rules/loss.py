"""What options of noise and loss must not be together, one small function each: config -> problems."""

from __future__ import annotations

from collections.abc import Iterator

from core.catalog import Words
from core.config.rules import messages
from core.config.schema.run import RunConfig
from core.config.schema.train import TrainConfig
from core.errors import Problem


def timesteps_have_room(config: RunConfig) -> Iterator[Problem]:
    low, high = config.train.min_timestep, config.train.max_timestep
    if low > high:
        yield messages.TIMESTEPS_EMPTY(high=high, low=low)


def adaptive_noise_has_an_offset(config: RunConfig) -> Iterator[Problem]:
    train = config.train
    if train.adaptive_noise_scale is not None and not train.noise_offset:
        yield messages.ADAPTIVE_WITHOUT_OFFSET()


def known_predictions_fit(config: RunConfig) -> Iterator[Problem]:
    """What the model file itself tells is looked at when it has been loaded."""
    if config.model.prediction != "auto":
        yield from misfits(config.train, config.model.prediction)


def misfits(train: TrainConfig, prediction: str) -> Iterator[Problem]:
    """Options that are for models of another prediction type. prediction: what the model predicts."""
    noise = Words("epsilon (the noise)", "epsilon（ノイズ）")
    name = noise if prediction == "epsilon" else Words(prediction, prediction)
    if train.scale_v_pred_loss_like_noise_pred and prediction != "v":
        yield messages.FOR_V_ONLY(prediction=name)
    if train.v_pred_like_loss and prediction != "epsilon":
        yield messages.FOR_EPSILON_ONLY(prediction=name)
    if train.zero_terminal_snr and prediction == "epsilon":
        yield messages.ZERO_SNR_WITH_EPSILON()


RULES = (
    timesteps_have_room,
    adaptive_noise_has_an_offset,
    known_predictions_fit,
)
