"""The card that brings pictures to a size, in a new folder."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import gradio as gr

from core.errors import Lang, UserError
from core.tools import resize
from ui.parts.job import Report
from ui.parts.job_progress import told
from ui.parts.localized import Page, column, texts, worded
from ui.parts.markup import note, problems
from ui.parts.options import one_of
from ui.settings.cards import titled
from ui.text import say
from ui.tools.job_buttons import WorkButtons
from ui.window import Window
from ui.window.paths import file_name

Data = Mapping[Any, Any]
PLACE = "resized"
"""Folder below the workspace that new folders are made in."""


class ResizeCard:
    """The card and its handlers."""

    def __init__(self, window: Window, page: Page) -> None:
        self._window = window
        self.parts: dict[str, Any] = {}
        parts, place = self.parts, window.paths.short(str(window.workspace / PLACE))

        def fits(lang: Lang) -> list[tuple[str, str]]:
            return [(worded(words, lang), name) for name, words in resize.FITS.items()]

        with column("card-resize", "rw-card"):
            page.add(gr.HTML, titled("resize.title", "resize.lead"), padding=False)
            parts["source"] = page.add(
                gr.Textbox,
                texts(label="resize.source", info="resize.source.info"),
                max_lines=1,
                elem_id="resize-source",
            )
            parts["fit"] = page.add(
                gr.Radio,
                {**texts(label="resize.fit"), "choices": fits},
                value="crop",
                elem_id="resize-fit",
                elem_classes=["rw-plain"],
            )
            with column("", "rw-grid"):
                parts["size"] = page.add(
                    gr.Textbox,
                    texts(label="resize.size", info="resize.size.info"),
                    value="512",
                    max_lines=1,
                    elem_id="resize-size",
                )
                info = {"info": lambda lang: say("resize.name.info", lang, folder=place)}
                parts["name"] = page.add(
                    gr.Textbox, {**texts(label="resize.name"), **info}, max_lines=1, elem_id="resize-name"
                )
            self.buttons = WorkButtons(window, page, "resize", "resize.button")
            parts["result"] = gr.HTML(elem_id="resize-result", elem_classes=["rw-maybe"], padding=False)

    def connect(self, lang: Any) -> None:
        """Bind the handlers."""
        parts = self.parts
        self.buttons.connect(
            lambda data: self.start(data, data[lang]),
            {lang, *(parts[name] for name in ("source", "size", "fit", "name"))},
            parts["result"],
        )

    def start(self, data: Data, lang: Lang) -> Iterator[str]:
        """Resize the folder on a thread; pictures that are there already are left as they are."""
        parts, job = self.parts, self._window.resize
        try:
            source = self._window.paths.confined(str(data[parts["source"]] or ""))
            target = self._window.workspace / PLACE / file_name(str(data[parts["name"]] or ""))
            size = resize.parse_size(str(data[parts["size"]] or ""))
            fit = one_of(data[parts["fit"]], resize.FITS, "resize.fit")
        except UserError as e:
            yield problems(e.problems, lang)
            return
        settings = resize.ResizeSettings(size, fit, skip_existing=True)

        def work(report: Report) -> resize.Report:
            return resize.resize_folder(source, target, settings, report, job.control)

        def done(lang: Lang) -> str:
            first, *_ = job.result.text(target, lang).splitlines()
            return note(first, "good") + problems(job.result.problems, lang)

        yield from told(job, work, done, lang)
