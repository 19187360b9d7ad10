"""What options of the optimizer, its rate and its schedule must not be together: config -> problems."""

from __future__ import annotations

from collections.abc import Iterator

from core.catalog import OPTIMIZERS, Words
from core.config import optimizer_args
from core.config.optimizer_args import ArgumentFault
from core.config.rules import usual_rates
from core.config.schema.option import steps_of
from core.config.schema.run import RunConfig
from core.errors import Problem, plain_problem

STEADY = ("constant", "constant_with_warmup")


def arguments_are_understood(config: RunConfig) -> Iterator[Problem]:
    optimizer = config.optimizer
    try:
        optimizer_args.parse(optimizer.optimizer_args)
    except ArgumentFault as e:
        yield plain_problem("E-OPT-ARGS", f"{e.en}.", f"{e.ja}。", key="optimizer.optimizer_args")
    if optimizer.lr_scheduler != "piecewise_constant":
        return
    try:
        rules = optimizer_args.step_rules(optimizer)
        if rules is None:
            raise ArgumentFault(
                "piecewise_constant needs its pieces, such as step_rules=1:100,0.5:200,0.1",
                "piecewise_constantには区間の指定が必要です（例：step_rules=1:100,0.5:200,0.1）",
            )
        optimizer_args.pieces(rules)
    except ArgumentFault as e:
        yield plain_problem("E-OPT-ARGS", f"{e.en}.", f"{e.ja}。", key="optimizer.lr_scheduler_args")


def found_rates_start_at_one(config: RunConfig) -> Iterator[Problem]:
    name = config.optimizer.optimizer_type
    if not OPTIMIZERS[name].finds_rate:
        return
    rates = usual_rates.in_use(config)
    key, rate = next(iter(rates.items()), ("", 1.0))
    if rate <= 0.1:
        yield plain_problem(
            "W-OPT-RATE",
            f"{name} finds the learning rate itself and takes this as a factor of it: 1 is usual, "
            f"{rate:g} is too low.",
            f"{name}は学習率を自動で決め、この値はその倍率になります。{rate:g}は低すぎます（通常は1）。",
            key=key,
        )
    own = ("loraplus_lr_ratio", "loraplus_unet_lr_ratio", "loraplus_text_encoder_lr_ratio",
           "down_lr_weight", "mid_lr_weight", "up_lr_weight")  # fmt: skip
    for factor in own if config.network.method != "none" else ():
        if getattr(config.network, factor) is not None:
            yield plain_problem(
                "W-OPT-ONE-RATE",
                f"has no effect: {name} has one learning rate for everything.",
                f"{name}の学習率は全体で1つなので使われません。",
                key=f"network.{factor}",
            )
    if len(set(rates.values())) > 1:
        yield plain_problem(
            "W-OPT-ONE-RATE",
            f"{name} has one learning rate for all parts: {rate:g}, the U-Net's, is used for the text "
            "encoder too.",
            f"{name}の学習率は全体で1つです。Text EncoderにもU-Netの{rate:g}を使います。",
            key="train.text_encoder_lr",
        )


def rates_are_usual(config: RunConfig) -> Iterator[Problem]:
    usual = usual_rates.of_run(config)
    if usual is None:
        return
    name, words = config.optimizer.optimizer_type, usual.words
    kind = (
        Words("LoRA", "LoRA") if config.network.method != "none" else Words("the whole model", "モデル全体")
    )
    for key, rate in usual_rates.in_use(config).items():
        given = usual_rates.shown(rate)
        if usual.is_far_above(rate):
            yield plain_problem(
                "W-OPT-RATE",
                f"{given} is far too high: for {kind.en} with {name}, {words.en} is usual. "
                "Training will most likely fail.",
                f"{given}は高すぎます。{kind.ja}を{name}で学習する場合の目安は{words.ja}です。"
                "このままでは学習に失敗する可能性が高くなります。",
                key=key,
            )
        elif usual.is_far_below(rate) and not OPTIMIZERS[name].finds_rate:  # of these it is said above
            yield plain_problem(
                "W-OPT-RATE",
                f"{given} is very low: for {kind.en} with {name}, {words.en} is usual. "
                "The training will hardly change anything.",
                f"{given}は低すぎます。{kind.ja}を{name}で学習する場合の目安は{words.ja}です。"
                "このままではほとんど学習が進みません。",
                key=key,
            )


def adafactor_makes_its_own_schedule(config: RunConfig) -> Iterator[Problem]:
    optimizer = config.optimizer
    try:
        is_relative = optimizer_args.relative_step(optimizer)
    except ArgumentFault:
        return  # said above
    if is_relative:
        if optimizer.lr_scheduler != "adafactor":
            yield plain_problem(
                "W-CFG-READ-AS",
                "Adafactor makes its own steps, so the schedule is adafactor, without learning_rate and "
                "lr_warmup_steps; to set these give relative_step=False in optimizer_args.",
                "Adafactorは学習率を自分で決めるため、スケジューラはadafactorになり、learning_rateと"
                "lr_warmup_stepsは使われません。指定する場合はoptimizer_argsにrelative_step=Falseを加えてください。",
                key="optimizer.lr_scheduler",
            )
    elif optimizer.lr_scheduler == "adafactor":
        yield plain_problem(
            "E-CFG-TOGETHER",
            f"this schedule is Adafactor's own (with relative_step), not for {optimizer.optimizer_type} as "
            "set; choose constant or another one.",
            f"このスケジューラはrelative_stepのAdafactor専用で、現在の{optimizer.optimizer_type}では使えません。"
            "constantなどを選んでください。",
            key="optimizer.lr_scheduler",
        )


def schedule_free_needs_no_schedule(config: RunConfig) -> Iterator[Problem]:
    optimizer = config.optimizer
    if not OPTIMIZERS[optimizer.optimizer_type].is_schedule_free:
        return
    if optimizer.lr_scheduler not in STEADY:
        yield plain_problem(
            "E-CFG-TOGETHER",
            f"{optimizer.optimizer_type} averages the weights instead of lowering the rate; choose constant.",
            f"{optimizer.optimizer_type}は学習率を下げる代わりに重みを平均します。constantを選んでください。",
            key="optimizer.lr_scheduler",
        )
    if config.train.ema_decay is not None:
        yield plain_problem(
            "E-CFG-TOGETHER",
            f"{optimizer.optimizer_type} averages the weights already; leave ema_decay empty.",
            f"{optimizer.optimizer_type}は重みの平均をすでに行います。ema_decayを空欄にしてください。",
            key="train.ema_decay",
        )


def schedules_have_what_they_need(config: RunConfig) -> Iterator[Problem]:
    optimizer = config.optimizer
    if optimizer.lr_scheduler == "cosine_with_min_lr" and optimizer.lr_scheduler_min_lr_ratio is None:
        yield plain_problem(
            "E-CFG-NEEDED",
            "cosine_with_min_lr needs the least rate as a share of the rate, such as 0.1.",
            "cosine_with_min_lrには学習率の下限の比率が必要です（例：0.1）。",
            key="optimizer.lr_scheduler_min_lr_ratio",
        )
    if optimizer.lr_scheduler == "warmup_stable_decay" and not optimizer.lr_decay_steps:
        yield plain_problem(
            "W-CFG-DECAY",
            "without a length, such as 20%, warmup_stable_decay never lowers the rate.",
            "長さ（例：20%）を指定しないと、warmup_stable_decayでも学習率は下がりません。",
            key="optimizer.lr_decay_steps",
        )


def warmup_fits(config: RunConfig) -> Iterator[Problem]:
    given, optimizer = config.train.max_train_steps, config.optimizer
    is_known = config.train.max_train_epochs is None
    # Shares of the run fit or not whatever its length is.
    steps = given if is_known else 10**9
    warmup = steps_of(optimizer.lr_warmup_steps, steps)
    decays = optimizer.lr_scheduler == "warmup_stable_decay"
    if decays and warmup + steps_of(optimizer.lr_decay_steps, steps) > steps:
        yield plain_problem(
            "E-CFG-RANGE",
            "warm-up and decay together are longer than the run; shorten one of them.",
            "ウォームアップと減衰の合計が学習全体より長くなっています。どちらかを短くしてください。",
            key="optimizer.lr_decay_steps",
        )
    elif warmup >= steps:
        yield plain_problem(
            "W-CFG-WARMUP",
            f"the warm-up ({optimizer.lr_warmup_steps}) is as long as the run; the rate never gets there.",
            f"ウォームアップ（{optimizer.lr_warmup_steps}）が学習全体以上のため、学習率は設定値に達しません。",
            key="optimizer.lr_warmup_steps",
        )


RULES = (
    arguments_are_understood,
    found_rates_start_at_one,
    rates_are_usual,
    adafactor_makes_its_own_schedule,
    schedule_free_needs_no_schedule,
    schedules_have_what_they_need,
    warmup_fits,
)
