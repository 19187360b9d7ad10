"""Steps in which nothing would be trained, over the whole run: config -> problems."""

from __future__ import annotations

from collections.abc import Iterator

from core.config import optimizer_args
from core.config.optimizer_args import ArgumentFault
from core.config.schema.option import steps_of
from core.config.schema.run import RunConfig
from core.errors import Problem, plain_problem

STOP = "train.stop_text_encoder_training"


def something_is_trained(config: RunConfig) -> Iterator[Problem]:
    if not config.train.rates():
        yield plain_problem(
            "E-CFG-TOGETHER",
            "every learning rate is 0, so nothing would be trained; raise one.",
            "学習率がすべて0のため何も学習されません。いずれかを0より大きくしてください。",
            key="train.learning_rate",
        )


def something_is_trained_to_the_end(config: RunConfig) -> Iterator[Problem]:
    train = config.train
    stop = train.stop_text_encoder_training
    if stop is None or [*train.rates()] != ["text_encoder"]:
        return
    if train.max_train_epochs is None:
        if steps_of(stop, train.max_train_steps) < train.max_train_steps:
            yield stops_early(steps_of(stop, train.max_train_steps), train.max_train_steps)
    elif isinstance(stop, float) and stop < 1:  # of epochs the steps are known when the data is planned
        yield stops_early(f"{100 * stop:g}%", "")


def stops_early(stop: int | str, total: int | str) -> Problem:
    """Said when only the text encoder learns, and not to the end. stop, total: steps, or a share and ""."""
    en = f"step {stop} of {total}" if total else f"{stop} of the run"
    ja = f"全{total}ステップのうち{stop}ステップ" if total else f"学習全体の{stop}"
    return plain_problem(
        "E-CFG-TOGETHER",
        f"only the text encoder is trained and it stops at {en}, so nothing would be trained after that; "
        "leave this empty, shorten the run, or train the U-Net too.",
        f"Text Encoderだけを学習する設定で、{ja}で止まるため、それ以降は何も学習されません。空欄にするか、"
        "学習を短くするか、U-Netも学習してください。",
        key=STOP,
    )


def no_piece_of_the_schedule_is_idle(config: RunConfig) -> Iterator[Problem]:
    if config.optimizer.lr_scheduler != "piecewise_constant":
        return
    try:
        pieces, final = optimizer_args.pieces(optimizer_args.step_rules(config.optimizer) or "")
    except ArgumentFault:
        return  # said by a rule of its own
    if 0 in (final, *(factor for _, factor in pieces)):
        yield plain_problem(
            "W-TRAIN-IDLE",
            "a factor of 0 makes the learning rate 0, so nothing is trained in these steps.",
            "倍率が0の区間では学習率が0になり、何も学習されません。",
            key="optimizer.lr_scheduler_args",
        )


def regularization_counts(config: RunConfig) -> Iterator[Problem]:
    data = config.dataset
    if data.prior_loss_weight == 0 and data.reg_data_dir:
        yield plain_problem(
            "W-TRAIN-IDLE",
            "0 means that the regularization images teach nothing, although they take half of the training; "
            "leave reg_data_dir empty, or use 1.",
            "0では正則化画像が学習に影響しないまま、学習の半分を占めます。"
            "reg_data_dirを空欄にするか、1.0にしてください。",
            key="dataset.prior_loss_weight",
        )


RULES = (
    something_is_trained,
    something_is_trained_to_the_end,
    no_piece_of_the_schedule_is_idle,
    regularization_counts,
)
