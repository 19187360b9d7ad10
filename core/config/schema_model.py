"""Declarations of [model]: what is taught."""

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
    attention: Literal["sdpa", "xformers", "mem_eff"] = opt(
        "sdpa",
        ("Attention", "Attentionの計算"),
        (
            "How attention is computed; PyTorch's, with a notice, where xformers can't be loaded. "
            "mem_eff: in pieces, slower, where memory is short.",
            "Attentionの計算方法。xformersが読み込めない場合は、通知してPyTorch標準を使います。"
            "mem_effは分割して計算します（低速・省メモリ）。",
        ),
        choices=catalog.ATTENTIONS,
        level="advanced",
        sd_scripts="xformers sdpa mem_eff_attn",
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
