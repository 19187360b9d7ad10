"""The log under a run: its last lines, to be copied or downloaded."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import gradio as gr

from core.errors import Lang
from ui.parts.markup import esc
from ui.parts.page import QUICK, Page, texts
from ui.run.show import log_html
from ui.text import say
from ui.window import Window
from ui.window.faults import guarded
from ui.window.run_view import RunView, log_lines

FILE = "log.txt"
MOST_BYTES = 1_000_000
"""Of the run's own log.txt, its end."""

_DOWNLOAD = """(text) => {
  if (text) {
    const link = document.createElement('a');
    link.href = URL.createObjectURL(new Blob([text], {type: 'text/plain'}));
    link.download = 'log.txt';
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 1000);
  }
  return '';
}"""


class RunLog:
    """The accordion with the log. Its parts stand among those of the panel."""

    def __init__(self, window: Window, page: Page) -> None:
        self._window = window
        self.parts: dict[str, Any] = {}
        self.parts["log_box"] = page.add(
            gr.Accordion, texts(label="run.log"), open=True, elem_id="run-log-box", visible=False
        )
        with self.parts["log_box"]:
            self.parts["log"] = gr.HTML(elem_id="run-log", padding=False)
            with gr.Row(elem_classes=["rw-buttons", "is-small"]):
                page.add(gr.HTML, {"value": _copy}, padding=False, elem_id="run-log-copy")
                self._download = page.add(
                    gr.Button, texts(value="run.log.download"), size="sm", elem_id="run-log-download"
                )
        self._text = gr.Textbox(visible=False, elem_id="run-log-text")

    def connect(self, lang: Any) -> None:
        """Bind the download. lang: the component that holds the page's language."""
        asked = self._download.click(
            guarded(lambda d: self.text(d[lang]), self._window), {lang}, self._text, **QUICK
        )
        asked.then(None, self._text, self._text, js=_DOWNLOAD, api_visibility="private")

    def show(self, view: RunView, lang: Lang) -> Mapping[Any, Any]:
        """The updates that show the log of a run."""
        return {
            self.parts["log"]: log_html(log_lines(view, lang)),
            self.parts["log_box"]: gr.update(visible=view.status != "idle", label=say("run.log", lang)),
        }

    def text(self, lang: Lang) -> str:
        """What the page shows, and after it the log.txt of the run folder, which tells of faults in full."""
        view, _ = self._window.look()
        shown = "\n".join(f"{line.clock}  {line.text}" for line in log_lines(view, lang))
        return f"{shown}\n\n{_end_of(view.folder / FILE) if view.folder else ''}".strip() + "\n"


def _end_of(path: Path) -> str:
    try:
        with path.open("rb") as file:
            file.seek(max(0, path.stat().st_size - MOST_BYTES))
            return file.read().decode("utf-8", "replace")
    except OSError:
        return ""


def _copy(lang: Lang) -> str:
    done = esc(say("run.log.copied", lang))
    return (
        f'<button type="button" class="rw-copy" data-copy="run-log" data-done="{done}">'
        f"{esc(say('run.log.copy', lang))}</button>"
    )
