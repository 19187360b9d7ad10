"""What options of the optimizer, its rate and its schedule must not be together: config -> problems."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from core.catalog import OPTIMIZERS, Words
from core.config import messages as config_messages
from core.config import optimizer_args
from core.config.optimizer_args import ArgumentFault
from core.config.rules import messages, usual_rates
from core.config.schema.option import steps_of
from core.config.schema.run import RunConfig
from core.errors import Problem

STEADY = ("constant", "constant_with_warmup")


def arguments_are_understood(config: RunConfig) -> Iterator[Problem]:
    optimizer = config.optimizer
    try:
        optimizer_args.parse(optimizer.optimizer_args)
    except ArgumentFault as e:
        yield replace(e.problem, key="optimizer.optimizer_args")
    if optimizer.lr_scheduler != "piecewise_constant":
        return
    try:
        rules = optimizer_args.step_rules(optimizer)
        if rules is None:
            raise ArgumentFault(config_messages.STEP_RULES_NEEDED())
        optimizer_args.pieces(rules)
    except ArgumentFault as e:
        yield replace(e.problem, key="optimizer.lr_scheduler_args")


def found_rates_start_at_one(config: RunConfig) -> Iterator[Problem]:
    name = config.optimizer.optimizer_type
    if not OPTIMIZERS[name].finds_rate:
        return
    rates = usual_rates.in_use(config)
    key, rate = next(iter(rates.items()), ("", 1.0))
    if rate <= 0.1:
        yield messages.FACTOR_TOO_LOW(key=key, optimizer=name, rate=rate)
    own = ("loraplus_lr_ratio", "loraplus_unet_lr_ratio", "loraplus_text_encoder_lr_ratio",
           "down_lr_weight", "mid_lr_weight", "up_lr_weight")  # fmt: skip
    for factor in own if config.network.method != "none" else ():
        if getattr(config.network, factor) is not None:
            yield messages.RATE_FACTOR_UNUSED(key=f"network.{factor}", optimizer=name)
    if config.network.method == "none" and config.train.block_lr is not None:
        yield messages.RATE_FACTOR_UNUSED(key="train.block_lr", optimizer=name)
    if len(set(rates.values())) > 1:
        yield messages.ONE_RATE(optimizer=name, rate=rate)


_TRAINED = {
    (True, "denoiser"): Words("LoRA", "LoRA"),
    (False, "denoiser"): Words("the whole model", "モデル全体"),
    (True, "text"): Words("a text encoder's LoRA", "Text EncoderのLoRA"),
    (False, "text"): Words("a text encoder", "Text Encoder"),
}
"""Whether a LoRA is trained, and for which part."""


def rates_are_usual(config: RunConfig) -> Iterator[Problem]:
    name = config.optimizer.optimizer_type
    for key, rate in usual_rates.in_use(config).items():
        role = usual_rates.role_of(key)
        usual = usual_rates.of_run(config, role)
        if usual is None:
            return
        facts: dict[str, Any] = {
            "rate": usual_rates.shown(rate),
            "trained": _TRAINED[config.network.method != "none", role],
            "optimizer": name,
            "usual": usual.words,
        }
        if usual.is_far_above(rate):
            yield messages.RATE_TOO_HIGH(key=key, **facts)
        elif usual.is_far_below(rate) and not OPTIMIZERS[name].finds_rate:  # of these it is said above
            yield messages.RATE_TOO_LOW(key=key, **facts)


def adafactor_makes_its_own_schedule(config: RunConfig) -> Iterator[Problem]:
    optimizer = config.optimizer
    try:
        is_relative = optimizer_args.relative_step(optimizer)
    except ArgumentFault:
        return  # said above
    if is_relative:
        if optimizer.lr_scheduler != "adafactor":
            yield messages.ADAFACTOR_SCHEDULE()
    elif optimizer.lr_scheduler == "adafactor":
        yield messages.ADAFACTOR_SCHEDULE_ONLY(optimizer=optimizer.optimizer_type)


def schedule_free_needs_no_schedule(config: RunConfig) -> Iterator[Problem]:
    optimizer = config.optimizer
    if not OPTIMIZERS[optimizer.optimizer_type].is_schedule_free:
        return
    if optimizer.lr_scheduler not in STEADY:
        yield messages.SCHEDULE_FREE(optimizer=optimizer.optimizer_type)
    if config.train.ema_decay is not None:
        yield messages.EMA_TWICE(optimizer=optimizer.optimizer_type)


def schedules_have_what_they_need(config: RunConfig) -> Iterator[Problem]:
    optimizer = config.optimizer
    if optimizer.lr_scheduler == "cosine_with_min_lr" and optimizer.lr_scheduler_min_lr_ratio is None:
        yield messages.MIN_RATE_NEEDED()
    if optimizer.lr_scheduler == "warmup_stable_decay" and not optimizer.lr_decay_steps:
        yield messages.DECAY_NEEDED()


def warmup_fits(config: RunConfig) -> Iterator[Problem]:
    given, optimizer = config.train.max_train_steps, config.optimizer
    is_known = config.train.max_train_epochs is None
    # Shares of the run fit or not whatever its length is.
    steps = given if is_known else 10**9
    warmup = steps_of(optimizer.lr_warmup_steps, steps)
    decays = optimizer.lr_scheduler == "warmup_stable_decay"
    if decays and warmup + steps_of(optimizer.lr_decay_steps, steps) > steps:
        yield messages.WARMUP_AND_DECAY()
    elif warmup >= steps:
        yield messages.WARMUP_TOO_LONG(warmup=optimizer.lr_warmup_steps)


def updates_in_the_backward_pass_are_possible(config: RunConfig) -> Iterator[Problem]:
    if not config.steps_in_backward:
        return
    train, name = config.train, config.optimizer.optimizer_type
    if train.gradient_accumulation_steps > 1:
        yield messages.FUSED_ACCUMULATION(steps=train.gradient_accumulation_steps)
    if train.precision.endswith("fp16"):
        yield messages.FUSED_FP16(precision=train.precision, other=train.precision.replace("fp16", "bf16"))
    if OPTIMIZERS[name].is_joint:
        yield messages.FUSED_OPTIMIZER(optimizer=name)


RULES = (
    arguments_are_understood,
    found_rates_start_at_one,
    rates_are_usual,
    adafactor_makes_its_own_schedule,
    schedule_free_needs_no_schedule,
    schedules_have_what_they_need,
    warmup_fits,
    updates_in_the_backward_pass_are_possible,
)
