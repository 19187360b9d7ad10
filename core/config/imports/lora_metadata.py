"""The metadata that sd-scripts and this program write into a LoRA file -> pairs of option name and value."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from core.config import sd_scripts
from core.config.imports import messages
from core.counting import listed
from core.errors import ConfigError, Problem

NAMES: Mapping[str, str] = {
    "batch_size_per_device": "train_batch_size",
    "debiased_estimation": "debiased_estimation_loss",
}
RECORDS = frozenset(
    (
        "base_model_version", "bucket_info", "cache_info", "dataset_config", "dataset_dirs", "datasets",
        "epoch", "lr_warmup", "network_args", "new_sd_model_hash", "new_vae_hash", "num_batches_per_epoch",
        "num_epochs", "num_reg_images", "num_train_images", "num_validation_images", "optimizer",
        "output_name", "reg_dataset_dirs", "sd_model_hash", "sd_model_name", "sd_scripts_commit_hash",
        "session_id", "steps", "tag_frequency", "tokens", "total_batch_size", "training_comment",
        "training_finished_at", "training_started_at", "vae_hash", "vae_name",
    )
)  # fmt: skip
"""What is recorded for people, about one subject, or about how the run went: not settings of a recipe."""


def settings(metadata: Mapping[str, str]) -> tuple[list[tuple[str, Any]], list[Problem]]:
    """Pairs of sd-scripts' option name and value, and what is recorded that is not known here.

    Raises ConfigError when it tells none.
    """
    records = {
        name.removeprefix("ss_"): value
        for name, value in metadata.items()
        if name.startswith("ss_") and isinstance(value, str) and value not in _LEFT_ALONE
    }
    pairs: list[tuple[str, Any]] = []
    unknown: list[str] = []
    for name, value in records.items():
        option = NAMES.get(name, name)
        if name == "resolution":
            pairs.append(("resolution", re.sub(r"[()\[\] ]", "", value)))
        elif name == "optimizer":
            pairs += _optimizer(value)
        elif name in RECORDS:
            continue
        elif not sd_scripts.knows(option):
            unknown.append(name)
        elif not _is_off(value):
            pairs.append((option, value))
    if "max_train_steps" not in records and "num_epochs" in records:
        pairs.append(("max_train_epochs", records["num_epochs"]))
    pairs += _network_args(records.get("network_args", ""))
    if not pairs:
        raise ConfigError(messages.NO_METADATA())
    return pairs, [_unknown(unknown)] if unknown else []


_LEFT_ALONE = ("None", "", "{}", "[]", "Dynamic")


def _unknown(names: list[str]) -> Problem:
    return messages.UNKNOWN_RECORDS(names=listed([f"ss_{name}"[:60] for name in names]))


def _is_off(value: str) -> bool:
    """A switch that was off; sd-scripts records every one."""
    return value in ("False", "false")


_OUTSIDE_BRACKETS = re.compile(r",(?![^(\[]*[)\]])")


def _optimizer(value: str) -> list[tuple[str, Any]]:
    """ "bitsandbytes.optim.adamw.AdamW8bit(weight_decay=0.1)" -> its name and arguments."""
    name, _, arguments = value.partition("(")
    parts = _OUTSIDE_BRACKETS.split(arguments.removesuffix(")"))
    # A tuple is written without its brackets, as people write it.
    args = [re.sub(r"=\((.*)\)$", r"=\1", part.strip()).replace(", ", ",") for part in parts if "=" in part]
    pairs: list[tuple[str, Any]] = [("optimizer_type", name.rsplit(".", 1)[-1])]
    return [*pairs, ("optimizer_args", args)] if args else pairs


def _network_args(text: str) -> list[tuple[str, Any]]:
    """The network's own arguments, which are recorded as JSON."""
    try:
        arguments = json.loads(text) if text else {}
    except (ValueError, RecursionError):
        return []
    return list(arguments.items()) if isinstance(arguments, dict) else []
