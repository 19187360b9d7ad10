"""How a person uses each tool of the Tools tab: what is typed where, and what is pressed."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from PIL import Image

from tests.tiny import make_tiny
from tests.tools.tiny_adapter import tiny_adapter
from tests.ui.stage import Shown
from ui.window import PROJECT


class Use(NamedTuple):
    """fields: what is typed, by the option's name; {name} is one of the files. made: what is there then."""

    fields: Mapping[str, str]
    made: str
    said: tuple[str, str]


USES: Mapping[str, Use] = {
    "merge-adapters": Use(
        {"adapters": "{frog}\n{style}", "strengths": "1, 0.5", "name": "frog_and_style"},
        "models/frog_and_style.safetensors",
        ("of rank 6", "ランク6"),
    ),
    "resize-adapter": Use(
        {"source": "{frog}", "rank": "2", "name": "frog_rank2"},
        "models/frog_rank2.safetensors",
        ("Relative error", "相対誤差"),
    ),
    "convert-adapter": Use(
        {"source": "{frog}", "name": "frog_diffusers"}, "models/frog_diffusers.safetensors", ("Saved", "保存")
    ),
    "extract": Use(
        {"base": "{base}", "tuned": "{tuned}", "rank": "2", "name": "extracted"},
        "models/extracted.safetensors",
        ("of rank 2", "ランク2"),
    ),
    "merge-model": Use(
        {"model": "{base}", "adapters": "{frog}", "name": "base_with_frog"},
        "models/base_with_frog.safetensors",
        ("Saved", "保存"),
    ),
    "convert": Use(
        {"source": "{base}", "name": "base_copy"}, "models/base_copy.safetensors", ("Saved", "保存")
    ),
    "resize": Use(
        {"source": "{images}", "resolution": "64", "name": "small"},
        "resized/small/1_sls frog",
        ("images", "枚"),
    ),
    "regularize": Use(
        {"prompt": "frog", "count": "2", "steps": "2"}, "datasets/reg/1_frog", ("2 images", "2枚")
    ),
}
"""Each tool whose card comes from its declaration."""


def files(folder: Path) -> dict[str, str]:
    """What the tools are used on: a model, another of other weights, two adapters, images."""
    folder.mkdir(parents=True)
    base = make_tiny(folder / "base.safetensors")
    tuned = make_tiny(folder / "tuned.safetensors", seed=1)
    frog, style = (
        tiny_adapter(folder / "frog.safetensors"),
        tiny_adapter(folder / "style.safetensors", rank=2),
    )
    images = folder / "images" / "1_sls frog"
    shutil.copytree(PROJECT / "demo" / "train" / "20_sls frog", images)
    Image.new("RGB", (90, 70), (40, 90, 200)).save(images / "pond.png")
    found = {"base": base, "tuned": tuned, "frog": frog, "style": style, "images": images.parent}
    return {name: str(path) for name, path in found.items()}


def use(page: Shown, name: str, given: Mapping[str, str]) -> None:
    """Fill the card of a tool in and press its button; back once it says that it is done."""
    page.tool(f"card-{name}")
    for option, text in USES[name].fields.items():
        page.fill(f"{name}-{option}", text.format(**given))
    page.page.locator(f"#{name}-start").click()
    page.page.locator(f"#{name}-result .rw-note.is-good").first.wait_for()
