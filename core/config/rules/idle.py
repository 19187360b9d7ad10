"""Steps in which nothing would be trained, over the whole run: config -> problems."""

from __future__ import annotations

from collections.abc import Iterator

from core.catalog import Words
from core.config import optimizer_args
from core.config.optimizer_args import ArgumentFault
from core.config.rules import messages
from core.config.schema.option import steps_of
from core.config.schema.run import RunConfig
from core.errors import Problem


def something_is_trained(config: RunConfig) -> Iterator[Problem]:
    if not config.rates():
        yield messages.ALL_RATES_ZERO()


def something_is_trained_to_the_end(config: RunConfig) -> Iterator[Problem]:
    train, stop = config.train, config.text_stop
    if stop is None or [*config.rates()] != ["text"]:
        return
    if train.max_train_epochs is None:
        if steps_of(stop, train.max_train_steps) < train.max_train_steps:
            yield stops_early(steps_of(stop, train.max_train_steps), train.max_train_steps)
    elif isinstance(stop, float) and stop < 1:  # of epochs the steps are known when the data is planned
        yield stops_early(f"{100 * stop:g}%", "")


def stops_early(stop: int | str, total: int | str) -> Problem:
    """Said when only the text encoder learns, and not to the end. stop, total: steps, or a share and ""."""
    where = (
        Words(
            f"step {stop} of {total}",
            f"全{total}ステップのうち{stop}ステップ",
            f"共{total}步中的第{stop}步",
        )
        if total
        else Words(f"{stop} of the run", f"学習全体の{stop}", f"整个训练的{stop}")
    )
    return messages.STOPS_EARLY(stop=where)


def no_piece_of_the_schedule_is_idle(config: RunConfig) -> Iterator[Problem]:
    if config.optimizer.lr_scheduler != "piecewise_constant":
        return
    try:
        pieces, final = optimizer_args.pieces(optimizer_args.step_rules(config.optimizer) or "")
    except ArgumentFault:
        return  # said by a rule of its own
    if 0 in (final, *(factor for _, factor in pieces)):
        yield messages.SCHEDULE_FACTOR_ZERO()


def regularization_counts(config: RunConfig) -> Iterator[Problem]:
    data = config.dataset
    if data.prior_loss_weight == 0 and data.reg_data_dir:
        yield messages.REGULARIZATION_WEIGHT_ZERO()


RULES = (
    something_is_trained,
    something_is_trained_to_the_end,
    no_piece_of_the_schedule_is_idle,
    regularization_counts,
)
