"""Declarations of [network]: the add-on that is trained in place of the model itself."""

from __future__ import annotations

from typing import ClassVar, Literal

from core import catalog
from core.config.option import Section, opt


class NetworkConfig(Section):
    """[network]: the add-on that is trained in place of the model itself."""

    TAB: ClassVar[str] = "lora"
    method: Literal["lora", "none"] = opt(
        "lora",
        ("What to train", "学習の方法"),
        (
            "LoRA: a small file beside the model. none: the model itself (DreamBooth, fine-tuning).",
            "LoRA：モデルに追加する小さなファイル。none：モデル自体を学習（DreamBooth・fine tuning）。",
        ),
        choices=catalog.METHODS,
        sd_scripts="network_module",
    )
    rank: int = opt(
        4,
        ("Rank (dim)", "ランク（dim）"),
        (
            "Size of the add-on: more learns more detail and makes a larger file.",
            "追加ネットワークの次元数。大きいほど表現力とファイルサイズが増えます。",
        ),
        methods="lora",
        sd_scripts="network_dim",
        ge=1,
        le=1024,
    )
    alpha: float = opt(
        1.0,
        ("Alpha", "alpha"),
        (
            "Scales the add-on by alpha/rank; equal to rank means a scale of 1.",
            "追加ネットワークの強さをalpha÷rankに調整します。rankと同じ値なら等倍。",
        ),
        methods="lora",
        sd_scripts="network_alpha",
        gt=0,
    )
    dropout: float = opt(
        0.0,
        ("Dropout", "dropout"),
        (
            "Share of the add-on's inputs set to zero in each step, 0 to 1.",
            "毎ステップ、追加ネットワークへの入力を0にする割合（0〜1）。",
        ),
        level="advanced",
        methods="lora",
        sd_scripts="network_dropout",
        ge=0,
        lt=1,
    )
    conv_rank: int | None = opt(
        None,
        ("Rank of convolutions", "畳み込み層のランク"),
        (
            "Train the 3x3 convolutions too, with this rank. Empty: attention layers only.",
            "3x3の畳み込み層もこのランクで学習します。空欄ならAttention部分のみ。",
        ),
        level="advanced",
        methods="lora",
        sd_scripts="conv_dim",
        ge=1,
        le=1024,
    )
    conv_alpha: float = opt(
        1.0,
        ("Alpha of convolutions", "畳み込み層のalpha"),
        ("As alpha, for the convolutions.", "畳み込み層のalpha。"),
        level="advanced",
        methods="lora",
        needs="network.conv_rank",
        sd_scripts="conv_alpha",
        gt=0,
    )
    weights: str | None = opt(
        None,
        ("Continue from LoRA", "学習済みLoRAから続ける"),
        (
            "A LoRA file to start from; its rank and alpha must be the ones set here.",
            "学習を始める元になるLoRAファイル。ランクとalphaはここでの設定と同じである必要があります。",
        ),
        level="advanced",
        methods="lora",
        path="file",
        sd_scripts="network_weights",
    )
