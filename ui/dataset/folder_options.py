"""The Dataset tab's options: where the images are, and everything else about them."""

from __future__ import annotations

from pathlib import Path

import gradio as gr

from core.data.names import parse
from ui.parts.localized import Page, column
from ui.parts.options import OPTIONS, groups_of
from ui.settings.cards import card, grid, titled
from ui.settings.form import Form

PLACES = {"train": "dataset.train_data_dir", "reg": "dataset.reg_data_dir"}
"""Kind of image -> option of its folder."""


def draw_places(page: Page, form: Form) -> None:
    """The card with the two folders."""
    with column("card-places", "rw-card"):
        page.add(gr.HTML, titled("group.data"), padding=False)
        grid(page, form, [OPTIONS[key] for key in PLACES.values()])


def draw_settings(page: Page, form: Form) -> None:
    """The cards with every other option of the dataset."""
    for group, options in groups_of("dataset"):
        rest = [option for option in options if option.key not in PLACES.values()]
        card(page, form, f"group.{group}", rest, f"data-{group}")


def holds_folders(path: Path) -> bool:
    """Whether folders like `20_sls frog` lie in it."""
    try:
        return any(parse(child.name) is not None and child.is_dir() for child in path.iterdir())
    except OSError:
        return False
