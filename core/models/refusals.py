"""What is said when a file is not the model that was asked for."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from core.catalog import FAMILIES
from core.config.schema.run import ModelConfig
from core.counting import counted
from core.errors import Problem, UserError, plain_problem
from core.formats.classify import KINDS
from core.formats.identify import FAMILY_NAMES, Identity
from core.formats.tensor_slots import Shape

if TYPE_CHECKING:
    import torch

_PLACES = {
    "vae": "model.vae", "lora": "network.weights", "state": "save.resume", "model": "model.base",
}  # fmt: skip
"""Kind of file -> the option it belongs to."""

_WANTED = {"model.base": ("a base model", "元モデル"), "model.vae": ("a VAE", "VAE")}
"""Option -> what belongs there; any other is for LoRA files."""

TEXT_TO_IMAGE = ("", "base", "768-v")
"""Variants of a model that draws from a text and from nothing else."""


def check_model(path: Path, identity: Identity, config: ModelConfig) -> None:
    """Raises UserError unless `path` is a whole model of the family asked for."""
    if identity.problems:
        raise UserError(*identity.problems)
    if identity.kind != "model":
        raise UserError(wrong_kind(path, identity))
    name = FAMILY_NAMES.get(identity.family, identity.family)
    if identity.variant not in TEXT_TO_IMAGE:
        raise UserError(wrong_variant(path, name, identity.variant))
    if identity.family not in FAMILIES:
        known = ", ".join(FAMILY_NAMES[family] for family in FAMILIES)
        raise UserError(
            plain_problem(
                "E-MODEL-FAMILY",
                f"{path} is a model of {name or 'an unknown kind'}, "
                f"which can't be trained here. Choose a model of {known}.",
                f"{path} は{name or '不明な種類'}のモデルで、ここでは学習できません。"
                f"{known}のモデルを選んでください。",
                key="model.base",
                path=str(path),
            )
        )
    if config.family not in ("auto", identity.family):
        asked = FAMILY_NAMES[config.family]
        raise UserError(
            plain_problem(
                "E-MODEL-FAMILY",
                f"{path} is a model of {name}, not of {asked}. "
                f"Set the model family to auto or {identity.family}.",
                f"{path} は{asked}ではなく{name}のモデルです。"
                f"モデルの系統をautoまたは{identity.family}にしてください。",
                key="model.family",
                path=str(path),
            )
        )


def prediction_denied(path: Path, identity: Identity, asked: str) -> Problem | None:
    """The problem when the model itself says that it predicts something else than was asked for."""
    known = identity.prediction
    if asked == "auto" or asked == known or not identity.tells_prediction:
        return None
    return plain_problem(
        "E-MODEL-PREDICTION",
        f"{path} was trained to predict {known}, not {asked}. Set the prediction type to auto or {known}.",
        f"{path} の予測方式は{asked}ではなく{known}です。予測方式をautoまたは{known}にしてください。",
        key="model.prediction",
        path=str(path),
    )


def wrong_kind(path: Path, identity: Identity, key: str = "model.base") -> Problem:
    """Something else than a model (or a VAE, key "model.vae"): what it is, and where it belongs."""
    en, ja, place = f"a {KINDS[identity.kind].en}", KINDS[identity.kind].ja, _PLACES.get(identity.kind, "")
    if identity.kind == "unknown":
        en, ja = "an unrecognised file", "対応していないファイル"
    if identity.kind == "unknown" and identity.variant == "upscaler":
        en, ja = "an upscaler (ESRGAN or its like)", "アップスケーラー（ESRGANなど）"
    if identity.kind == "lora" and identity.variant:
        place = ""
    facts = [identity.variant] if identity.variant and identity.kind in ("lora", "lycoris") else []
    facts += [f"rank {identity.rank}"] if identity.rank is not None else []
    facts += [FAMILY_NAMES[identity.family]] if identity.family else []
    details = f" ({', '.join(facts)})" if facts else ""
    wanted_en, wanted_ja = _WANTED.get(key, ("a LoRA", "LoRA"))
    mend_en = f"; put it in {place}" if place and place != key else ""
    mend_ja = f"。{place}に指定してください" if place and place != key else ""
    return plain_problem(
        "E-MODEL-KIND",
        f"{path}: this is {en}{details}, not {wanted_en}{mend_en}.",
        f"{path}：これは{wanted_ja}ではなく{ja}{details}です{mend_ja}。",
        key=key,
        path=str(path),
    )


def wrong_variant(path: Path, name: str, variant: str) -> Problem:
    """A U-Net alone, or a model that wants more than a text."""
    en = (
        "only a U-Net, without text encoder and VAE"
        if variant == "unet"
        else f"the {variant} variant of {name}"
    )
    ja = "U-NetだけでText EncoderとVAEがありません" if variant == "unet" else f"{name}の{variant}版です"
    return plain_problem(
        "E-MODEL-VARIANT",
        f"{path} is {en}; it can't be trained here. Choose a plain text-to-image model.",
        f"{path} は{ja}。ここでは学習できません。通常のモデルを選んでください。",
        key="model.base",
        path=str(path),
    )


def check_shapes(
    path: Path,
    part: str,
    wanted: Mapping[str, Shape],
    found: Mapping[str, Shape],
    is_standard: bool,
    key: str = "model.base",
) -> None:
    """Raises UserError, naming the first five tensors, when the weights do not fit the module."""
    wrong = [
        f"{name} {list(found[name])}, not {list(shape)}"
        for name, shape in wanted.items()
        if found.get(name, shape) != shape
    ]
    if wrong:
        beside = f"{path.stem}_config"
        mend_en = (
            f"; a model of other sizes needs its configs in a folder {beside} beside it"
            if is_standard
            else ""
        )
        mend_ja = f"（大きさの異なるモデルには、隣に{beside}フォルダが必要です）" if is_standard else ""
        raise UserError(
            plain_problem(
                "E-MODEL-SHAPE",
                f"{path}: {counted(len(wrong), 'tensor')} of its {part} with another shape: {_first(wrong)}"
                f"{mend_en}.",
                f"{path}：{part}の{len(wrong)}個のテンソルの形が異なります：{_first(wrong)}{mend_ja}",
                key=key,
                path=str(path),
            )
        )
    missing = [name for name in wanted if name not in found]
    if missing:
        is_without_vae = part == "vae" and key == "model.base" and len(missing) == len(wanted)
        mend_en = " It holds no VAE: name one in model.vae." if is_without_vae else ""
        mend_ja = "。VAEが含まれていないので、model.vaeに指定してください。" if is_without_vae else ""
        raise UserError(
            plain_problem(
                "E-MODEL-KEYS",
                f"{path} lacks {len(missing)} of {counted(len(wanted), 'tensor')} of its {part}: "
                f"{_first(missing)}."
                f"{mend_en}",
                f"{path} には{part}の{len(wanted)}個のテンソルのうち{len(missing)}個がありません："
                f"{_first(missing)}{mend_ja}",
                key=key,
                path=str(path),
            )
        )


def check_numbers(path: Path, dtypes: Mapping[str, torch.dtype], part: str, key: str) -> None:
    """Raises UserError when weights are kept as whole numbers, which are none of their own."""
    whole = [name for name, dtype in dtypes.items() if not dtype.is_floating_point]
    if whole:
        kind = str(dtypes[whole[0]]).removeprefix("torch.")
        raise UserError(
            plain_problem(
                "E-MODEL-DTYPE",
                f"{path}: {counted(len(whole), 'quantised tensor')} ({kind}) in its {part}: {_first(whole)}. "
                "Use a file in fp16, bf16 or float32.",
                f"{path}：{part}の{len(whole)}個のテンソルが量子化（{kind}）されています：{_first(whole)}。"
                "fp16・bf16・float32のファイルを使ってください。",
                key=key,
                path=str(path),
            )
        )


def changed(path: Path) -> Problem:
    """A file that is not what it was when the reading began."""
    return plain_problem(
        "E-MODEL-CHANGED",
        f"{path} was changed or went away while it was read. Start again when nothing writes to it any more.",
        f"{path} は読み込み中に変更されたか、なくなりました。"
        "書き込みが終わってから、もう一度開始してください。",
        path=str(path),
    )


def not_finite(path: Path, part: str, name: str) -> Problem:
    """A weight that is NaN or infinite."""
    return plain_problem(
        "E-MODEL-NAN",
        f"{path} is damaged: tensor {name} of its {part} holds NaN or infinity. Get the file again.",
        f"{path} は壊れています：{part}のテンソル{name}にNaNまたは無限大があります。入手し直してください。",
        path=str(path),
    )


def bad_config(path: Path) -> Problem:
    """Configs in the metadata that can't be read."""
    return plain_problem(
        "E-MODEL-BAD",
        f"{path}: the description of its sizes in its metadata can't be read.",
        f"{path}：メタデータにあるモデルの大きさの記述が読み込めません。",
        path=str(path),
    )


def _first(names: list[str]) -> str:
    return ", ".join(names[:5]) + (f", ... ({len(names) - 5} more)" if len(names) > 5 else "")
