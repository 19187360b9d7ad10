"""Buttons beside path fields that open the system's own dialog; none where others can reach the page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import gradio as gr

from core.errors import Lang
from ui.parts.localized import Page, texts
from ui.parts.options import OPTIONS, element_id
from ui.window import Window
from ui.window.dialog import is_here
from ui.window.error_page import guarded

SOURCE = "make.source"
"""The field of the images to copy, which belongs to no option."""

PICKED: Mapping[str, Sequence[str]] = {
    "model.base": ("model", "folder"),
    "model.vae": ("model", "folder"),
    "dataset.train_data_dir": ("folder",),
    "dataset.reg_data_dir": ("folder",),
    "save.output_dir": ("folder",),
    SOURCE: ("folder", "images"),
}
"""Field -> what may be chosen for it."""


class Picking:
    """The buttons and what they do."""

    def __init__(self, window: Window) -> None:
        self._window = window
        self.rows: list[Any] = []
        self._buttons: dict[tuple[str, str], Any] = {}

    def draw(self, page: Page, key: str) -> None:
        """The buttons of a field, right after it; nothing where there is no dialog."""
        if self._window.dialog is None or key not in PICKED:
            return
        name = f"{element_id(OPTIONS[key])}-pick" if key in OPTIONS else "make-source-pick"
        with gr.Row(elem_id=name, elem_classes=["rw-pick"], visible=False) as row:
            for kind in PICKED[key]:
                self._buttons[key, kind] = page.add(
                    gr.Button,
                    texts(value=f"pick.{kind}"),
                    size="sm",
                    elem_id=f"{name}-{kind}",
                    elem_classes=["rw-quiet"],
                )
        self.rows.append(row)

    def connect(self, lang: Any, fields: Mapping[str, Any]) -> list[Any]:
        """Bind the buttons; gives the events that fill a field. fields: components by key."""
        return [self._bind(key, kind, lang, fields[key]) for key, kind in self._buttons]

    def _bind(self, key: str, kind: str, lang: Any, field: Any) -> Any:
        def picked(chosen: Lang, request: gr.Request) -> Any:
            return self.pick(key, kind, chosen, request)

        return self._buttons[key, kind].click(
            guarded(picked, self._window),
            [lang],
            field,
            trigger_mode="once",
            show_progress="hidden",
            api_visibility="private",
            concurrency_id="dialog",
            concurrency_limit=1,
        )

    def show(self, request: Any) -> dict[Any, Any]:
        """The buttons are seen by whoever sits before this computer."""
        may = self._window.dialog is not None and is_here(request)
        return {row: gr.update(visible=may) for row in self.rows}

    def pick(self, key: str, kind: str, lang: Lang, request: Any) -> Any:
        """Ask for a file or folder, let it be read in this session, and put it into the field."""
        window = self._window
        if window.dialog is None or not window.paths.is_local or not is_here(request):
            return gr.skip()
        path = window.dialog.ask(kind, lang)
        if path is None or not path.exists():
            return gr.skip()
        window.paths.allow(path if path.is_dir() else path.parent)
        shown = window.paths.short(str(path))
        if key in OPTIONS:
            window.draft.keep({key: shown})
        return gr.update(value=shown)
