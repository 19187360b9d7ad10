"""The demo's other belongings, which go when images of one's own come."""

from __future__ import annotations

import re
from pathlib import Path

from core.data.names import parse
from ui.dataset.folder_options import PLACES
from ui.settings.demo import is_demos
from ui.window import Window

BELONGINGS = (PLACES["reg"], "sample.sample_prompts", "save.output_name")
"""Regularization images, sample prompts and the result's name are of one subject, as the images are."""


def left(window: Window, target: Path) -> dict[str, str]:
    """What was the demo's in the form, and what it is for the images in a folder, `20_shs dog`."""
    _, words = parse(target.name) or (1, "")
    if not words or not is_demos(window, PLACES["train"]):
        return {}
    class_words = words.partition(" ")[2].strip() or words
    prompts = "\n".join([f"{words} --d 1", f"{words} --d 2", f"{class_words} --d 1"])
    values = dict(zip(BELONGINGS, ("", prompts, re.sub(r"\W+", "_", words).strip("_")), strict=True))
    return {key: value for key, value in values.items() if is_demos(window, key)}
