"""What the metadata of a file tells of its training, whoever wrote it: settings, tags and folders of images.

Everything here comes from a stranger's file: texts are short, in one line, and what is damaged is left out.
"""

from __future__ import annotations

import json
import re
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from core.catalog import Words

_LONGEST = 200
_LARGEST_TABLE = 32_000_000
"""Letters of a table that is read; the tags of a hundred thousand captions are less."""
_MOST = 1000
"""Tags and folders that are told."""


class TaggedFolder(NamedTuple):
    """A folder of images. repeats, images: 0 where it is not told."""

    name: str
    repeats: int
    images: int
    is_reg: bool


@dataclass(frozen=True)
class Training:
    """facts: name of one -> its value, of those that are told. tags: with counts, most frequent first."""

    facts: Mapping[str, str]
    tags: tuple[tuple[str, int], ...]
    folders: tuple[TaggedFolder, ...]

    def __bool__(self) -> bool:
        return bool(self.facts or self.tags or self.folders)


_FACTS: Mapping[str, str] = {
    "network_dim": "network_dim", "network_alpha": "network_alpha", "learning_rate": "learning_rate",
    "unet_lr": "unet_lr", "text_encoder_lr": "text_encoder_lr", "optimizer": "optimizer",
    "lr_scheduler": "lr_scheduler", "steps": "steps", "epochs": "epoch", "batch_size": "total_batch_size",
    "images": "num_train_images", "reg_images": "num_reg_images", "resolution": "resolution",
    "min_snr_gamma": "min_snr_gamma", "noise_offset": "noise_offset", "clip_skip": "clip_skip",
    "seed": "seed", "model": "sd_model_name", "comment": "training_comment",
}  # fmt: skip
FACT_WORDS: Mapping[str, Words] = {
    "method": Words("method", "学習方法"),
    "network_dim": Words("rank", "ランク"),
    "network_alpha": Words("alpha", "alpha"),
    "learning_rate": Words("learning rate", "学習率"),
    "unet_lr": Words("learning rate of the U-Net", "U-Netの学習率"),
    "text_encoder_lr": Words("learning rate of the text encoder", "Text Encoderの学習率"),
    "optimizer": Words("optimizer", "オプティマイザー"),
    "lr_scheduler": Words("schedule", "スケジューラー"),
    "steps": Words("steps", "ステップ数"),
    "epochs": Words("epochs", "エポック数"),
    "batch_size": Words("batch size", "バッチサイズ"),
    "images": Words("images with repeats", "画像数（繰り返しを含む）"),
    "reg_images": Words("regularization images", "正則化画像の数"),
    "resolution": Words("resolution", "解像度"),
    "min_snr_gamma": Words("min-SNR gamma", "min-SNR gamma"),
    "noise_offset": Words("noise offset", "noise offset"),
    "clip_skip": Words("clip skip", "clip skip"),
    "seed": Words("seed", "シード"),
    "model": Words("base model", "元モデル"),
    "date": Words("date", "日時"),
    "comment": Words("comment", "コメント"),
    "tags": Words("most frequent tags", "最も多いタグ"),
}


def of(metadata: Mapping[str, str]) -> Training:
    """What is told in sd-scripts' names (ss_*), which most trainers write, and in modelspec's."""
    told = {"method": _method(metadata)}
    told |= {name: _plain(metadata.get(f"ss_{key}", "")) for name, key in _FACTS.items()}
    # "torch.optim.adamw.AdamW(weight_decay=0.1)" -> "AdamW(weight_decay=0.1)"
    told["optimizer"] = re.sub(r"^[\w.]*\.(?=\w)", "", told["optimizer"])
    told["resolution"] = re.sub(r"^[(\[](\d+), (\d+)[)\]]$", r"\1x\2", told["resolution"])
    facts = {name: text for name, text in told.items() if text}
    if facts and (date := _date(metadata)):
        facts["date"] = date
    return Training(facts, _tags(metadata), _folders(metadata))


def _plain(text: str) -> str:
    """A value of metadata in one line; "" for those that say that there is none."""
    return "" if text in ("None", "", "0") else " ".join(text.split())[:_LONGEST]


def _method(metadata: Mapping[str, str]) -> str:
    """What is trained, as LyCORIS and sd-scripts call it."""
    module = _plain(metadata.get("ss_network_module", ""))
    arguments = _table(metadata.get("ss_network_args", ""))
    if not module:
        return ""
    if not module.startswith(("lycoris", "locon")):
        name = module.rpartition(".")[2]
        named = {"lora": "LoCon" if "conv_dim" in arguments else "LoRA", "loha": "LoHa", "lokr": "LoKr"}
        return named.get(name, name)
    algorithm = _plain(str(arguments.get("algo", "lora")))
    named = {"lora": "LoCon", "locon": "LoCon", "loha": "LoHa", "lokr": "LoKr", "diag-oft": "OFT"}
    is_dora = str(arguments.get("dora_wd", "")).lower() == "true"
    return named.get(algorithm, algorithm) + (" (DoRA)" if is_dora else "")


def _date(metadata: Mapping[str, str]) -> str:
    """When it was made, 2026-11-29 18:05."""
    written = _plain(metadata.get("modelspec.date", ""))
    if found := re.match(r"(\d{4}-\d\d-\d\d)T(\d\d:\d\d)", written):
        return f"{found[1]} {found[2]}"
    try:
        ended = float(metadata.get("ss_training_finished_at", ""))
        return time.strftime("%Y-%m-%d %H:%M", time.localtime(ended))
    except (ValueError, OverflowError, OSError):
        return ""


def _tags(metadata: Mapping[str, str]) -> tuple[tuple[str, int], ...]:
    """The tags of all folders, with how many images have them."""
    counts: Counter[str] = Counter()
    try:
        for tags in _table(metadata.get("ss_tag_frequency", "")).values():
            counts.update({_plain(str(tag)): int(count) for tag, count in tags.items()})
    except (ValueError, TypeError, AttributeError, OverflowError):
        return ()
    return tuple((tag, count) for tag, count in counts.most_common(_MOST) if tag)


def _folders(metadata: Mapping[str, str]) -> tuple[TaggedFolder, ...]:
    found: list[TaggedFolder] = []
    for name, is_reg in (("ss_dataset_dirs", False), ("ss_reg_dataset_dirs", True)):
        for folder, told in _table(metadata.get(name, "")).items():
            values = told if isinstance(told, dict) else {}
            found.append(
                TaggedFolder(_plain(folder), _count(values, "n_repeats"), _count(values, "img_count"), is_reg)
            )
    return tuple(found[:_MOST])


def _count(values: Mapping[str, Any], name: str) -> int:
    value = values.get(name)
    return value if type(value) is int and 0 < value < 1e12 else 0


def _table(text: str) -> dict[str, Any]:
    """A table in JSON; an empty one for what is none."""
    try:
        table = json.loads(text) if text and len(text) <= _LARGEST_TABLE else {}
    except (ValueError, RecursionError):
        return {}
    return table if isinstance(table, dict) else {}
