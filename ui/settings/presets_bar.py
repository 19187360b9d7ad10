"""The bar on top: presets, run files opened and saved."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import gradio as gr

from core.config import check, preset, toml_io
from core.config.importing import Imported, import_metadata, import_text, is_dataset_config
from core.errors import Lang, Problem, UserError
from core.formats.header import read_header
from ui.parts.markup import note, problems
from ui.parts.options import OPTIONS, defaults
from ui.parts.page import QUICK, Page, texts, worded
from ui.settings import datasets
from ui.settings.difference import changes, difference_html
from ui.settings.form import WRITTEN, Form
from ui.text import say
from ui.window import Window
from ui.window.faults import guarded
from ui.window.paths import file_name

Data = Mapping[Any, Any]
Update = dict[Any, Any]

LARGEST_FILE = 1_000_000

_DOWNLOAD = """(text) => {
  if (text) {
    const link = document.createElement('a');
    link.href = URL.createObjectURL(new Blob([text], {type: 'application/toml'}));
    link.download = 'run.toml';
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 1000);
  }
  return '';
}"""


def recipe(values: Mapping[str, Any]) -> dict[str, Any]:
    """What a preset sets: its values over the defaults, since it names only what differs from them.

    What belongs to one subject is left alone: files and folders, the result's name, the sample prompts.
    """
    return {key: value for key, value in defaults().items() if not belongs_to_subject(key)} | dict(values)


def belongs_to_subject(key: str) -> bool:
    """Whether an option is about one subject and its files, and so no matter of a preset."""
    return bool(OPTIONS[key].meta.path) or key in ("save.output_name", "sample.sample_prompts")


def _read(path: Path) -> tuple[Mapping[str, Any], Sequence[Problem]]:
    """The settings in a file, ours or another trainer's, and what there is to say. Raises UserError."""
    if path.suffix.lower() == ".safetensors":
        return _taken(import_metadata(read_header(path).metadata))
    if path.stat().st_size > LARGEST_FILE:
        raise UserError(Problem("E-CFG-SIZE", *(say("file.too.big", lg) for lg in ("en", "ja"))))
    text = toml_io.read(path)
    if not re.search(r"(?m)^\s*format\s*=", text):
        return _taken(import_text(text))
    checked = check.check(text)
    return toml_io.values_of(checked.config), checked.notices


def _dataset_config(path: Path) -> str | None:
    """The text of the file where it is one that describes data sets."""
    if path.suffix.lower() == ".safetensors" or path.stat().st_size > LARGEST_FILE:
        return None
    text = toml_io.read(path)
    return text if is_dataset_config(text) else None


def _taken(imported: Imported) -> tuple[Mapping[str, Any], Sequence[Problem]]:
    """Another trainer's settings; files and names that it does not give stay as they are."""
    return recipe(imported.values), imported.report


class PresetsBar:
    """The components of the bar and their handlers. Presets are named by the page, found by the server."""

    def __init__(self, window: Window, form: Form) -> None:
        self._window, self._form = window, form
        self.parts: dict[str, Any] = {}

    def draw(self, page: Page) -> None:
        """The row that is always there."""
        parts = self.parts
        with gr.Row(elem_id="presets", elem_classes=["rw-presets"]):
            parts["choice"] = page.add(
                gr.Dropdown,
                {**texts(label="preset.label"), "choices": self.choices},
                value="",
                elem_id="preset-choice",
                filterable=False,
                show_label=False,
                container=False,
                scale=3,
                min_width=180,
            )
            parts["apply"] = page.add(
                gr.Button,
                texts(value="preset.apply"),
                size="md",
                elem_id="preset-apply",
                scale=0,
                min_width=90,
            )
        parts["note"] = gr.HTML(elem_id="preset-note", elem_classes=["rw-maybe"], padding=False)

    def draw_more(self, page: Page) -> None:
        """What is needed less often, folded away."""
        parts = self.parts
        with page.add(gr.Accordion, texts(label="preset.more"), open=False, elem_id="preset-more"):
            with gr.Row(elem_classes=["rw-buttons", "is-small"]):
                parts["open"] = page.add(
                    gr.UploadButton,
                    texts(label="file.open"),
                    file_types=[".toml", ".json", ".txt", ".safetensors"],
                    size="md",
                    elem_id="file-open",
                )
                parts["save"] = page.add(gr.Button, texts(value="file.save"), size="md", elem_id="file-save")
                parts["reset"] = page.add(
                    gr.Button, texts(value="file.reset"), size="md", elem_id="file-reset"
                )
            self._draw_import(page)
            self._draw_own(page)
            parts["said"] = gr.HTML(elem_id="preset-said", elem_classes=["rw-maybe"], padding=False)
        parts["text"] = gr.Textbox(visible=False, elem_id="file-text")

    def _draw_import(self, page: Page) -> None:
        """Settings of another trainer, pasted."""
        with gr.Row(elem_classes=["rw-presets"]):
            hint = texts(label="import.label", placeholder="import.hint")
            self._draw_field(page, "paste", hint, "import-text", lines=2, max_lines=10)
            self._draw_button(page, "take", "import.button", "import-take")

    def _draw_own(self, page: Page) -> None:
        """Presets of one's own: saved, renamed, deleted."""
        with gr.Row(elem_classes=["rw-presets"]):
            hint = texts(label="preset.name", placeholder="preset.name.hint")
            self._draw_field(page, "name", hint, "preset-name", max_lines=1)
            self._draw_button(page, "keep", "preset.save", "preset-save")
            for part in ("rename", "delete"):
                self._draw_button(page, part, f"preset.{part}", f"preset-{part}", visible=False)
        self.parts["asked"] = gr.State("")

    def _draw_field(self, page: Page, part: str, words: Mapping[str, Any], name: str, **more: Any) -> None:
        look = {"show_label": False, "container": False, "scale": 3, "min_width": 180}
        self.parts[part] = page.add(gr.Textbox, words, elem_id=name, **look, **more)

    def _draw_button(self, page: Page, part: str, value: str, name: str, **more: Any) -> None:
        look = {"size": "md", "scale": 0, "min_width": 110}
        self.parts[part] = page.add(gr.Button, texts(value=value), elem_id=name, **look, **more)

    def choices(self, lang: Lang) -> list[tuple[str, str]]:
        """Titles in this language and the names behind them."""
        found, _ = preset.presets(self._window.preset_folders)
        own = say("preset.own", lang)

        def title(p: preset.Preset) -> str:
            text = p.title.ja if lang == "ja" else p.title.en
            return f"{text} ({own})" if p.is_own else text

        return [(say("preset.none", lang), ""), *((title(p), self._name(p)) for p in found)]

    @staticmethod
    def _name(found: preset.Preset) -> str:
        return f"{'own' if found.is_own else 'shipped'}/{found.name}"

    def _chosen(self, name: Any) -> preset.Preset | None:
        """The preset of a name that the page sent; a name that is not in the list is nothing."""
        found, _ = preset.presets(self._window.preset_folders)
        return next((p for p in found if self._name(p) == name), None)

    def connect(self, lang: Any, outputs: list[Any]) -> list[Any]:
        """Bind the handlers. outputs: the form's components. Gives the events that fill the form."""
        parts, form = self.parts, self._form
        said = [parts["note"], parts["said"], parts["choice"]]

        def bind(event: Any, handler: Any, inputs: set[Any], to: list[Any]) -> Any:
            return event(guarded(handler, self._window), {lang, *inputs}, to, trigger_mode="once", **QUICK)

        choice, name, opened, paste = (parts[part] for part in ("choice", "name", "open", "paste"))
        filled = [*said, *outputs]
        own = [parts[part] for part in ("rename", "delete")]
        bind(
            choice.input,
            lambda d: self.describe(d[choice], form.raw(d), d[lang]),
            {choice, *form.inputs},
            [parts["note"], *own],
        )
        bind(
            parts["rename"].click,
            lambda d: self.rename(d[choice], d[name], d[lang]),
            {choice, name},
            [*said, *own],
        )
        bind(
            parts["delete"].click,
            lambda d: self.delete(d[choice], d[parts["asked"]], d[lang]),
            {choice, parts["asked"]},
            [*said, *own, parts["asked"]],
        )
        bind(
            parts["keep"].click,
            lambda d: self.keep(form.raw(d), d[name], d[lang]),
            {name, *form.inputs},
            said,
        )
        saving = bind(
            parts["save"].click,
            lambda d: self.save(form.raw(d), d[lang]),
            form.inputs,
            [parts["text"], *said],
        )
        saving.then(None, parts["text"], parts["text"], js=_DOWNLOAD, api_visibility="private")
        return [
            bind(parts["apply"].click, lambda d: self.apply(d[choice], d[lang]), {choice}, filled),
            bind(parts["reset"].click, lambda d: self.reset(d[lang]), set(), filled),
            bind(opened.upload, lambda d: self.open(d[opened], d[lang]), {opened}, filled),
            bind(parts["take"].click, lambda d: self.take(d[paste], d[lang]), {paste}, [*filled, paste]),
        ]

    def describe(self, name: Any, raw: Mapping[str, Any], lang: Lang) -> Update:
        """Whom a preset is for and why, where its values come from, and what it would change."""
        chosen = self._chosen(name)
        is_own = chosen is not None and chosen.is_own
        updates: Update = {
            self.parts["rename"]: gr.update(visible=is_own),
            self.parts["delete"]: gr.update(visible=is_own, value=say("preset.delete", lang)),
        }
        html = ""
        if chosen is not None:
            html = note(worded(chosen.note, lang))
            if worded(chosen.source, lang):
                html += note(say("preset.source", lang, text=worded(chosen.source, lang)))
            html += difference_html(changes(self._form, raw, recipe(chosen.values)), lang)
        return updates | {self.parts["note"]: html}

    def _listed(self, said: str, value: str, lang: Lang) -> Update:
        """The list of presets anew, with one of them chosen."""
        parts = self.parts
        hidden = {parts[name]: gr.update(visible=bool(value)) for name in ("rename", "delete")}
        chosen = gr.update(choices=self.choices(lang), value=value)
        return {parts["said"]: note(said, "good"), parts["choice"]: chosen, parts["note"]: ""} | hidden

    def rename(self, name: Any, wanted: Any, lang: Lang) -> Update:
        """Give the chosen preset of one's own the name that was typed."""
        chosen = self._chosen(name)
        if chosen is None or not chosen.is_own:
            return {self.parts["said"]: note(say("preset.choose", lang), "warn")}
        try:
            path = preset.rename(chosen, file_name(str(wanted or "")))
        except UserError as e:
            return {self.parts["said"]: problems(e.problems, lang)}
        return self._listed(say("preset.renamed", lang, name=path.stem), f"own/{path.stem}", lang)

    def delete(self, name: Any, asked: Any, lang: Lang) -> Update:
        """Remove the chosen preset of one's own, at the second click."""
        parts, chosen = self.parts, self._chosen(name)
        if chosen is None or not chosen.is_own:
            return {parts["said"]: note(say("preset.choose", lang), "warn"), parts["asked"]: ""}
        if asked != name:
            label = say("preset.delete.sure", lang, name=chosen.name)
            return {parts["delete"]: gr.update(value=label), parts["asked"]: name}
        chosen.path.unlink(missing_ok=True)
        return self._listed(say("preset.deleted", lang, name=chosen.name), "", lang) | {parts["asked"]: ""}

    def apply(self, name: Any, lang: Lang) -> Update:
        """Put the preset into the form."""
        chosen = self._chosen(name)
        if chosen is None:
            return {self.parts["note"]: note(say("preset.choose", lang), "warn")}
        title = chosen.title.ja if lang == "ja" else chosen.title.en
        values = recipe(chosen.values)
        for key in WRITTEN:
            if key in chosen.values:  # such as the guide's --logging_dir=logs: below the workspace here
                values[key] = str(self._window.workspace / str(chosen.values[key]))
        return self._filled(values) | {
            self.parts["note"]: note(say("preset.applied", lang, name=title), "good")
        }

    def reset(self, lang: Lang) -> Update:
        """Everything as in a window opened for the first time."""
        return self._filled(self._window.demo_values()) | {
            self.parts["said"]: note(say("file.reset.done", lang), "good")
        }

    def _filled(self, values: Mapping[str, Any]) -> Update:
        self._window.draft.keep(self._form.shown(values))
        return self._form.fill(values)

    def keep(self, raw: Mapping[str, Any], name: Any, lang: Lang) -> Update:
        """Save the settings as a preset of one's own, below the workspace and nowhere else."""
        parts = self.parts
        try:
            _, checked = self._form.check(raw, lang)
            values = toml_io.values_of(checked.config)
            path = preset.save(self._window.preset_folders[1], file_name(str(name or "")), values)
        except UserError as e:
            return {parts["said"]: problems(e.problems, lang)}
        return {
            parts["said"]: note(say("preset.saved", lang, name=path.stem), "good"),
            parts["choice"]: gr.update(choices=self.choices(lang), value=f"own/{path.stem}"),
        }

    def save(self, raw: Mapping[str, Any], lang: Lang) -> Update:
        """The run file's text for the browser to save; problems are told, and nothing is saved."""
        try:
            text, _ = self._form.check(raw, lang)
        except UserError as e:
            return {self.parts["said"]: problems(e.problems, lang), self.parts["text"]: ""}
        return {self.parts["text"]: text, self.parts["said"]: ""}

    def open(self, uploaded: Any, lang: Lang) -> Update:
        """Fill the form from a file, ours or another trainer's, or a LoRA's record of its own training."""
        path = Path(str(uploaded))
        try:
            if (text := _dataset_config(path)) is not None:
                return self._take_datasets(text, file_name(path.stem), lang)
            values, notices = _read(path)
        except UserError as e:
            return {self.parts["said"]: problems(e.problems, lang)}
        done = note(say("file.opened", lang, name=path.name), "good")
        return self._filled(values) | {self.parts["said"]: done + problems(notices, lang)}

    def _take_datasets(self, text: str, name: str, lang: Lang) -> Update:
        """Keep a dataset_config as a file and name it; all that is not about pictures stays as it is."""
        paths = self._window.paths
        values, n = datasets.keep(paths, text, name)
        file = paths.short(values[datasets.KEY])
        done = note(say("import.datasets", lang, path=file, n=n), "good")
        return self._filled(values) | {self.parts["said"]: done}

    def take(self, text: Any, lang: Lang) -> Update:
        """Fill the form from a pasted command of sd-scripts, its TOML or kohya_ss's JSON."""
        said = self.parts["said"]
        if not str(text or "").strip():
            return {said: note(say("import.empty", lang), "warn")}
        text = str(text)[:LARGEST_FILE]
        try:
            if is_dataset_config(text):
                return self._take_datasets(text, "pasted", lang) | {self.parts["paste"]: ""}
            values, notices = _taken(import_text(text))
        except UserError as e:
            return {said: problems(e.problems, lang)}
        return self._filled(values) | {said: problems(notices, lang), self.parts["paste"]: ""}
