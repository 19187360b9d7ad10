"""Declarations of [model]: what is taught."""

from __future__ import annotations

from typing import Annotated, ClassVar

from core import catalog, families
from core.catalog import Words
from core.config.schema.option import Choice, Section, opt

_AUTO = {"auto": Words("detected from the file", "ファイルから判別")}

_PREDICTIONS = {
    "auto": Words("detected from the model", "モデルから判別"),
    "epsilon": Words("epsilon (noise)", "epsilon（ノイズ）"),
    "v": Words("v (velocity)", "v（速度）"),
}

_TOKEN_LENGTHS = {n: Words(str(n), str(n)) for n in (75, 150, 225)}


class ModelConfig(Section):
    """[model]: what is taught."""

    TAB: ClassVar[str] = "model"
    base: str = opt(
        "",
        ("Base model", "元モデル"),
        (
            "Model to start from: a .safetensors or .ckpt file, a Diffusers folder, or a Hugging Face Hub name (owner/name), downloaded once.",
            "追加学習の元となるモデル。.safetensors・.ckptファイル、Diffusersフォルダー、またはHugging Face Hubのモデル名（所有者/名前。初回のみ取得）。",
        ),
        path="model",
        sd_scripts="pretrained_model_name_or_path",
    )
    family: Annotated[str, Choice(_AUTO, families.FAMILIES)] = opt(
        "auto",
        ("Model family", "モデルの系統"),
        ("auto detects it from the weights.", "autoなら重みから判別します。"),
        level="advanced",
        sd_scripts="v2",
        on_resume="free",
    )
    prediction: Annotated[str, Choice(_PREDICTIONS)] = opt(
        "auto",
        ("Prediction type", "予測方式"),
        (
            "What the U-Net predicts: the noise (epsilon) or the velocity (v). auto detects it from the model.",
            "U-Netが予測するもの：ノイズ（epsilon）か速度（v）。autoならモデルから判別します。",
        ),
        level="advanced",
        sd_scripts="v_parameterization",
        families="sd1 sd2 sdxl",
    )
    vae: str | None = opt(
        None,
        ("VAE", "VAE"),
        (
            "Another VAE (file, folder or Hub name) for the latents and the saved model. Empty: the base model's own.",
            "latentsの取得に使い、保存するモデルに組み込む別のVAE（ファイル・フォルダー・Hubのモデル名）。空欄なら元モデルのVAEを使います。",
        ),
        level="advanced",
        path="model",
    )
    attention: Annotated[str, Choice(catalog.ATTENTIONS)] = opt(
        "sdpa",
        ("Attention", "Attentionの計算方法"),
        (
            "How attention is computed. Where xformers can't be loaded, PyTorch's is used, with a warning. mem_eff works in pieces: less memory, slower.",
            "xformersを読み込めない場合は、警告を表示してPyTorch標準を使います。mem_effは分割して計算します（省メモリですが遅くなります）。",
        ),
        level="advanced",
        sd_scripts="mem_eff_attn xformers diffusers_xformers sdpa",
        on_resume="rounding",
    )
    clip_skip: int | None = opt(
        None,
        ("Clip skip", "Clip skip"),
        (
            "Use the text encoder's output this many layers from the end. Empty: the layer the model was trained with.",
            "Text Encoderの後ろから何番目の層の出力を使うか。空欄ならモデル本来の層を使います。",
        ),
        level="advanced",
        ge=1,
        le=12,
        families="sd1 sd2",
    )
    max_token_length: Annotated[int, Choice(_TOKEN_LENGTHS)] = opt(
        75,
        ("Longest caption (tokens)", "最大トークン数"),
        (
            "Captions are cut after this many tokens.",
            "キャプションのうち、このトークン数を超えた部分は切り捨てます。",
        ),
        level="advanced",
        families="sd1 sd2 sdxl",
    )
    no_token_padding: bool = opt(
        False,
        ("Do not pad captions", "パディングしない"),
        (
            "Encode captions without padding tokens, as the first Diffusers DreamBooth did.",
            "Tokenizerの出力をパディングしません（Diffusers版の旧DreamBoothと同じ動き）。",
        ),
        level="expert",
        families="sd1 sd2",
    )
    pooled_as_sd_scripts: bool = opt(
        False,
        ("Pooled text as in sd-scripts", "sd-scriptsと同じpooled出力"),
        (
            "sd-scripts reads one matrix of a single file transposed. Only to train further a model or LoRA that it trained from a single file.",
            "sd-scriptsは単一ファイルの行列の1つを転置せずに使います。それで学習したモデルやLoRAをさらに学習するとき専用です。",
        ),
        level="expert",
        families="sdxl",
    )
