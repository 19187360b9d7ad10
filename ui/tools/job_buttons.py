"""The two buttons of a card whose work goes on for a while: one starts it, one stops it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import gradio as gr

from ui.parts.localized import QUICK, Page, texts
from ui.window import Window
from ui.window.error_page import guarded, streamed


class WorkButtons:
    """name: of the window's job, and of the buttons' ids.

    Stop is there only while its card shows a bar (page.css).
    """

    def __init__(self, window: Window, page: Page, name: str, words: str) -> None:
        self._window, self._name = window, name
        with gr.Row(elem_classes=["rw-buttons", "is-small"]):
            self._start = page.add(gr.Button, texts(value=words), elem_id=f"{name}-start", size="md")
            self._stop = page.add(
                gr.Button,
                texts(value="job.stop"),
                elem_id=f"{name}-stop",
                elem_classes=["rw-stop"],
                size="md",
            )

    def connect(self, start: Callable[[Any], Iterator[Any]], inputs: set[Any], outputs: Any) -> None:
        """Bind the handlers. start: does the work and tells of it, from what the inputs hold."""
        self._start.click(
            streamed(start, self._window),
            inputs,
            outputs,
            api_visibility="private",
            trigger_mode="once",
            show_progress="hidden",
            concurrency_id=self._name,
            concurrency_limit=4,
        )
        self._stop.click(guarded(self.stop, self._window), None, None, **QUICK)

    def stop(self) -> None:
        """After what is at hand: a picture, a step of drawing, a tensor."""
        getattr(self._window, self._name).control.stop(save=False)
