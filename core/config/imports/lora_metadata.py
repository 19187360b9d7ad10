"""The metadata that sd-scripts and this program write into a LoRA file -> pairs of option name and value."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Mapping
from typing import Any

from core.catalog import Role
from core.config import sd_scripts
from core.config.imports import for_family, messages
from core.config.schema.run import OPTIONS
from core.counting import listed
from core.errors import ConfigError, Problem
from core.families import FAMILIES, FamilySpec
from core.formats import known_families

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


RECIPE = "rareword_recipe"
"""In files that are saved here: the options that differ from their defaults, by their full names, as JSON."""

Pairs = list[tuple[str, Any]]


def settings(metadata: Mapping[str, str], names: Collection[str] = ()) -> tuple[Pairs, list[Problem]]:
    """Pairs of option name and value, and what there is to say about them.

    names: of the file's tensors; a part of the model that has none of them was not trained.
    Raises ConfigError when nothing of a training is told, or of one of models that can't be trained here.
    """
    named = known_families.of_metadata(metadata)
    if named and named not in FAMILIES:
        raise ConfigError(
            messages.OTHER_FAMILY(family=known_families.FAMILY_NAMES[named], families=for_family.families())
        )
    recipe = _recipe(metadata)
    pairs, notes = (recipe, []) if recipe else _records(metadata)
    if not pairs:
        raise ConfigError(messages.NO_METADATA())
    prediction = known_families.prediction_of(metadata)
    told = (("model.family", named), ("model.prediction", prediction))
    given = {name for name, _ in pairs}
    pairs += [(name, value) for name, value in told if value and name not in given]
    resting, more = _resting(FAMILIES.get(named), names)
    rest = {key for key, _ in resting}
    kept = [(name, value) for name, value in pairs if sd_scripts.ALIASES.get(name, name) not in rest]
    return [*kept, *resting], [*notes, *more]


def _recipe(metadata: Mapping[str, str]) -> Pairs:
    """The options that shaped a model that was trained here, and its seed; all else of a user is left out."""
    values = _table(metadata.get(RECIPE, ""))
    return [
        (name, value)
        for name, value in values.items()
        if name == "train.seed" or name not in OPTIONS or not OPTIONS[name].is_personal
    ]


def trained_word(metadata: Mapping[str, str]) -> str:
    """The word that a file was taught here; "" where it does not tell."""
    word = _table(metadata.get(RECIPE, "")).get("embedding.token_string")
    return word if isinstance(word, str) and len(word) <= _LONGEST_WORD else ""


_LONGEST_WORD = 60

_RATES: Mapping[Role, str] = {"denoiser": "unet_lr", "text": "text_encoder_lr"}
"""Of [train], for parts that have none of their own."""


def _resting(family: FamilySpec | None, names: Collection[str]) -> tuple[Pairs, list[Problem]]:
    """A learning rate of 0 for each part that a LoRA has no weights for, in whatever names it is written.

    sd-scripts does not record that the text encoders were left alone.
    """
    pairs: Pairs = []
    notes: list[Problem] = []
    for part in family.adaptable if family else []:
        starts = (f"{part.lora_prefix}_", f"{part.name}.")
        if names and not any(name.startswith(starts) for name in names):
            key = f"train.{(*part.rates, _RATES[part.role])[0]}"
            pairs.append((key, 0.0))
            notes.append(messages.NO_WEIGHTS_OF_PART(part=part.name, option=key))
    is_none = family is not None and len(pairs) == len(family.adaptable)
    return ([], []) if is_none else (pairs, notes)


def _records(metadata: Mapping[str, str]) -> tuple[Pairs, list[Problem]]:
    """What sd-scripts records, and what is recorded that is not known here."""
    records = {
        name.removeprefix("ss_"): value
        for name, value in metadata.items()
        if name.startswith("ss_") and isinstance(value, str) and value not in _LEFT_ALONE
    }
    pairs: Pairs = []
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
    return pairs, [_unknown(unknown)] if unknown else []


_LEFT_ALONE = ("None", "", "{}", "[]", "Dynamic")


def _unknown(names: list[str]) -> Problem:
    return messages.UNKNOWN_RECORDS(names=listed([f"ss_{name}"[:60] for name in names]))


def _is_off(value: str) -> bool:
    """A switch that was off; sd-scripts records every one."""
    return value in ("False", "false")


_OUTSIDE_BRACKETS = re.compile(r",(?![^(\[]*[)\]])")


def _optimizer(value: str) -> Pairs:
    """ "bitsandbytes.optim.adamw.AdamW8bit(weight_decay=0.1)" -> its name and arguments."""
    name, _, arguments = value.partition("(")
    parts = _OUTSIDE_BRACKETS.split(arguments.removesuffix(")"))
    # A tuple is written without its brackets, as people write it.
    args = [re.sub(r"=\((.*)\)$", r"=\1", part.strip()).replace(", ", ",") for part in parts if "=" in part]
    pairs: Pairs = [("optimizer_type", name.rsplit(".", 1)[-1])]
    return [*pairs, ("optimizer_args", args)] if args else pairs


def _network_args(text: str) -> Pairs:
    """The network's own arguments, which are recorded as JSON."""
    return list(_table(text).items())


def _table(text: str) -> dict[str, Any]:
    """A table in JSON; an empty one for what is none."""
    try:
        table = json.loads(text) if text else {}
    except (ValueError, RecursionError):
        return {}
    return table if isinstance(table, dict) else {}
