"""What options of noise and loss must not be together, one small function each: config -> problems."""

from __future__ import annotations

from collections.abc import Iterator

from core.config.schema.run import RunConfig
from core.config.schema.train import TrainConfig
from core.errors import Problem, plain_problem


def timesteps_have_room(config: RunConfig) -> Iterator[Problem]:
    low, high = config.train.min_timestep, config.train.max_timestep
    if low > high:
        yield plain_problem(
            "E-CFG-RANGE",
            f"must not be above max_timestep ({high}), found {low}.",
            f"max_timestep（{high}）以下にしてください（値：{low}）。",
            key="train.min_timestep",
        )


def adaptive_noise_has_an_offset(config: RunConfig) -> Iterator[Problem]:
    train = config.train
    if train.adaptive_noise_scale is not None and not train.noise_offset:
        yield plain_problem(
            "E-CFG-TOGETHER",
            "needs a noise_offset to add to; set train.noise_offset above 0, or leave this out.",
            "noise_offsetに加算する値です。train.noise_offsetを0より大きくするか、この指定を外してください。",
            key="train.adaptive_noise_scale",
        )


def known_predictions_fit(config: RunConfig) -> Iterator[Problem]:
    """What the model file itself tells is looked at when it has been loaded."""
    if config.model.prediction != "auto":
        yield from misfits(config.train, config.model.prediction)


def misfits(train: TrainConfig, prediction: str) -> Iterator[Problem]:
    """Options that are for models of the other prediction type. prediction: "epsilon" or "v"."""
    if train.scale_v_pred_loss_like_noise_pred and prediction != "v":
        yield plain_problem(
            "E-CFG-TOGETHER",
            "is for models that predict v, and this one predicts epsilon (the noise); turn it off.",
            "v予測モデル専用です。このモデルはepsilon（ノイズ）を予測するため、オフにしてください。",
            key="train.scale_v_pred_loss_like_noise_pred",
        )
    if train.v_pred_like_loss and prediction != "epsilon":
        yield plain_problem(
            "E-CFG-TOGETHER",
            "is for models that predict epsilon (the noise), and this one predicts v; set it to 0.",
            "epsilon（ノイズ）を予測するモデル専用です。このモデルはvを予測するため、0にしてください。",
            key="train.v_pred_like_loss",
        )
    if train.zero_terminal_snr and prediction != "v":
        yield plain_problem(
            "W-CFG-ZERO-SNR",
            "zero_terminal_snr is meant for models that predict v; from pure noise, one that predicts the "
            "noise learns nothing.",
            "zero_terminal_snrはv予測モデル向けです。ノイズを予測するモデルは、完全なノイズからは何も学べません。",
            key="train.zero_terminal_snr",
        )


RULES = (
    timesteps_have_room,
    adaptive_noise_has_an_offset,
    known_predictions_fit,
)
