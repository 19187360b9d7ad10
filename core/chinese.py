"""Simplified Chinese, the third language: each wording is looked up by its English one."""

from __future__ import annotations

import functools
import json
from collections.abc import Mapping
from pathlib import Path

FILE = Path(__file__).with_suffix(".json")
"""English -> Chinese, sorted by the English; gaps such as {path} are the same in both."""


@functools.cache
def catalogue() -> Mapping[str, str]:
    """Every wording there is; read once."""
    wordings: Mapping[str, str] = json.loads(FILE.read_text("utf-8"))
    return wordings


def chinese(en: str) -> str:
    """The Chinese for an English wording, itself where there is none."""
    return catalogue().get(en, en)
