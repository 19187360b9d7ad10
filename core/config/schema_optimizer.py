"""Declarations of [optimizer]: the optimizer and its learning rate schedule."""

from __future__ import annotations

from typing import ClassVar, Literal

from core import catalog
from core.config.option import Lines, Section, opt


class OptimizerConfig(Section):
    """[optimizer]: the optimizer and its learning rate schedule."""

    TAB: ClassVar[str] = "training"
    optimizer_type: Literal["AdamW", "AdamW8bit", "Lion8bit", "SGDNesterov"] = opt(
        "AdamW",
        ("Optimizer", "オプティマイザー"),
        ("AdamW8bit needs a quarter of AdamW's memory.", "AdamW8bitはAdamWの約4分の1のメモリで済みます。"),
        choices=catalog.OPTIMIZERS,
        sd_scripts="optimizer_type use_8bit_adam",
    )
    optimizer_args: Lines = opt(
        (),
        ("Optimizer arguments", "オプティマイザーの引数"),
        ('Such as ["weight_decay=0.01", "betas=0.9,0.999"].', '例：["weight_decay=0.01", "betas=0.9,0.999"]'),
        level="expert",
        sd_scripts="optimizer_args",
    )
    lr_scheduler: Literal[
        "constant", "constant_with_warmup", "linear", "cosine", "cosine_with_restarts", "polynomial"
    ] = opt(
        "constant",
        ("Learning rate schedule", "学習率スケジューラ"),
        ("How the learning rate changes over the run.", "学習中の学習率の変え方。"),
        choices=catalog.SCHEDULES,
        sd_scripts="lr_scheduler",
    )
    lr_warmup_steps: int = opt(
        0,
        ("Warm-up steps", "ウォームアップのステップ数"),
        (
            "The learning rate rises from 0 over this many steps.",
            "このステップ数をかけて学習率を0から上げます。",
        ),
        sd_scripts="lr_warmup_steps",
        ge=0,
    )
    lr_scheduler_num_cycles: int = opt(
        1,
        ("Cycles", "再開の回数"),
        ("For cosine_with_restarts.", "cosine_with_restartsで使います。"),
        level="expert",
        sd_scripts="lr_scheduler_num_cycles",
        ge=1,
    )
    lr_scheduler_power: float = opt(
        1.0,
        ("Power", "次数"),
        ("For polynomial.", "polynomialで使います。"),
        level="expert",
        sd_scripts="lr_scheduler_power",
        gt=0,
    )
