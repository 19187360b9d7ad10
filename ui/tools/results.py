"""The card that lists what runs have made, each to be fetched."""

from __future__ import annotations

from typing import Any

import gradio as gr

from core.errors import Lang
from ui.parts.localized import QUICK, Page, column, texts
from ui.parts.markup import as_of, esc, note
from ui.parts.numbers import minute
from ui.settings.cards import titled
from ui.settings.identity import size_text
from ui.text import say
from ui.window import Window
from ui.window.error_page import guarded
from ui.window.results import Result, download_html, results

MOST = 100


class ResultsCard:
    """The card and its handlers."""

    def __init__(self, window: Window, page: Page) -> None:
        self._window = window
        self.parts: dict[str, Any] = {}
        with column("card-results", "rw-card"):
            page.add(gr.HTML, titled("results.title", "results.lead"), padding=False)
            self.parts["list"] = gr.HTML(elem_id="results-list", elem_classes=["rw-maybe"], padding=False)
            with gr.Row(elem_classes=["rw-buttons", "is-small"]):
                self.parts["look"] = page.add(
                    gr.Button, texts(value="results.look"), elem_id="results-look", size="sm"
                )

    def connect(self, lang: Any) -> None:
        """Bind the handlers."""
        gr.on(
            [self.parts["look"].click, lang.input],
            guarded(self.show, self._window),
            [lang],
            self.parts["list"],
            **QUICK,
        )

    def show(self, lang: Lang) -> str:
        """The list as it stands."""
        listed = results(self._window)
        if not listed:
            return note(say("results.none", lang)) + as_of(lang)
        rows = "".join(_row(result, lang) for result in listed[:MOST])
        more = note(say("results.more", lang, n=len(listed) - MOST)) if len(listed) > MOST else ""
        return f'<ul class="rw-results">{rows}</ul>{more}{as_of(lang)}'


def _row(result: Result, lang: Lang) -> str:
    kind = say(f"results.kind.{result.kind}", lang)
    return (
        f"<li><div><b>{esc(result.name)}</b><span>{esc(kind)} · {esc(size_text(result.size_bytes))} · "
        f"{minute(result.seconds)}</span></div>{download_html(result.address, lang)}</li>"
    )
