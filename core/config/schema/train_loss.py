"""Declarations of [train]: noise, timesteps and what the loss weighs."""

from __future__ import annotations

from typing import Annotated, ClassVar

from core.catalog import Words
from core.config.schema.option import Choice, Level, Section, Share, opt

_SIZE_CONDITIONS = {
    "image": Words("as the image was cropped", "実際の切り抜きどおり"),
    "sd_scripts": Words("as sd-scripts computes it", "sd-scriptsの計算どおり"),
    "zero": Words("no crop (0)", "切り抜きなし（0）"),
}


class NoiseOptions(Section):
    """What is laid over the latents, and how much of it."""

    GROUP: ClassVar[str] = "loss"
    LEVEL: ClassVar[Level] = "expert"

    noise_offset: float = opt(
        0.0,
        ("Noise offset", "ノイズオフセット"),
        (
            "Shifts the noise of each image and channel, for darker and brighter images; 0: off.",
            "画像とチャンネルごとにノイズの平均をずらし、暗い画像や明るい画像を学びやすくします。0なら使いません。",
        ),
        ge=0,
        le=1,
    )
    noise_offset_random_strength: bool = opt(
        False,
        ("Vary the noise offset", "ノイズオフセットの強さをランダムにする"),
        (
            "Each sample gets a random strength between 0 and the noise offset.",
            "サンプルごとに、0からノイズオフセットの値までのランダムな強さを使います。",
        ),
        needs="train.noise_offset",
    )
    adaptive_noise_scale: float | None = opt(
        None,
        ("Adaptive noise scale", "adaptive noise scale"),
        (
            "Adds this times the absolute mean of the latents, per channel, to the noise offset, which must be set. May be negative. Empty: off.",
            "latentsのチャンネルごとの平均値の絶対値にこの値を掛け、ノイズオフセットに加えます。ノイズオフセットの指定が必要です。負の値も使えます。空欄なら使いません。",
        ),
        needs="train.noise_offset",
        ge=-10,
        le=10,
    )
    multires_noise_iterations: int = opt(
        0,
        ("Multi-resolution noise: levels", "multires noiseの段数"),
        (
            "Adds coarser and coarser noise in this many levels, for darker and brighter images. Typical: 6 to 10. 0: off.",
            "粗さの異なるノイズをこの段数だけ重ね、暗い画像や明るい画像を学びやすくします。通常は6〜10、0なら使いません。",
        ),
        ge=0,
        le=64,
    )
    multires_noise_discount: Share = opt(
        0.3,
        ("Multi-resolution noise: discount", "multires noiseの減衰率"),
        (
            "Each coarser level is scaled by this; 0.8 is strong, 0.1 to 0.3 is typical for LoRA.",
            "一段粗くなるごとに、ノイズの強さにこの値を掛けます。0.8は強め、LoRAでは0.1〜0.3程度。",
        ),
        needs="train.multires_noise_iterations",
    )
    ip_noise_gamma: Share = opt(
        0.0,
        ("Input perturbation noise", "Input Perturbation Noiseの強さ"),
        (
            "Noise added to the U-Net's input only, not to its target. Typical: 0.1. 0: off.",
            "U-Netの入力だけに加えるノイズの強さ（予測の正解は変えません）。通常は0.1、0なら使いません。",
        ),
    )
    ip_noise_gamma_random_strength: bool = opt(
        False,
        ("Vary the input perturbation", "Input Perturbation Noiseの強さをランダムにする"),
        (
            "Each sample gets a random strength between 0 and the value above.",
            "サンプルごとに、0から上の値までのランダムな強さを使います。",
        ),
        needs="train.ip_noise_gamma",
    )
    zero_terminal_snr: bool = opt(
        False,
        ("Zero terminal SNR", "zero terminal SNR"),
        (
            "Rescales the noise schedule so that its last timestep is pure noise: truly dark and bright images. For v-prediction models.",
            "最後のtimestepが完全なノイズになるようにスケジュールを補正し、真っ暗な画像や真っ白な画像も学べるようにします（v予測モデル用）。",
        ),
        families="sd1 sd2 sdxl",
    )
    min_timestep: int = opt(
        0,
        ("Smallest timestep", "最小timestep"),
        ("Only timesteps from this one on are trained.", "この値以上のtimestepで学習します。"),
        ge=0,
        le=999,
    )
    max_timestep: int = opt(
        1000,
        ("Largest timestep", "最大timestep"),
        (
            "Only timesteps below this are trained; equal to the smallest: that one only.",
            "この値未満のtimestepで学習します。最小timestepと同じ値なら、そのtimestepだけで学習します。",
        ),
        ge=1,
        le=1000,
    )

    size_condition: Annotated[str, Choice(_SIZE_CONDITIONS)] = opt(
        "image",
        ("Size and crop given to the model", "モデルに伝えるサイズと切り抜き"),
        (
            "SDXL is given each image's original size and crop. image: as they are. sd_scripts: the crop as sd-scripts computes it, to train its models further. zero: always uncropped.",
            "SDXLには各画像の元のサイズと切り抜き位置を伝えます。image：実際の値。sd_scripts：sd-scriptsの計算どおり（そのモデルをさらに学習するとき用）。zero：切り抜きなし（常に0）。",
        ),
        families="sdxl",
    )


_LOSSES = {
    "l2": Words("L2: squared error", "L2（二乗誤差）"),
    "l1": Words("L1: absolute error", "L1（絶対誤差）"),
    "huber": Words("Huber (pseudo-Huber)", "Huber（擬似Huber）"),
    "smooth_l1": Words("smooth L1", "smooth L1"),
}

_HUBER_SCHEDULES = {
    "snr": Words("by the signal-to-noise ratio", "SNRに応じて"),
    "exponential": Words("exponential in the timestep", "timestepに対して指数的"),
    "constant": Words("the same everywhere", "一定"),
}


class LossOptions(Section):
    """What is measured, and how much each sample weighs."""

    GROUP: ClassVar[str] = "loss"
    LEVEL: ClassVar[Level] = "expert"

    min_snr_gamma: float | None = opt(
        None,
        ("Min-SNR gamma", "Min-SNRのgamma"),
        (
            "Min-SNR loss weighting: down-weights low-noise timesteps. Typical: 5. Empty or 0: off.",
            "ノイズの少ないtimestepのlossの重みを下げます。通常は5、空欄か0なら使いません。",
        ),
        level="advanced",
        ge=0,
    )
    debiased_estimation_loss: bool = opt(
        False,
        ("Debiased loss", "debiased estimation loss"),
        (
            "Weights the loss by 1/sqrt(SNR): learns shapes sooner.",
            "lossを1/√SNRで重み付けします。形を早く学びます。",
        ),
        level="advanced",
    )
    scale_v_pred_loss_like_noise_pred: bool = opt(
        False,
        ("Weight the v loss like the noise loss", "v予測のlossをノイズ予測と同じ重みにする"),
        (
            "Weights timesteps as a noise-prediction model does. For v-prediction models only.",
            "ノイズ予測モデルと同じようにtimestepを重み付けします。v予測モデル専用。",
        ),
        families="sd1 sd2 sdxl",
    )
    v_pred_like_loss: float = opt(
        0.0,
        ("Share of the v-like loss", "v予測風lossの割合"),
        (
            "Adds this share of the loss weighted as for v-prediction. For noise-prediction models only. 0: off.",
            "v予測モデルのように重み付けしたlossを、この割合で加えます。ノイズ予測モデル専用。0なら使いません。",
        ),
        ge=0,
        le=100,
        families="sd1 sd2 sdxl",
    )
    masked_loss: bool = opt(
        False,
        ("Masked loss", "マスクした部分だけを学習"),
        (
            "Trains only the white parts of the mask images; needs masks or transparency (Dataset tab).",
            "マスク画像の白い部分だけを学習します。データセットタブでマスク画像か透明部分の指定が必要です。",
        ),
        level="advanced",
    )
    loss_type: Annotated[str, Choice(_LOSSES)] = opt(
        "l2",
        ("Loss function", "損失関数"),
        (
            "How the error is measured; huber and smooth_l1 are less sensitive to outliers.",
            "誤差の測り方。huberとsmooth_l1は外れ値の影響を受けにくくなります。",
        ),
    )
    huber_schedule: Annotated[str, Choice(_HUBER_SCHEDULES)] = opt(
        "snr",
        ("Huber schedule", "Huberのスケジュール"),
        (
            "How the threshold of huber and smooth_l1 depends on the timestep.",
            "huber・smooth_l1のしきい値をtimestepによってどう変えるか。",
        ),
        needs="train.loss_type=huber,smooth_l1",
    )
    huber_c: float = opt(
        0.1,
        ("Huber threshold", "Huberのしきい値"),
        (
            "Errors above it count as L1, below as L2; reached at the noisiest timesteps.",
            "これより大きい誤差はL1、小さい誤差はL2のように扱います（ノイズの最も多いtimestepでの値）。",
        ),
        needs="train.loss_type=huber,smooth_l1",
        gt=0,
        le=1,
    )
    huber_scale: float = opt(
        1.0,
        ("Huber scale", "Huberの倍率"),
        (
            "Multiplies the threshold of the schedules exponential and constant.",
            "スケジュールがexponentialとconstantのとき、しきい値に掛けます。",
        ),
        needs="train.loss_type=huber,smooth_l1 train.huber_schedule=exponential,constant",
        gt=0,
        le=100,
    )
