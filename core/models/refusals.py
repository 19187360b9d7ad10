"""Checks that a file is the model that was asked for."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from core.catalog import Words
from core.config.schema.model import ModelConfig
from core.counting import NAMED, listed
from core.errors import Problem, UserError
from core.families import FAMILIES
from core.formats import known_families, lora_kinds
from core.formats.classify import ALONE, KINDS, Identity
from core.formats.known_families import FAMILY_NAMES
from core.formats.tensor_slots import Shape
from core.models import messages

if TYPE_CHECKING:
    import torch

_PLACES = {
    "vae": "model.vae", "lora": "network.weights", "state": "save.resume", "model": "model.base",
    "embedding": "embedding.weights",
}  # fmt: skip
"""Kind of file -> the option it belongs to."""

_WANTED = {
    "model.base": Words("a base model", "元モデル"),
    "model.vae": Words("a VAE", "VAE"),
    "embedding.weights": Words("an embedding", "embedding"),
}
"""Option -> what belongs there; any other is for LoRA files."""


def check_model(path: Path, identity: Identity, config: ModelConfig) -> None:
    """Raises UserError unless `path` is a whole model of the family asked for."""
    if identity.problems:
        raise UserError(*identity.problems)
    if identity.kind != "model":
        raise UserError(wrong_kind(path, identity))
    family = FAMILY_NAMES.get(identity.family, identity.family)
    if identity.variant == ALONE:
        raise UserError(messages.UNET_ONLY(path=path))
    if identity.variant and identity.variant not in {titles.variant for _, titles in known_families.titles()}:
        raise UserError(messages.VARIANT(path=path, family=family, variant=identity.variant))
    if identity.family not in FAMILIES:
        known = ", ".join(FAMILY_NAMES[family] for family in FAMILIES)
        if not family:
            raise UserError(messages.UNKNOWN_FAMILY(path=path, known=known))
        raise UserError(messages.UNSUPPORTED_FAMILY(path=path, family=family, known=known))
    if config.family not in ("auto", identity.family):
        asked = FAMILY_NAMES[config.family]
        raise UserError(messages.OTHER_FAMILY(path=path, family=family, asked=asked, value=identity.family))


def prediction_denied(path: Path, identity: Identity, asked: str) -> Problem | None:
    """The problem when the model itself says that it predicts something else than was asked for."""
    known = identity.prediction
    if asked == "auto" or asked == known or not identity.tells_prediction:
        return None
    return messages.OTHER_PREDICTION(path=path, known=known, asked=asked)


def wrong_kind(path: Path, identity: Identity, key: str = "model.base", kind_of: str = "") -> Problem:
    """Something else than a model (or a VAE, key "model.vae"): what it is, and where it belongs.

    kind_of: the option whose kind of file is expected, where `key` is one of a tool's; of these none is told
    to be the place for the file.
    """
    kind, option = KINDS[identity.kind], _PLACES.get(identity.kind, "")
    found = Words(f"a {kind.en}", kind.ja, kind.of("zh"))
    if identity.kind == "unknown":
        found = Words("an unrecognised file", "対応していないファイル")
    if identity.kind == "unknown" and identity.variant == "upscaler":
        found = Words("an upscaler (ESRGAN or similar)", "アップスケーラー（ESRGANなど）")
    if identity.kind in ("lora", "lycoris"):
        is_readable = {*identity.variant.split("+")} <= {"", *lora_kinds.READABLE}
        option = "network.weights" if is_readable else ""
    parts = [identity.variant] if identity.variant and identity.kind in ("lora", "lycoris") else []
    parts += [f"rank {identity.rank}"] if identity.rank is not None else []
    parts += [FAMILY_NAMES[identity.family]] if identity.family else []
    details = f" ({', '.join(parts)})" if parts else ""
    wanted = _WANTED.get(kind_of or key, Words("a LoRA", "LoRA"))
    if option and option != key and "." in key:
        return messages.WRONG_OPTION(
            key=key, path=path, found=found, details=details, wanted=wanted, option=option
        )
    return messages.WRONG_KIND(key=key, path=path, found=found, details=details, wanted=wanted)


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
    if wrong and is_standard:
        folder, tensors = f"{path.stem}_config", listed(wrong, NAMED)
        raise UserError(
            messages.NEEDS_CONFIGS(
                key=key, path=path, part=part, count=len(wrong), tensors=tensors, folder=folder
            )
        )
    if wrong:
        tensors = listed(wrong, NAMED)
        raise UserError(
            messages.OTHER_SHAPES(key=key, path=path, part=part, count=len(wrong), tensors=tensors)
        )
    missing = [name for name in wanted if name not in found]
    if missing and part == "vae" and key == "model.base" and len(missing) == len(wanted):
        raise UserError(messages.LACKS_VAE(path=path))
    if missing:
        count, total, tensors = len(missing), len(wanted), listed(missing, NAMED)
        raise UserError(
            messages.LACKS_TENSORS(key=key, path=path, part=part, count=count, total=total, tensors=tensors)
        )


def check_numbers(path: Path, dtypes: Mapping[str, torch.dtype], part: str, key: str) -> None:
    """Raises UserError when weights are quantised to integers."""
    whole = [name for name, dtype in dtypes.items() if not dtype.is_floating_point]
    if whole:
        dtype, tensors = str(dtypes[whole[0]]).removeprefix("torch."), listed(whole, NAMED)
        raise UserError(
            messages.QUANTISED(key=key, path=path, part=part, count=len(whole), dtype=dtype, tensors=tensors)
        )
