"""Declarations of [train] and [optimizer]: how long, how strongly and by which rule."""

from __future__ import annotations

from typing import ClassVar, Literal

from core import catalog
from core.config.option import Lines, Section, opt


class TrainConfig(Section):
    """[train]: how long and how strongly."""

    TAB: ClassVar[str] = "training"
    max_train_steps: int = opt(
        1600,
        ("Steps", "学習ステップ数"),
        ("Optimizer steps.", "オプティマイザーの更新回数。"),
        sd_scripts="max_train_steps",
        ge=1,
        may_change_on_resume=True,
    )
    max_train_epochs: int | None = opt(
        None,
        ("Epochs", "エポック数"),
        ("Wins over the number of steps when set.", "指定すると学習ステップ数より優先されます。"),
        sd_scripts="max_train_epochs",
        ge=1,
        may_change_on_resume=True,
    )
    learning_rate: float = opt(
        2e-6,
        ("Learning rate", "学習率"),
        (
            "1e-6 is usual for the whole model, 1e-4 for LoRA.",
            "モデル全体では1e-6、LoRAでは1e-4程度が目安です。",
        ),
        sd_scripts="learning_rate",
        ge=0,
    )
    unet_lr: float | None = opt(
        None,
        ("Learning rate of the U-Net", "U-Netの学習率"),
        (
            "Empty: the learning rate. 0: the U-Net is not trained.",
            "空欄なら学習率と同じ。0ならU-Netを学習しません。",
        ),
        level="advanced",
        sd_scripts="unet_lr",
        ge=0,
    )
    text_encoder_lr: float | None = opt(
        None,
        ("Learning rate of the text encoder", "Text Encoderの学習率"),
        (
            "Empty: the learning rate. 0: the text encoder is not trained.",
            "空欄なら学習率と同じ。0ならText Encoderを学習しません。",
        ),
        level="advanced",
        sd_scripts="text_encoder_lr learning_rate_te",
        ge=0,
    )
    stop_text_encoder_training: int | None = opt(
        None,
        ("Stop the text encoder at step", "Text Encoderの学習を止めるステップ"),
        (
            "From this step on only the U-Net is trained; 0 or -1: never. Empty: trained to the end.",
            "このステップ以降はU-Netだけを学習します。0か-1なら最初から学習しません。空欄なら最後まで。",
        ),
        level="advanced",
        sd_scripts="stop_text_encoder_training",
        ge=-1,
    )
    seed: int | None = opt(
        None,
        ("Seed", "乱数シード"),
        (
            "The same seed gives the same training. Empty: one is drawn and written into the run file.",
            "同じシードなら同じ学習になります。空欄なら自動で決め、設定ファイルに記録します。",
        ),
        sd_scripts="seed",
        ge=0,
        le=2**63 - 1,
    )
    precision: Literal["no", "fp16", "bf16"] = opt(
        "no",
        ("Precision", "学習の精度"),
        (
            "Mixed precision saves memory and time on a GPU; bf16 needs an RTX 30 or newer.",
            "mixed precisionはGPUのメモリと時間を節約します。bf16はRTX 30シリーズ以降が必要です。",
        ),
        choices=catalog.PRECISIONS,
        sd_scripts="mixed_precision",
    )
    gradient_checkpointing: bool = opt(
        False,
        ("Gradient checkpointing", "gradient checkpointing"),
        (
            "Less memory, somewhat slower; the result is the same.",
            "速度を少し落としてメモリを節約します。結果は同じです。",
        ),
        sd_scripts="gradient_checkpointing",
    )
    gradient_accumulation_steps: int = opt(
        1,
        ("Gradient accumulation", "勾配の累積"),
        (
            "Batches added up for one step: the effect of a larger batch without its memory.",
            "この数のバッチの勾配を合計して1ステップとします。省メモリでバッチサイズを増やす効果があります。",
        ),
        level="advanced",
        sd_scripts="gradient_accumulation_steps",
        ge=1,
        le=1024,
    )
    max_grad_norm: float = opt(
        1.0,
        ("Largest gradient norm", "勾配の上限"),
        (
            "Gradients are scaled down to this norm; 0: no limit.",
            "勾配のノルムをこの値までに抑えます。0なら制限なし。",
        ),
        level="expert",
        sd_scripts="max_grad_norm",
        ge=0,
    )
    min_snr_gamma: float | None = opt(
        None,
        ("Min-SNR gamma", "Min-SNRのgamma"),
        (
            "Weighs the loss of easy timesteps down; 5 is usual. Empty: off.",
            "ノイズの少ないtimestepのlossの重みを下げます。通常5。空欄なら使いません。",
        ),
        level="advanced",
        sd_scripts="min_snr_gamma",
        gt=0,
    )
    debiased_estimation_loss: bool = opt(
        False,
        ("Debiased loss", "debiased estimation loss"),
        (
            "Weighs the loss by 1/sqrt(SNR): learns shapes sooner.",
            "lossを1/√SNRで重み付けし、形を早く学びます。",
        ),
        level="advanced",
        sd_scripts="debiased_estimation_loss",
    )
    noise_offset: float = opt(
        0.0,
        ("Noise offset", "noise offset"),
        (
            "Shifts the noise of each picture and channel, for darker and brighter pictures; 0: off.",
            "画像とチャンネルごとにノイズをずらし、暗い・明るい画像を学びやすくします。0なら不使用。",
        ),
        level="expert",
        sd_scripts="noise_offset",
        ge=0,
        le=1,
    )
    min_timestep: int = opt(
        0,
        ("Smallest timestep", "最小timestep"),
        ("Timesteps are drawn from here on.", "この値以上のtimestepで学習します。"),
        level="expert",
        sd_scripts="min_timestep",
        ge=0,
        le=999,
    )
    max_timestep: int = opt(
        1000,
        ("Largest timestep", "最大timestep"),
        ("Timesteps are drawn below this.", "この値未満のtimestepで学習します。"),
        level="expert",
        sd_scripts="max_timestep",
        ge=1,
        le=1000,
    )


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
