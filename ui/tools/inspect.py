"""The card that shows what a file is, with its metadata."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import gradio as gr

from core.errors import Lang, UserError
from core.formats.identify import identify
from core.reading import reading
from ui.parts.localized import Page, column, texts
from ui.parts.markup import esc, note, problems
from ui.settings.cards import titled
from ui.settings.identity import identity_facts
from ui.text import say
from ui.window import Window
from ui.window.error_page import guarded
from ui.window.paths import Offers

_METADATA_SHOWN = 60
_VALUE_SHOWN = 400


class InspectCard:
    """The card and its handler. It answers at once, so it has no job and no stop."""

    def __init__(self, window: Window, page: Page) -> None:
        self._window = window
        with column("card-inspect", "rw-card"):
            page.add(gr.HTML, titled("inspect.title", "inspect.lead"), padding=False)
            self.file = page.add(
                gr.Dropdown,
                texts(label="inspect.file"),
                choices=[],
                value=None,
                allow_custom_value=True,
                elem_id="inspect-file",
                elem_classes=["rw-browsable", "is-model"],
            )
            with gr.Row(elem_classes=["rw-buttons", "is-small"]):
                self.button = page.add(
                    gr.Button, texts(value="inspect.button"), elem_id="inspect-button", size="md"
                )
            self.found = gr.HTML(elem_id="inspect-found", elem_classes=["rw-maybe"], padding=False)

    def connect(self, lang: Any) -> None:
        """Bind the handler."""
        self.button.click(
            guarded(lambda data: self.inspect(data[self.file], data[lang]), self._window),
            {lang, self.file},
            self.found,
            api_visibility="private",
            show_progress="minimal",
        )

    def offer(self, found: Offers) -> dict[Any, Any]:
        """The list to pick a file from anew."""
        return {self.file: gr.update(choices=[(name, name) for name in found.models])}

    def inspect(self, text: Any, lang: Lang) -> str:
        """What a file is, with its metadata, as HTML."""
        if not str(text or "").strip():
            return note(say("inspect.none", lang))
        try:
            path = self._window.paths.confined(str(text))
            with reading(path, "E-MODEL-READ"):
                if not path.exists():
                    return note(say("identity.missing", lang), "bad")
                found = identify(path)
        except UserError as e:
            return problems(e.problems, lang)
        facts = identity_facts(found, path, lang) + problems(found.problems, lang)
        return facts + metadata(found.metadata, lang)


def metadata(found: Mapping[str, str], lang: Lang) -> str:
    """A file's metadata as a table of names and values."""
    if not found:
        return ""
    rows = "".join(
        f"<tr><td><code>{esc(name)}</code></td><td>{esc(_short(value))}</td></tr>"
        for name, value in sorted(found.items())[:_METADATA_SHOWN]
    )
    title = esc(say("inspect.metadata", lang))
    return (
        f'<details class="rw-table" open><summary>{title}</summary>'
        f"<table><tbody>{rows}</tbody></table></details>"
    )


def _short(value: object) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= _VALUE_SHOWN else f"{text[:_VALUE_SHOWN]}…"
