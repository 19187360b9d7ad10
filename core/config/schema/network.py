"""Declarations of [network]: the adapter that is trained in place of the model itself."""

from __future__ import annotations

from typing import Annotated, ClassVar

from core import catalog
from core.config.schema.block_lists import Numbers
from core.config.schema.network_blocks import BlockOptions
from core.config.schema.option import Choice, Factor, Lines, Patterns, Section, opt

_SCALED = "lora dora loha lokr"
"""Methods with a scale alpha / rank."""


class NetworkOptions(Section):
    """What is trained, and how large the adapter is."""

    GROUP: ClassVar[str] = "network"
    METHODS: ClassVar[str] = "lora dora loha lokr oft"
    method: Annotated[str, Choice(catalog.METHODS)] = opt(
        "lora",
        ("Training method", "学習方法"),
        (
            "LoRA and similar methods train a small adapter file, DreamBooth and fine-tuning the model itself.",
            "LoRAと同種の手法はモデルに追加する小さなファイルを、DreamBooth・fine tuningはモデル自体を学習します。",
        ),
        methods="",
        sd_scripts="network_module",
    )
    rank: int = opt(
        4,
        ("Rank (dim)", "ランク（dim）"),
        (
            "A higher rank can learn more detail; the file grows with it. Of OFT: the largest block of outputs rotated together.",
            "大きいほど細部まで学習できますが、ファイルも大きくなります。OFTでは、まとめて回転する出力の最大数です。",
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
        methods=_SCALED,
        sd_scripts="network_alpha",
    )
    rslora: bool = opt(
        False,
        ("rsLoRA", "rsLoRA"),
        (
            "Scale alpha/√rank instead of alpha/rank; helps at ranks of 64 and more. Files hold the alpha that gives this scale everywhere.",
            "効きをalpha÷ランクではなくalpha÷√ランク倍にします。64以上のランクで有効です。ファイルには、どのプログラムでも同じ効きになるalphaを保存します。",
        ),
        level="advanced",
        methods="lora dora",
        sd_scripts="rs_lora",
    )
    dora_axis: Annotated[str, Choice(catalog.DORA_AXES)] = opt(
        "input",
        ("Magnitudes of DoRA", "DoRAの大きさの軸"),
        (
            "ComfyUI and Forge run those of inputs exactly; with those of outputs they divide by another norm, so that the result looks slightly weaker or stronger there.",
            "入力側はComfyUIやForgeでも学習時と同じ結果になります。出力側は割るノルムが異なるため、効きがわずかに変わります。",
        ),
        level="advanced",
        methods="dora",
        sd_scripts="",
    )
    factor: int = opt(
        -1,
        ("Factor", "分割の係数"),
        (
            "Size of the first factor of LoKr's Kronecker product; the second holds the rest, so larger: a smaller file. Typical: 4 to 16. -1: as square as can be, the smallest file.",
            "LoKrのクロネッカー積の1つ目の行列の大きさ。2つ目が残りを受け持つため、大きいほどファイルは小さくなります。通常は4〜16、-1ならほぼ正方形（最小のファイル）です。",
        ),
        level="advanced",
        methods="lokr",
        ge=-1,
        le=1024,
    )
    full_matrix: bool = opt(
        False,
        ("Whole second factor", "2つ目の行列を分解しない"),
        (
            "LoKr's second factor is trained whole: rank and alpha do not count, the file is larger.",
            "LoKrの2つ目の行列をそのまま学習します。ランクとalphaは使われず、ファイルは大きくなります。",
        ),
        level="advanced",
        methods="lokr",
    )
    decompose_both: bool = opt(
        False,
        ("Decompose both factors", "両方の行列を分解"),
        (
            "LoKr's first factor is a product of two small matrices as well, where it is large enough.",
            "LoKrの1つ目の行列も、十分に大きければ2つの小さな行列の積にします。",
        ),
        level="expert",
        methods="lokr",
    )
    dropout: float = opt(
        0.0,
        ("Dropout", "ドロップアウト"),
        (
            "Share of the adapter's values set to zero in each step, 0 to 1; reduces overfitting.",
            "毎ステップ、追加ネットワーク内部の値を0にする割合（0〜1）。過学習を抑えます。",
        ),
        level="advanced",
        methods="lora dora",
        sd_scripts="network_dropout",
        ge=0,
        lt=1,
    )
    rank_dropout: float = opt(
        0.0,
        ("Rank dropout", "ランクのドロップアウト"),
        (
            "Probability of dropping each rank, per image and step; the rest are rescaled. Of LoHa and LoKr: each output, per step, without rescaling.",
            "毎ステップ、画像ごとに各ランクを使わない確率。残りのランクはその分強めます。LoHaとLoKrでは、毎ステップ、各出力を使わない確率です（残りは強めません）。",
        ),
        level="expert",
        methods=_SCALED,
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
        methods=_SCALED,
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
        methods=_SCALED,
    )
    loraplus_lr_ratio: Factor | None = opt(
        None,
        ("LoRA+ ratio", "LoRA+の倍率"),
        (
            "LoRA+: learning-rate multiplier of the up (B) matrices. Typical: 16. Empty: one rate for all.",
            "LoRA+：up（B）側の行列の学習率の倍率。通常は16、空欄ならすべて同じ学習率です。",
        ),
        level="advanced",
        methods="lora dora",
    )
    loraplus_unet_lr_ratio: Factor | None = opt(
        None,
        ("LoRA+ ratio of the U-Net", "U-NetのLoRA+の倍率"),
        ("Empty: the LoRA+ ratio above.", "空欄なら上のLoRA+の倍率を使います。"),
        level="expert",
        methods="lora dora",
        families="sd1 sd2 sdxl",
    )
    loraplus_text_encoder_lr_ratio: Factor | None = opt(
        None,
        ("LoRA+ ratio of the text encoder", "Text EncoderのLoRA+の倍率"),
        ("Empty: the LoRA+ ratio above.", "空欄なら上のLoRA+の倍率を使います。"),
        level="expert",
        methods="lora dora",
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
            "Train the 3×3 convolutions too, with this rank. Empty: attention layers only.",
            "3×3の畳み込み層もこのランクで学習します。空欄ならAttention部分だけです。",
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
        methods=_SCALED,
        needs="network.conv_rank",
        families="sd1 sd2 sdxl",
    )
    exclude_patterns: Patterns = opt(
        (),
        ("Layers left out", "除外する層"),
        (
            "Patterns (regular expressions), one per line: layers whose whole name matches get no adapter. Names are those of Diffusers, such as unet.up_blocks.1.attentions.0.proj_in. .+attn1.+ leaves out self-attention.",
            "層の名前全体に一致するパターン（正規表現、1行に1つ）。一致した層は学習しません。名前はDiffusersのもの（unet.up_blocks.1.attentions.0.proj_inなど）です。.+attn1.+なら自己注意を除きます。",
        ),
        level="expert",
    )
    include_patterns: Patterns = opt(
        (),
        ("Layers kept in", "除外しない層"),
        (
            "Patterns of layers that are trained although a pattern above leaves them out.",
            "上のパターンに一致しても学習する層のパターン。",
        ),
        level="expert",
        needs="network.exclude_patterns",
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

    @property
    def is_adapter(self) -> bool:
        """Whether an adapter is trained, and so whether the options of adapters count."""
        return self.method not in ("none", "embedding")
