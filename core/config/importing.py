"""Other trainers' settings -> ours: a command line, an sd-scripts TOML, a kohya_ss JSON, LoRA metadata."""

from __future__ import annotations

import json
import re
import shlex
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from core.config.check import Reading, take
from core.errors import ConfigError, Problem

# kohya_ss's GUI keeps its own names for some options of the scripts.
_KOHYA_GUI: Mapping[str, str] = {
    "max_resolution": "resolution",
    "epoch": "max_train_epochs",
    "optimizer": "optimizer_type",
    "learning_rate_te": "text_encoder_lr",
    "stop_text_encoder_training_pct": "stop_text_encoder_training",
}
# Metadata of a trained LoRA file: ss_<name> -> the option's name.
# fmt: off
_SAME_IN_METADATA = (
    "learning_rate", "unet_lr", "text_encoder_lr", "max_train_steps", "lr_warmup_steps", "lr_scheduler",
    "network_module", "network_dim", "network_alpha", "network_dropout", "mixed_precision", "seed",
    "clip_skip", "max_token_length", "cache_latents", "gradient_checkpointing",
    "gradient_accumulation_steps", "noise_offset", "min_snr_gamma", "prior_loss_weight",
    "max_grad_norm", "enable_bucket", "min_bucket_reso", "max_bucket_reso", "bucket_no_upscale",
    "flip_aug", "color_aug", "random_crop", "shuffle_caption", "keep_tokens", "caption_dropout_rate",
    "caption_tag_dropout_rate",
)
# fmt: on
_METADATA: Mapping[str, str] = {name: name for name in _SAME_IN_METADATA} | {
    "batch_size_per_device": "train_batch_size",
    "num_epochs": "max_train_epochs",
}


@dataclass(frozen=True)
class Imported:
    """values: {"section.name": value}. report: what was read as what, what is not needed, what is unknown."""

    source: str
    values: Mapping[str, Any]
    report: tuple[Problem, ...]


def import_text(text: str) -> Imported:
    """Settings from pasted or loaded text, whichever kind it is. Raises ConfigError when it is none."""
    text = text.lstrip("\ufeff").strip()
    if text.startswith("{"):
        return _imported("kohya_ss JSON", _json_pairs(text))
    if re.search(r"(^|\s)--\w", text):
        return _imported("command line", _command_pairs(text))
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as e:
        raise ConfigError(
            Problem(
                "E-IMPORT",
                f"this is neither a command line with --options, nor TOML, nor JSON ({e}).",
                f"「--オプション」のあるコマンドライン・TOML・JSONのいずれでもありません（{e}）。",
            )
        ) from e
    return _imported("TOML", _flat(document))


def import_metadata(metadata: Mapping[str, str]) -> Imported:
    """The settings a LoRA was trained with, as far as its metadata tells them."""
    pairs = [
        (_METADATA[name[3:]], _typed(value))
        for name, value in metadata.items()
        if name.startswith("ss_") and name[3:] in _METADATA and value not in ("None", "")
    ]
    if not pairs:
        raise ConfigError(
            Problem(
                "E-IMPORT-METADATA",
                "this file does not tell how it was trained.",
                "このファイルには学習時の設定が記録されていません。",
            )
        )
    return _imported("metadata", pairs)


def _imported(source: str, pairs: Iterable[tuple[str, Any]]) -> Imported:
    reading = Reading()
    for name, value in pairs:
        take(reading, (name,), value)
    if "network.method" not in reading.values:
        has_network = any(key.startswith("network.") for key in reading.values)
        reading.values["network.method"] = "lora" if has_network else "none"
    return Imported(source, reading.values, tuple(problem for _, problem in reading.problems))


def _flat(document: Mapping[str, Any]) -> list[tuple[str, Any]]:
    """Sections of an sd-scripts config file are decoration."""
    pairs: list[tuple[str, Any]] = []
    for name, value in document.items():
        pairs += _flat(value) if isinstance(value, dict) else [(name, value)]
    return [pair for pair in pairs if pair[0] != "format"]


def _json_pairs(text: str) -> list[tuple[str, Any]]:
    try:
        document = json.loads(text)
    except json.JSONDecodeError as e:
        raise ConfigError(
            Problem(
                "E-IMPORT", f"this is not JSON: {e.msg}.", f"JSONとして読めません：{e.msg}。", line=e.lineno
            )
        ) from e
    pairs = []
    for name, value in document.items():
        typed = _typed(value) if isinstance(value, str) else value
        # The GUI writes every field it has; an empty or zero one was left alone.
        if typed in ("", None, [], 0, False, "None"):
            continue
        if name == "xformers":
            typed, name = True, typed
        pairs.append((_KOHYA_GUI.get(name, name), typed))
    return pairs


def _command_pairs(text: str) -> list[tuple[str, Any]]:
    """Options of the training script; those of `accelerate launch` before it are left to accelerate."""
    joined = re.sub(r"[\\^`]\s*\n", " ", text)
    try:
        words = shlex.split(joined.replace("\\", "\\\\"))
    except ValueError as e:
        raise ConfigError(
            Problem("E-IMPORT", f"a quote is not closed ({e}).", f"引用符が閉じられていません（{e}）。")
        ) from e
    script = next((i for i, word in enumerate(words) if word.endswith(".py")), -1)
    pairs: list[tuple[str, Any]] = []
    if script >= 0 and words[script].endswith("train_network.py"):
        pairs.append(("network_module", "networks.lora"))
    values: list[str] = []
    name = ""
    for word in [*words[script + 1 :], "--"]:
        if not word.startswith("--"):
            values.append(word)
            continue
        if name:
            pairs.append((name, _option_value(values)))
        name, separator, value = word[2:].partition("=")
        values = [value] if separator else []
    named = dict(pairs[1:] if pairs and pairs[0][0] == "network_module" else pairs)
    return [p for i, p in enumerate(pairs) if not (i == 0 and p[0] == "network_module" and p[0] in named)]


def _option_value(values: list[str]) -> Any:
    if not values:
        return True
    # A path with blanks that was not quoted is put together again; lists belong to *_args.
    if len(values) == 1:
        return _typed(values[0])
    return values if all("=" in value for value in values) else " ".join(values)


def _typed(text: Any) -> Any:
    """A number or a truth value when the text is one, else the text."""
    if not isinstance(text, str):
        return text
    if text in ("True", "true"):
        return True
    if text in ("False", "false"):
        return False
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return text
