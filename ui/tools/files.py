"""The Tools tab: what a file is, and models converted to another format or precision."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import gradio as gr

from core import catalog
from core.catalog import Words
from core.errors import Lang, UserError
from core.formats.identify import identify
from core.reading import reading
from ui.parts.job import Report
from ui.parts.job_progress import told
from ui.parts.localized import Page, column, texts
from ui.parts.markup import esc, note, problems
from ui.parts.options import one_of
from ui.settings.cards import titled
from ui.settings.identity import identity_facts
from ui.text import say
from ui.tools.job_buttons import WorkButtons
from ui.window import Window
from ui.window.error_page import guarded
from ui.window.paths import file_name

Data = Mapping[Any, Any]
Update = dict[Any, Any]

_METADATA_SHOWN = 60
_VALUE_SHOWN = 400
FORMATS = tuple(name for name in catalog.SAVE_FORMATS if name != "auto")


def _choices(table: Mapping[str, Words]) -> Any:
    return lambda lang: [(words.ja if lang == "ja" else words.en, name) for name, words in table.items()]


class Tools:
    """The tab's two cards and their handlers."""

    def __init__(self, window: Window, page: Page) -> None:
        self._window = window
        self.parts: dict[str, Any] = {}
        self._draw_inspect(page)
        self._draw_convert(page)

    def _draw_inspect(self, page: Page) -> None:
        parts = self.parts
        with column("card-inspect", "rw-card"):
            page.add(gr.HTML, titled("inspect.title", "inspect.lead"), padding=False)
            parts["file"] = page.add(
                gr.Dropdown,
                texts(label="inspect.file"),
                choices=[],
                value=None,
                allow_custom_value=True,
                elem_id="inspect-file",
            )
            with gr.Row(elem_classes=["rw-buttons", "is-small"]):
                parts["inspect"] = page.add(
                    gr.Button, texts(value="inspect.button"), elem_id="inspect-button", size="md"
                )
            parts["found"] = gr.HTML(elem_id="inspect-found", elem_classes=["rw-maybe"], padding=False)

    def _draw_convert(self, page: Page) -> None:
        parts = self.parts
        precisions = {"auto": Words(*(say("convert.precision.keep", lang) for lang in ("en", "ja")))}
        precisions |= {name: words for name, words in catalog.SAVE_PRECISIONS.items() if name != "auto"}
        formats = {name: catalog.SAVE_FORMATS[name] for name in FORMATS}
        folder = self._window.paths.short(str(self._window.workspace / "models"))
        with column("card-convert", "rw-card"):
            page.add(gr.HTML, titled("convert.title", "convert.lead"), padding=False)
            parts["source"] = page.add(
                gr.Dropdown,
                texts(label="convert.source"),
                choices=[],
                value=None,
                allow_custom_value=True,
                elem_id="convert-source",
            )
            with column("", "rw-grid"):
                parts["as"] = page.add(
                    gr.Dropdown,
                    {**texts(label="convert.as"), "choices": _choices(formats)},
                    value=FORMATS[0],
                    filterable=False,
                    elem_id="convert-as",
                )
                parts["precision"] = page.add(
                    gr.Dropdown,
                    {**texts(label="convert.precision"), "choices": _choices(precisions)},
                    value="auto",
                    filterable=False,
                    elem_id="convert-precision",
                )
                parts["name"] = page.add(
                    gr.Textbox,
                    {
                        **texts(label="convert.name"),
                        "info": lambda lang: say("convert.name.info", lang, folder=folder),
                    },
                    max_lines=1,
                    elem_id="convert-name",
                )
            self.buttons = WorkButtons(self._window, page, "convert", "convert.button")
            parts["result"] = gr.HTML(elem_id="convert-result", elem_classes=["rw-maybe"], padding=False)

    def connect(self, lang: Any) -> None:
        """Bind the handlers."""
        parts = self.parts
        parts["inspect"].click(
            guarded(lambda data: self.inspect(data[parts["file"]], data[lang]), self._window),
            {lang, parts["file"]},
            parts["found"],
            api_visibility="private",
            show_progress="minimal",
        )
        typed = {lang, *(parts[name] for name in ("source", "as", "precision", "name"))}
        self.buttons.connect(lambda data: self.convert(data, data[lang]), typed, parts["result"])

    def offer(self, models: tuple[str, ...]) -> Update:
        """Updates that put these files into the lists to pick from."""
        choices = [(name, name) for name in models]
        return {self.parts[part]: gr.update(choices=choices) for part in ("file", "source")}

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
        return (
            identity_facts(found, path, lang)
            + problems(found.problems, lang)
            + metadata(found.metadata, lang)
        )

    def convert(self, data: Data, lang: Lang) -> Iterator[str]:
        """Write the model anew below the workspace, on a thread, telling how far it is."""
        parts, job = self.parts, self._window.convert
        try:
            source = self._window.paths.confined(str(data[parts["source"]] or ""))
            save_as = one_of(data[parts["as"]], FORMATS, "convert.as")
            precision = one_of(data[parts["precision"]], catalog.SAVE_PRECISIONS, "convert.precision")
            target = self._target(str(data[parts["name"]] or ""), save_as)
        except UserError as e:
            yield problems(e.problems, lang)
            return
        if target.exists():
            yield note(say("convert.exists", lang, path=self._window.paths.short(str(target))), "bad")
            return

        def work(report: Report) -> Path:
            # Imported here: it brings torch with it, and the window must not wait for that.
            from core.tools.convert import convert

            return Path(convert(source, target, save_as, precision, report, job.control))

        def done(lang: Lang) -> str:
            return note(say("convert.done", lang, path=self._window.paths.short(str(job.result))), "good")

        yield from told(job, work, done, lang)

    def _target(self, name: str, save_as: str) -> Path:
        """Where the result goes. Raises UserError for a name that is none."""
        ending = f".{save_as}" if save_as in ("safetensors", "ckpt") else ""
        return self._window.workspace / "models" / f"{file_name(name)}{ending}"


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
