"""Declarations of [model] and [network]: what is taught, and the add-on that learns it."""

from __future__ import annotations

from typing import ClassVar, Literal

from core import catalog
from core.config.option import Section, opt


class ModelConfig(Section):
    """[model]: what is taught."""

    TAB: ClassVar[str] = "model"
    base: str = opt(
        "",
        ("Base model", "元モデル"),
        (
            "Model to start from: a .safetensors or .ckpt file or a Diffusers folder.",
            "学習の元となるモデル。.safetensors・.ckptファイルまたはDiffusersフォルダ。",
        ),
        path="model",
        sd_scripts="pretrained_model_name_or_path",
    )
    family: Literal["auto", "sd1", "sd2"] = opt(
        "auto",
        ("Model family", "モデルの種類"),
        ("auto reads it from the weights.", "autoは重みから判別します。"),
        choices={"auto": catalog.Words("found from the file", "ファイルから判別")} | dict(catalog.FAMILIES),
        level="advanced",
        sd_scripts="v2",
    )
    prediction: Literal["auto", "epsilon", "v"] = opt(
        "auto",
        ("Prediction type", "予測の種類"),
        (
            "What the U-Net predicts: the noise (epsilon) or the velocity (v). auto reads it from the model.",
            "U-Netが予測するもの。ノイズ（epsilon）または速度（v）。autoはモデルから判別します。",
        ),
        choices={
            "auto": catalog.Words("found from the model", "モデルから判別"),
            "epsilon": catalog.Words("epsilon (noise)", "epsilon（ノイズ）"),
            "v": catalog.Words("v (velocity)", "v（速度）"),
        },
        level="advanced",
        sd_scripts="v_parameterization",
    )
    vae: str | None = opt(
        None,
        ("VAE", "VAE"),
        (
            "Another VAE, used for the latents and stored in the saved model. Empty: the base model's own.",
            "latentsの取得に使い、保存するモデルに組み込む別のVAE。空欄なら元モデルのもの。",
        ),
        path="model",
        sd_scripts="vae",
    )
    attention: Literal["sdpa", "xformers"] = opt(
        "sdpa",
        ("Attention", "Attentionの計算"),
        (
            "How attention is computed; PyTorch's, with a notice, where xformers can't be loaded.",
            "Attentionの計算方法。xformersが読み込めない場合は、通知してPyTorch標準を使います。",
        ),
        choices=catalog.ATTENTIONS,
        level="advanced",
        sd_scripts="xformers sdpa",
    )
    clip_skip: int | None = opt(
        None,
        ("Clip skip", "Clip skip"),
        (
            "Take the text encoder's output this many layers from the end. Empty: as the model was trained.",
            "Text Encoderの後ろから何番目の層の出力を使うか。空欄ならモデル本来の層。",
        ),
        level="advanced",
        sd_scripts="clip_skip",
        ge=1,
        le=12,
    )
    max_token_length: Literal[75, 150, 225] = opt(
        75,
        ("Longest caption (tokens)", "最大トークン数"),
        ("Captions beyond this many tokens are cut.", "これより長いキャプションは切り捨てます。"),
        choices={n: catalog.Words(str(n), str(n)) for n in (75, 150, 225)},
        level="advanced",
        sd_scripts="max_token_length",
    )
    no_token_padding: bool = opt(
        False,
        ("Do not pad captions", "トークンをパディングしない"),
        (
            "Leave out the padding after the caption's tokens, as the first Diffusers DreamBooth did.",
            "Tokenizerの出力をパディングしません（Diffusers版の旧DreamBoothと同じ）。",
        ),
        level="expert",
        sd_scripts="no_token_padding",
    )


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
