"""Declarations of [train]: how long, how fast, and how it is computed."""

from __future__ import annotations

from typing import Annotated, ClassVar

from core import catalog
from core.config.schema.block_lists import Numbers
from core.config.schema.option import MOST, Choice, Count, Section, Seed, StepsOrShare, opt

_OF_PARTS = "lora dora loha lokr oft none"
"""Methods that train parts of the model; textual inversion has a rate of its own, in [embedding]."""


class StepOptions(Section):
    """How long and how strongly."""

    GROUP: ClassVar[str] = "length"

    max_train_steps: int = opt(
        1600,
        ("Steps", "学習ステップ数"),
        ("Number of weight updates.", "重みを更新する回数。"),
        ge=1,
        le=MOST,
        on_resume="free",
    )
    max_train_epochs: Count | None = opt(
        None,
        ("Epochs", "エポック数"),
        ("Overrides the number of steps.", "指定すると、学習ステップ数より優先されます。"),
        on_resume="free",
    )
    learning_rate: float = opt(
        2e-6,
        ("Learning rate", "学習率"),
        (
            "Typical: `1e-6` for the whole model, `1e-4` for LoRA.",
            "目安は、モデル全体の学習で`1e-6`、LoRAで`1e-4`です。",
        ),
        methods=_OF_PARTS,
        ge=0,
    )
    unet_lr: float | None = opt(
        None,
        ("Learning rate of the U-Net", "U-Netの学習率"),
        (
            "Empty: the learning rate above. 0: the U-Net is not trained.",
            "空欄なら上の学習率と同じ。0ならU-Netを学習しません。",
        ),
        methods=_OF_PARTS,
        level="advanced",
        ge=0,
    )
    text_encoder_lr: float | None = opt(
        None,
        ("Learning rate of the text encoder", "Text Encoderの学習率"),
        (
            "Empty: the learning rate above. 0: the text encoder is not trained.",
            "空欄なら上の学習率と同じ。0ならText Encoderを学習しません。",
        ),
        methods=_OF_PARTS,
        level="advanced",
        sd_scripts="text_encoder_lr learning_rate_te learning_rate_te1",
        ge=0,
    )
    text_encoder_2_lr: float | None = opt(
        None,
        ("Learning rate of the second text encoder", "2つ目のText Encoderの学習率"),
        (
            "Of OpenCLIP-bigG. Empty: as the first text encoder, CLIP-L. 0: it is not trained.",
            "OpenCLIP-bigGの学習率。空欄なら1つ目（CLIP-L）と同じ。0なら学習しません。",
        ),
        methods=_OF_PARTS,
        level="advanced",
        sd_scripts="learning_rate_te2",
        ge=0,
        families="sdxl",
    )
    block_lr: Numbers | None = opt(
        None,
        ("Learning rates of the blocks", "ブロックごとの学習率"),
        (
            "23 numbers separated by commas, for each block of the U-Net; 0 keeps a block as it is. Empty: the rate above.",
            "U-Netのブロックごとの学習率。カンマ区切りで23個。0のブロックは変えません。空欄なら上の学習率を使います。",
        ),
        level="expert",
        methods="none",
        families="sdxl",
    )
    stop_text_encoder_training: StepsOrShare | None = opt(
        None,
        ("Stop training the text encoder at step", "Text Encoderの学習を止めるステップ"),
        (
            "From this step on only the U-Net is trained. 30% or 0.3: after this share of the run. 0 or -1: never trained. Empty: trained to the end.",
            "このステップ以降はU-Netだけを学習します。30%や0.3と書くと、学習全体に対する割合です。0か-1ならまったく学習せず、空欄なら最後まで学習します。",
        ),
        methods=_OF_PARTS,
        level="advanced",
        ge=-1,
        le=MOST,
    )
    seed: Seed | None = opt(
        None,
        ("Seed", "乱数シード"),
        (
            "The same seed gives the same training. Empty: one is chosen and recorded in the run file.",
            "同じシードなら同じ学習になります。空欄なら自動で決め、設定ファイルに記録します。",
        ),
        level="advanced",
        personal=True,
    )
    precision: Annotated[str, Choice(catalog.PRECISIONS)] = opt(
        "no",
        ("Precision", "学習の精度"),
        (
            "Mixed precision saves memory and time on a GPU; bf16 needs an RTX 30 or newer. full_...: weights and gradients too are kept in 16 bits, which saves more memory but is less accurate.",
            "mixed precisionはGPUのメモリと時間を節約します。bf16にはRTX 30シリーズ以降が必要です。full_…は重みと勾配も16bitで持ちます。さらに節約できますが、学習の精度は落ちます。",
        ),
        level="advanced",
        group="memory",
        sd_scripts="mixed_precision full_fp16 full_bf16",
    )
    gradient_checkpointing: bool = opt(
        False,
        ("Gradient checkpointing", "勾配チェックポインティング"),
        (
            "Less memory, somewhat slower; the result is the same.",
            "メモリを節約しますが、少し遅くなります。結果は同じです。",
        ),
        level="advanced",
        group="memory",
        on_resume="free",
    )
    gradient_accumulation_steps: int = opt(
        1,
        ("Gradient accumulation", "勾配累積"),
        (
            "Batches summed up for one step: the effect of a larger batch without its memory.",
            "この数のバッチの勾配を合計して1ステップとします。メモリを増やさずに、バッチサイズを増やすのと同じ効果があります。",
        ),
        level="advanced",
        group="memory",
        ge=1,
        le=1024,
    )
    fused_backward_pass: bool = opt(
        False,
        ("Update weights in the backward pass", "逆伝播中に重みを更新"),
        (
            "Each weight is updated and its gradient freed as soon as it is computed, so that the gradients of the whole model never exist at once. The largest gradient norm then limits the gradient of each weight tensor, not all of them together.",
            "勾配が計算されるたびに重みを更新し、その勾配をすぐに解放します。モデル全体の勾配を同時に持たないため、メモリを節約できます。勾配ノルムの上限は、全体ではなく重みテンソルごとに適用されます。",
        ),
        level="advanced",
        group="memory",
        methods="none",
    )
    max_grad_norm: float = opt(
        1.0,
        ("Largest gradient norm", "勾配ノルムの上限"),
        (
            "Gradients are clipped to this norm. 0: no limit.",
            "勾配のノルムをこの値までに抑えます。0なら制限しません。",
        ),
        level="expert",
        group="optimizer",
        ge=0,
    )
    ema_decay: float | None = opt(
        None,
        ("EMA decay", "EMAの減衰率"),
        (
            "Save and sample a moving average of the weights: 0.999 averages about the last 1000 steps. Empty: off.",
            "重みの移動平均を、モデルの保存とサンプル画像に使います。0.999なら直近約1000ステップの平均です。空欄なら使いません。",
        ),
        level="advanced",
        gt=0,
        lt=1,
        sd_scripts="",
    )
