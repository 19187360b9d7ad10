"""The card that shows what a file is, what it was trained with and where it changes a model, its metadata."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import gradio as gr

from core.errors import Lang, UserError
from core.formats.identify import identify
from core.models import hub
from core.reading import reading
from core.tools.weights import Layer, layers_of
from ui.parts.localized import Page, column, texts
from ui.parts.markup import esc, note, problems
from ui.settings.cards import titled
from ui.settings.form import Form
from ui.settings.identity import identity_facts
from ui.text import say
from ui.tools.trained_html import training_html, weights_html
from ui.window import Window
from ui.window.error_page import streamed
from ui.window.paths import Offers

_METADATA_SHOWN = 120
_VALUE_SHOWN = 400
_TRAINED = frozenset({"lora", "lycoris", "model", "embedding", "controlnet"})
"""Kinds of files that somebody trained."""


class InspectCard:
    """The card and its handler. Its header is told at once, the weights of an adapter seconds later."""

    def __init__(self, window: Window, page: Page, form: Form) -> None:
        self._window, self._base = window, form.components["model.base"]
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
                    gr.Button,
                    texts(value="inspect.button"),
                    elem_id="inspect-button",
                    size="md",
                    variant="primary",
                )
            self.found = gr.HTML(elem_id="inspect-found", elem_classes=["rw-maybe"], padding=False)

    def connect(self, lang: Any) -> None:
        """Bind the handler."""
        self.button.click(
            streamed(lambda data: self.look(data[self.file], data[lang], data[self._base]), self._window),
            {lang, self.file, self._base},
            self.found,
            api_visibility="private",
            show_progress="minimal",
        )

    def offer(self, found: Offers) -> dict[Any, Any]:
        """The list to pick a file from anew."""
        return {self.file: gr.update(choices=[(name, name) for name in found.models])}

    def look(self, text: Any, lang: Lang, base: Any = "") -> Iterator[str]:
        """What a file is as HTML, and then once more with the chart of its weights, where it has one.

        base: the model of the form, for adapters whose change depends on it.
        """
        told, texts, path = self._told(text, lang)
        if path is None:
            yield told + texts
            return
        yield told + note(say("inspect.weights.wait", lang)) + texts
        try:
            with reading(path, "E-MODEL-READ"):
                layers, _ = layers_of(path)
                is_whole = all(layer.norm is not None for layer in layers)
                layers = layers if is_whole else self._on(path, base) or layers
        except UserError as e:
            yield told + problems(e.problems, lang) + texts
        else:
            yield told + weights_html(layers, lang) + texts

    def _on(self, path: Path, base: Any) -> list[Layer]:
        """The layers of an adapter on the form's base model, none where it is not for that."""
        try:
            model = hub.here(self._window.paths.model(str(base or "")))
            return layers_of(path, str(model))[0] if model is not None else []
        except UserError:
            return []

    def inspect(self, text: Any, lang: Lang) -> str:
        """What a file is, with its metadata, as HTML."""
        told, texts, _ = self._told(text, lang)
        return told + texts

    def _told(self, text: Any, lang: Lang) -> tuple[str, str, Path | None]:
        """What a file is, its metadata, and the path of an adapter, whose weights can be looked at."""
        if not str(text or "").strip():
            return note(say("inspect.none", lang)), "", None
        try:
            path = self._window.paths.confined(str(text))
            with reading(path, "E-MODEL-READ"):
                if not path.exists():
                    return note(say("identity.missing", lang), "bad"), "", None
                found = identify(path)
        except UserError as e:
            return problems(e.problems, lang), "", None
        told = identity_facts(found, path, lang) + problems(found.problems, lang)
        if found.kind in _TRAINED:
            told += training_html(found.metadata, lang)
        is_adapter = found.kind in ("lora", "lycoris") and not found.problems
        return told, metadata(found.metadata, lang), path if is_adapter else None


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
        f'<details class="rw-table"><summary>{title}</summary><table><tbody>{rows}</tbody></table></details>'
    )


def _short(value: object) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= _VALUE_SHOWN else f"{text[:_VALUE_SHOWN]}…"
