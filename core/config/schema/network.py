"""Declarations of [network]: the adapter that is trained in place of the model itself."""

from __future__ import annotations

from typing import Annotated, ClassVar

from core import catalog
from core.config.schema.block_lists import Numbers
from core.config.schema.network_blocks import BlockOptions
from core.config.schema.option import Choice, Factor, Lines, Section, opt


class NetworkOptions(Section):
    """What is trained, and how large the adapter is."""

    GROUP: ClassVar[str] = "network"
    METHODS: ClassVar[str] = "lora"
    method: Annotated[str, Choice(catalog.METHODS)] = opt(
        "lora",
        ("Training method", "学習方法"),
        (
            "LoRA trains a small adapter file, DreamBooth and fine-tuning the model itself.",
            "LoRAはモデルに追加する小さなファイルを、DreamBooth・fine tuningはモデル自体を学習します。",
        ),
        methods="",
        sd_scripts="network_module",
    )
    rank: int = opt(
        4,
        ("Rank (dim)", "ランク（dim）"),
        (
            "A higher rank can learn more detail; the file grows with it.",
            "大きいほど細部まで学習できますが、ファイルも大きくなります。",
        ),
        sd_scripts="network_dim",
        ge=1,
        le=1024,
    )
    alpha: Factor = opt(
        1.0,
        ("Alpha", "alpha"),
        (
            "Scale alpha/rank; equal to the rank: 1.",
            "効きはalpha÷ランク倍。ランクと同じなら等倍。",
        ),
        sd_scripts="network_alpha",
    )
    dropout: float = opt(
        0.0,
        ("Dropout", "ドロップアウト"),
        (
            "Share of the adapter's values set to zero in each step, 0 to 1; reduces overfitting.",
            "毎ステップ、追加ネットワーク内部の値を0にする割合（0〜1）。過学習を抑えます。",
        ),
        level="advanced",
        sd_scripts="network_dropout",
        ge=0,
        lt=1,
    )
    rank_dropout: float = opt(
        0.0,
        ("Rank dropout", "ランクのドロップアウト"),
        (
            "Probability of dropping each rank, per image and step; the rest are rescaled.",
            "毎ステップ、画像ごとに各ランクを使わない確率。残りのランクはその分強めます。",
        ),
        level="expert",
        ge=0,
        lt=1,
    )
    module_dropout: float = opt(
        0.0,
        ("Module dropout", "モジュールのドロップアウト"),
        (
            "Share of the layers whose adapter is skipped in each step.",
            "毎ステップ、追加ネットワークを使わない層の割合。",
        ),
        level="expert",
        ge=0,
        lt=1,
    )
    scale_weight_norms: Factor | None = opt(
        None,
        ("Largest weight norm", "重みノルムの上限"),
        (
            "Limits the norm of each layer's change after every step. Typical: 1. Empty: no limit.",
            "毎ステップ、各層の変化量をこの値以下に抑えます。通常は1、空欄なら制限しません。",
        ),
        level="expert",
    )
    loraplus_lr_ratio: Factor | None = opt(
        None,
        ("LoRA+ ratio", "LoRA+の倍率"),
        (
            "LoRA+: learning-rate multiplier of the up (B) matrices. Typical: 16. Empty: one rate for all.",
            "LoRA+：up（B）側の行列の学習率の倍率。通常は16、空欄ならすべて同じ学習率です。",
        ),
        level="advanced",
    )
    loraplus_unet_lr_ratio: Factor | None = opt(
        None,
        ("LoRA+ ratio of the U-Net", "U-NetのLoRA+の倍率"),
        ("Empty: the LoRA+ ratio above.", "空欄なら上のLoRA+の倍率を使います。"),
        level="expert",
        families="sd1 sd2 sdxl",
    )
    loraplus_text_encoder_lr_ratio: Factor | None = opt(
        None,
        ("LoRA+ ratio of the text encoder", "Text EncoderのLoRA+の倍率"),
        ("Empty: the LoRA+ ratio above.", "空欄なら上のLoRA+の倍率を使います。"),
        level="expert",
        families="sd1 sd2 sdxl",
    )
    unused_layers: bool = opt(
        False,
        ("Include unused layers", "使われない層も含める"),
        (
            "SDXL does not use the last layer of its first text encoder, so it learns nothing there. For files with exactly the modules that sd-scripts writes.",
            "SDXLは1つ目のText Encoderの最後の層を使わないため、そこでは何も学習しません。sd-scriptsとまったく同じモジュールのファイルが必要なとき用です。",
        ),
        level="expert",
        sd_scripts="",
        families="sdxl",
    )
    conv_rank: int | None = opt(
        None,
        ("Rank of convolutions", "畳み込み層のランク"),
        (
            "Train the 3x3 convolutions too, with this rank. Empty: attention layers only.",
            "3x3の畳み込み層もこのランクで学習します。空欄ならAttention部分だけです。",
        ),
        level="advanced",
        sd_scripts="conv_dim",
        ge=1,
        le=1024,
        families="sd1 sd2 sdxl",
    )
    conv_alpha: Factor = opt(
        1.0,
        ("Alpha of convolutions", "畳み込み層のalpha"),
        ("As alpha, for the convolutions.", "畳み込み層に使うalpha。"),
        level="advanced",
        needs="network.conv_rank",
        families="sd1 sd2 sdxl",
    )
    weights: str | None = opt(
        None,
        ("LoRA to train further", "さらに学習するLoRA"),
        (
            "A LoRA file to start from; its rank and alpha must match those set here.",
            "学習の元にするLoRAファイル。ランクとalphaは、ここでの設定と同じでなければなりません。",
        ),
        level="advanced",
        path="file",
        sd_scripts="network_weights",
    )
    dim_from_weights: bool = opt(
        False,
        ("Take the ranks from that LoRA", "ランクをそのLoRAから取得"),
        (
            "Rank and alpha of every layer come from the file; those set here are not used.",
            "各層のランクとalphaをファイルから取得し、ここでの設定は使いません。",
        ),
        level="advanced",
        needs="network.weights",
    )
    base_weights: Lines = opt(
        (),
        ("LoRAs merged before training", "学習前にマージするLoRA"),
        (
            "LoRA files merged into the base model, one per line; the new LoRA is trained on top of them.",
            "元モデルに加えておくLoRAファイル（1行に1つ）。その上で新しいLoRAを学習します。",
        ),
        level="advanced",
        path="file",
    )
    base_weights_multiplier: Numbers | None = opt(
        None,
        ("Strengths of the merged LoRAs", "マージする強さ"),
        (
            "One number for each merged LoRA, separated by commas. Empty: 1.",
            "マージするLoRAごとに数値を1つ（カンマ区切り）。空欄なら1です。",
        ),
        level="advanced",
        needs="network.base_weights",
        personal=True,
    )


class NetworkConfig(NetworkOptions, BlockOptions):
    """[network]: the adapter that is trained in place of the model itself."""

    TAB: ClassVar[str] = "lora"
