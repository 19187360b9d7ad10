"""Declarations of [optimizer]: the optimizer and its learning rate schedule."""

from __future__ import annotations

from typing import Annotated, ClassVar

from pydantic import BeforeValidator

from core import catalog
from core.config.schema.option import MOST, Choice, Count, Lines, Section, Share, StepsOrShare, opt


class OptimizerConfig(Section):
    """[optimizer]: the optimizer and its learning rate schedule."""

    TAB: ClassVar[str] = "training"
    optimizer_type: Annotated[str, Choice(catalog.OPTIMIZERS), BeforeValidator(catalog.optimizer_name)] = opt(
        "AdamW",
        ("Optimizer", "オプティマイザー"),
        (
            "AdamW8bit needs a quarter of AdamW's memory; D-Adaptation and Prodigy find the learning rate themselves.",
            "AdamW8bitはAdamWの約4分の1のメモリで済みます。D-AdaptationとProdigyは学習率を自動で決めます。",
        ),
        level="advanced",
        sd_scripts="optimizer_type use_8bit_adam use_lion_optimizer",
    )
    optimizer_args: Lines = opt(
        (),
        ("Optimizer arguments", "オプティマイザーの引数"),
        (
            'One name=value per line, such as weight_decay=0.01, or a list: ["weight_decay=0.01", "betas=0.9,0.999"].',
            '「weight_decay=0.01」のように1行に1つ、またはリスト：["weight_decay=0.01", "betas=0.9,0.999"]。',
        ),
        level="expert",
    )
    lr_scheduler: Annotated[str, Choice(catalog.SCHEDULES)] = opt(
        "constant",
        ("Learning rate schedule", "学習率スケジューラー"),
        ("How the learning rate changes over the run.", "学習中の学習率の変え方。"),
        level="advanced",
    )
    lr_warmup_steps: StepsOrShare = opt(
        0,
        ("Warm-up steps", "ウォームアップステップ数"),
        (
            "The learning rate rises from 0 over this many steps. 10% or 0.1: over this share of the run.",
            "このステップ数をかけて学習率を0から上げます。10%や0.1と書くと、学習全体に対する割合です。",
        ),
        level="advanced",
        ge=0,
        le=MOST,
    )
    lr_decay_steps: StepsOrShare = opt(
        0,
        ("Decay steps", "減衰ステップ数"),
        (
            "For warmup_stable_decay: how long the rate falls at the end, in steps or as a share such as 10%.",
            "warmup_stable_decayで、最後に学習率を下げるステップ数。10%のように割合でも書けます。",
        ),
        level="expert",
        needs="optimizer.lr_scheduler=warmup_stable_decay",
        ge=0,
        le=MOST,
    )
    lr_scheduler_num_cycles: Count = opt(
        1,
        ("Schedule cycles", "サイクル数"),
        (
            "For cosine_with_restarts: the number of cycles; also for cosine_with_min_lr and warmup_stable_decay.",
            "cosine_with_restartsで学習率を下げる回数。cosine_with_min_lrとwarmup_stable_decayでも使います。",
        ),
        level="expert",
        needs="optimizer.lr_scheduler=cosine_with_restarts,cosine_with_min_lr,warmup_stable_decay",
    )
    lr_scheduler_power: float = opt(
        1.0,
        ("Power of the polynomial", "多項式の次数"),
        ("For polynomial. 1: linear decay.", "polynomialで使います。1なら直線的に下がります。"),
        level="expert",
        needs="optimizer.lr_scheduler=polynomial",
        gt=0,
    )
    lr_scheduler_timescale: Count | None = opt(
        None,
        ("Timescale of the inverse square root", "逆平方根のタイムスケール"),
        (
            "For inverse_sqrt, in steps. Empty: the warm-up steps, or 10000 without a warm-up.",
            "inverse_sqrtで使うステップ数。空欄ならウォームアップステップ数、それもなければ10000です。",
        ),
        level="expert",
        needs="optimizer.lr_scheduler=inverse_sqrt",
    )
    lr_scheduler_min_lr_ratio: Share | None = opt(
        None,
        ("Lowest learning rate (share)", "学習率の下限（比率）"),
        (
            "For cosine_with_min_lr and warmup_stable_decay: the final rate, as a share of the learning rate.",
            "cosine_with_min_lrとwarmup_stable_decayで、下げ終わりの学習率を、元の学習率に対する比率で指定します。",
        ),
        level="expert",
        needs="optimizer.lr_scheduler=warmup_stable_decay,cosine_with_min_lr",
    )
    lr_scheduler_args: Lines = opt(
        (),
        ("Schedule arguments", "スケジューラーの引数"),
        (
            "For piecewise_constant: step_rules=1:100,0.5:200,0.1 (factor:up to which step, ..., factor).",
            "piecewise_constant用：step_rules=1:100,0.5:200,0.1（倍率:終わりのステップ, …, 最後の倍率）。",
        ),
        level="expert",
        needs="optimizer.lr_scheduler=piecewise_constant",
    )
