"""The alpha of a LoRA where it stands beside the tensors: in the header's metadata, or in PEFT's own config.

Diffusers (and what saves through it) writes a LoRA without `.alpha` tensors and puts PEFT's settings, for
each part of the model, into the metadata as JSON; PEFT itself writes them into adapter_config.json.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from core.catalog import Words
from core.errors import UserError
from core.formats import json_file, messages
from core.reading import reading

METADATA_KEY = "lora_adapter_metadata"
"""As diffusers.loaders.lora_base names it."""

PEFT_START = "base_model.model."
"""What PEFT's own names begin with."""

PEFT_CONFIG = "adapter_config.json"
_PLAIN_NAME = re.compile(r"\^?[\w.]+\$?", re.ASCII)
_GET_OTHER = Words(
    "Save it again with the program that made it, or choose another LoRA.",
    "作成したプログラムで保存し直すか、別のLoRAを選んでください。",
)


@dataclass(frozen=True)
class PeftSettings:
    """What PEFT was told for one part of a model. ranks, alphas: of single modules, by the end of their path.

    is_rank_stabilized: the scale is alpha / sqrt(rank) (Kalajdzievski 2023, arXiv:2312.03732).
    """

    rank: int
    alpha: float
    ranks: Mapping[str, int]
    alphas: Mapping[str, float]
    is_rank_stabilized: bool
    is_dora: bool

    def alpha_of(self, module: str, rank: int) -> float | None:
        """The alpha that gives a module of this rank its scale; None where the settings are of another rank.

        module: its path in the model. rank: 0 for a module without one, of which the scale is returned.
        """
        alpha: float = _of_module(self.alphas, module, self.alpha)
        own: int = _of_module(self.ranks, module, self.rank)
        if not rank:
            return alpha / own
        if own != rank:
            return None
        return alpha * math.sqrt(rank) if self.is_rank_stabilized else alpha


SettingsByPart = Mapping[str, PeftSettings]
"""Part of the model -> its settings; "" where one config speaks of whatever the file holds."""


def peft_settings(
    path: Path, names: Mapping[str, object], metadata: Mapping[str, str]
) -> SettingsByPart | None:
    """The settings that belong to a file with these tensors, None where none do or its tensors tell alpha.

    Raises UserError (E-LORA-ALPHA) when they are needed and can't be read.
    """
    if any(name.endswith(".alpha") for name in names):
        return None
    with reading(path, "E-LORA-ALPHA", advice=_GET_OTHER):
        told = metadata.get(METADATA_KEY)
        if told is not None:
            return _of_parts(path, json.loads(told))
        if any(name.startswith(PEFT_START) for name in names):
            config = path.with_name(PEFT_CONFIG)
            if not config.is_file():
                raise unknown(
                    path, f"{PEFT_CONFIG} is not beside it", f"{PEFT_CONFIG} が同じフォルダーにありません"
                )
            return {"": _settings(path, json_file.read_table(config))}
    return None


def unknown(path: Path, en: str, ja: str) -> UserError:
    """The refusal of a LoRA whose strength can't be known."""
    return UserError(messages.LORA_ALPHA(reason=Words(en, ja), advice=_GET_OTHER, path=path))


def _of_parts(path: Path, told: Any) -> SettingsByPart:
    """Settings whose names begin with the part: "unet.r", "text_encoder.lora_alpha"."""
    if not isinstance(told, dict):
        raise unknown(path, "its settings are not those of PEFT", "PEFTの設定として読めません")
    parts: dict[str, dict[str, Any]] = {}
    for key, value in told.items():
        part, dot, name = key.partition(".")
        parts.setdefault(part if dot else "", {})[name if dot else key] = value
    return {part: _settings(path, values) for part, values in parts.items()}


def _settings(path: Path, values: Mapping[str, Any]) -> PeftSettings:
    rank, alpha = values.get("r"), values.get("lora_alpha", values.get("alpha"))
    ranks, alphas = values.get("rank_pattern") or {}, values.get("alpha_pattern") or {}
    is_sound = (
        all(_is_positive(number) for number in (rank, alpha, *ranks.values(), *alphas.values()))
        and all(type(number) is int for number in (rank, *ranks.values()))
        and all(_PLAIN_NAME.fullmatch(name.replace("\\.", ".")) for name in (*ranks, *alphas))
    )
    if not is_sound:
        raise unknown(path, "its settings are not those of PEFT", "PEFTの設定として読めません")
    assert isinstance(rank, int) and isinstance(alpha, int | float)
    return PeftSettings(
        rank,
        float(alpha),
        ranks,
        {name: float(number) for name, number in alphas.items()},
        bool(values.get("use_rslora")),
        bool(values.get("use_dora")),
    )


def _is_positive(number: object) -> bool:
    return type(number) in (int, float) and 0 < number < 1e9  # type: ignore[operator]


def _of_module(patterns: Mapping[str, Any], module: str, usual: Any) -> Any:
    """The value of the first pattern that a module's path ends with; ^ before it means all of the path.

    As peft.utils.other.get_pattern_key, of names without signs of a pattern.
    """
    bare = module.removeprefix("text_model.")
    for pattern, value in patterns.items():
        name = pattern.replace("\\.", ".").removesuffix("$")
        whole = name.startswith("^")
        name = name.removeprefix("^").removeprefix("text_model.")
        if bare == name or (not whole and bare.endswith(f".{name}")):
            return value
    return usual
