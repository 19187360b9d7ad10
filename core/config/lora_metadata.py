"""The metadata that sd-scripts and this program write into a LoRA file -> pairs of option name and value."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from core.config import sd_scripts
from core.errors import ConfigError, Problem

_NAMES: Mapping[str, str] = {
    "batch_size_per_device": "train_batch_size",
    "debiased_estimation": "debiased_estimation_loss",
}
# Recorded for people, or about one subject: not settings of a recipe.
_LEFT = frozenset(
    ("output_name", "training_comment", "dataset_config", "cache_info", "lr_warmup", "network_args")
)


def settings(metadata: Mapping[str, str]) -> list[tuple[str, Any]]:
    """Pairs of sd-scripts' option name and value. Raises ConfigError when it tells none."""
    found = {
        name.removeprefix("ss_"): value
        for name, value in metadata.items()
        if name.startswith("ss_") and value not in ("None", "", "{}", "Dynamic")
    }
    pairs: list[tuple[str, Any]] = []
    for name, value in found.items():
        option = _NAMES.get(name, name)
        if name == "resolution":
            pairs.append(("resolution", re.sub(r"[()\[\] ]", "", value)))
        elif name == "optimizer":
            pairs += _optimizer(value)
        elif sd_scripts.knows(option) and name not in _LEFT and not _is_off(value):
            pairs.append((option, value))
    if "max_train_steps" not in found and "num_epochs" in found:
        pairs.append(("max_train_epochs", found["num_epochs"]))
    pairs += _network_args(found.get("network_args", ""))
    if not pairs:
        raise ConfigError(
            Problem(
                "E-IMPORT-METADATA",
                "this file does not tell how it was trained.",
                "このファイルには学習時の設定が記録されていません。",
            )
        )
    return pairs


def _is_off(value: str) -> bool:
    """A switch that was off; sd-scripts records every one."""
    return value in ("False", "false")


def _optimizer(value: str) -> list[tuple[str, Any]]:
    """ "bitsandbytes.optim.adamw.AdamW8bit(weight_decay=0.1)" -> its name and arguments."""
    name, _, arguments = value.partition("(")
    args = [part.strip() for part in arguments.removesuffix(")").split(",") if "=" in part]
    pairs: list[tuple[str, Any]] = [("optimizer_type", name.rsplit(".", 1)[-1])]
    return [*pairs, ("optimizer_args", args)] if args else pairs


def _network_args(text: str) -> list[tuple[str, Any]]:
    """The network's own arguments, which are recorded as JSON."""
    try:
        found = json.loads(text) if text else {}
    except json.JSONDecodeError:
        return []
    return list(found.items()) if isinstance(found, dict) else []
