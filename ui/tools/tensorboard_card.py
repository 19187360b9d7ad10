"""The card that opens TensorBoard: one button, a link, and another button to close it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import gradio as gr

from core.errors import Lang, UserError
from ui.parts.localized import QUICK, Page, column, texts
from ui.parts.markup import bar, esc, note, problems
from ui.settings.cards import titled
from ui.settings.form import Form
from ui.text import say
from ui.window import Window
from ui.window.error_page import guarded, streamed

Update = dict[Any, Any]
LOGS = "logs"
"""Folder below the workspace that is shown when the form names none."""


class TensorBoardCard:
    """The card and its handlers. The process belongs to the window, so every page shows the same."""

    def __init__(self, window: Window, page: Page, form: Form) -> None:
        self._window, self._form = window, form
        self.parts: dict[str, Any] = {}
        with column("card-tensorboard", "rw-card"):
            page.add(gr.HTML, titled("board.title", "board.lead"), padding=False)
            with gr.Row(elem_classes=["rw-buttons", "is-small"]):
                for name in ("start", "stop"):
                    self.parts[name] = page.add(
                        gr.Button, texts(value=f"board.{name}"), elem_id=f"board-{name}", size="md"
                    )
            self.parts["said"] = gr.HTML(elem_id="board-said", elem_classes=["rw-maybe"], padding=False)

    def connect(self, lang: Any) -> None:
        """Bind the handlers."""
        parts, form = self.parts, self._form
        parts["start"].click(
            streamed(lambda data: self.start(form.raw(data), data[lang]), self._window),
            {lang, *form.inputs},
            parts["said"],
            api_visibility="private",
            show_progress="hidden",
        )
        parts["stop"].click(guarded(self.stop, self._window), lang, parts["said"], **QUICK)

    def start(self, raw: Mapping[str, Any], lang: Lang) -> Iterator[str]:
        """Open it on the log folder of the form, or on the workspace's own."""
        window = self._window
        try:
            typed = str(raw.get("log.logging_dir") or "").strip()
            folder = window.paths.confined(typed, "log.logging_dir") if typed else window.workspace / LOGS
            yield note(say("board.busy", lang)) + bar(None)
            for _ in window.tensorboard.start(folder):
                yield note(say("board.busy", lang)) + bar(None)
        except UserError as e:
            yield problems(e.problems, lang)
            return
        yield self.show(lang)

    def show(self, lang: Lang) -> str:
        """The link, and who can open it; nothing while it is closed."""
        board, paths = self._window.tensorboard, self._window.paths
        if not board.url or board.folder is None:
            return ""
        url = esc(board.url)
        link = f'<p class="rw-note is-good"><a href="{url}" target="_blank" rel="noopener">{url}</a></p>'
        folder = paths.short(str(board.folder))
        has_logs = board.folder.is_dir() and any(board.folder.rglob("*tfevents*"))
        said = note(say("board.open" if has_logs else "board.empty", lang, folder=folder))
        return link + said + ("" if paths.is_local else note(say("board.remote", lang), "warn"))

    def stop(self, lang: Lang) -> str:
        """Close it."""
        self._window.tensorboard.stop()
        return note(say("board.stopped", lang))
