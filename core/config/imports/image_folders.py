"""Folders of images that other programs' settings name -> the text of a dataset_config."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from core.catalog import Words
from core.config.file.toml_text import toml_value

MOST = 1000
"""Folders of one text."""

CAPTION_FILES = Words(
    "captions are read from a file beside each image", "キャプションは画像ごとのファイルから読みます"
)
"""Why captions from elsewhere are not taken."""


@dataclass
class Folder:
    """One folder of images. settings: keys of a subset in a dataset_config."""

    path: str
    settings: dict[str, Any] = field(default_factory=dict)


def dataset_config(folders: Sequence[Folder], general: Mapping[str, Any]) -> str:
    """The text of a dataset_config; "" where no folder is named. general: what holds for all of them."""
    if not folders:
        return ""
    lines = ["[general]", *_pairs(general), "", "[[datasets]]"]
    for folder in folders[:MOST]:
        lines += ["", "[[datasets.subsets]]", f"image_dir = {toml_value(folder.path)}"]
        lines += _pairs(folder.settings)
    return "\n".join(lines) + "\n"


def _pairs(values: Mapping[str, Any]) -> list[str]:
    return [f"{name} = {toml_value(value)}" for name, value in values.items()]


def ending(given: Any) -> str:
    """The ending of caption files with its dot: "txt" and ".txt" are the same."""
    text = str(given or "").strip()
    return text if text.startswith(".") or not text else f".{text}"
