"""The bar on top: presets, run files opened and saved."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import gradio as gr

from core.config import presets
from core.config.file import toml_text
from core.config.imports.messages import FOLDERS
from core.errors import Lang, Problem, UserError
from core.families import FAMILIES
from core.models import suited
from core.reading import reason
from ui.parts.localized import QUICK, Page, texts
from ui.parts.markup import note, problems
from ui.settings import datasets, preset_samples
from ui.settings.difference import changes, difference_html
from ui.settings.form import WRITTEN, Form
from ui.settings.messages import UNWRITTEN
from ui.settings.opening import Opened, open_file, open_text, report_html
from ui.settings.recipe import put, shown_then
from ui.text import say
from ui.window import Window
from ui.window.error_page import guarded
from ui.window.paths import file_name

Data = Mapping[Any, Any]
Update = dict[Any, Any]

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


@contextmanager
def _writing(path: Path) -> Iterator[None]:
    """Raises UserError where the disk does not take what is written, renamed or deleted."""
    try:
        yield
    except OSError as e:
        raise UserError(UNWRITTEN(path=path, why=reason(e))) from e


OTHERS = "others"
"""The line of the list that shows the presets for other models."""

_BUTTONS = ("delete", "cancel", "keep")
"""Buttons that ask before they act, and the one that answers no."""


class PresetsBar:
    """The components of the bar and their handlers. Presets are named by the page, found by the server."""

    def __init__(self, window: Window, form: Form) -> None:
        self._window, self._form = window, form
        self.parts: dict[str, Any] = {}

    def draw(self, page: Page) -> None:
        """The row that is always there."""
        parts = self.parts
        with gr.Row(elem_id="presets", elem_classes=["rw-presets"]):
            words = {**texts(label="preset.label"), "choices": self.choices}
            self._draw_field(page, "choice", words, "preset-choice", gr.Dropdown, value="", filterable=False)
            self._draw_button(page, "apply", "preset.apply", "preset-apply", min_width=90)
        parts["note"] = gr.HTML(elem_id="preset-note", elem_classes=["rw-maybe"], padding=False)

    def draw_more(self, page: Page) -> None:
        """What is needed less often, folded away."""
        parts = self.parts
        with page.add(gr.Accordion, texts(label="preset.more"), open=False, elem_id="preset-more"):
            with gr.Row(elem_classes=["rw-buttons", "is-small"]):
                words = texts(label="file.open")
                parts["open"] = page.add(gr.UploadButton, words, size="md", elem_id="file-open")
                for part in ("save", "reset"):
                    words = texts(value=f"file.{part}")
                    parts[part] = page.add(gr.Button, words, size="md", elem_id=f"file-{part}")
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
            hidden = {"rename": "preset.rename", "delete": "preset.delete", "cancel": "preset.cancel"}
            for part, words in hidden.items():
                self._draw_button(page, part, words, f"preset-{part}", visible=False)
        # What the page asks about before it is done: "delete" or "keep" and the preset's name.
        self.parts["asked"] = gr.State("")

    def _draw_field(
        self, page: Page, part: str, words: Mapping[str, Any], name: str, kind: Any = gr.Textbox, **more: Any
    ) -> None:
        shape = {"show_label": False, "container": False, "scale": 3, "min_width": 180}
        self.parts[part] = page.add(kind, words, elem_id=name, **shape, **more)

    def _draw_button(self, page: Page, part: str, value: str, name: str, **more: Any) -> None:
        shape = {"size": "md", "scale": 0, "min_width": 110} | more
        self.parts[part] = page.add(gr.Button, texts(value=value), elem_id=name, **shape)

    def choices(self, lang: Lang, chosen: str = "", has_all: bool = False) -> list[tuple[str, str]]:
        """Titles in this language and the names behind them, of presets for the base model's family.

        chosen: one that is listed in any case. has_all: those for other models too, each marked as such.
        """
        every, _ = presets.presets(self._window.preset_folders)
        family = self._family()
        fitting = [p for p in every if p.is_for(family)]
        others = [p for p in every if not p.is_for(family)]
        listed = [p for p in others if has_all or self._name(p) == chosen]
        found = [(say("preset.none", lang), "")]
        found += [(self._title(p, lang, p in listed), self._name(p)) for p in (*fitting, *listed)]
        if len(others) > len(listed):
            found.append((say("preset.others", lang, n=len(others) - len(listed)), OTHERS))
        return found

    @staticmethod
    def _title(preset: presets.Preset, lang: Lang, is_other: bool) -> str:
        text = preset.title.of(lang)
        if preset.is_own:
            text = f"{text} ({say('preset.own', lang)})"
        return say("preset.other", lang, name=text, families=_names(preset, lang)) if is_other else text

    def _family(self) -> str:
        """The family of the base model on the page; "" while it is not known."""
        settings = self._window.settings
        named = {key: settings.get(key) for key in ("model.base", "model.family")}
        found = str(self._form.facts(named).get("model.family", "auto"))
        return "" if found == "auto" else found

    def narrowed(self, chosen: Any, lang: Lang) -> Update:
        """The list for the base model as it is now. chosen: what a page has chosen in it."""
        return {self.parts["choice"]: gr.update(choices=self.choices(lang, str(chosen or "")))}

    @staticmethod
    def _name(preset: presets.Preset) -> str:
        return f"{'own' if preset.is_own else 'shipped'}/{preset.name}"

    def _chosen(self, name: Any) -> presets.Preset | None:
        """The preset of a name that the page sent; a name that is not in the list is nothing."""
        every, _ = presets.presets(self._window.preset_folders)
        return next((p for p in every if self._name(p) == name), None)

    @property
    def said(self) -> list[Any]:
        """What the bar says and asks."""
        return [self.parts[part] for part in ("note", "said", *_BUTTONS, "asked")]

    def connect(self, lang: Any, outputs: list[Any]) -> list[Any]:
        """Bind the handlers. outputs: the form's components. Gives the events that fill the form."""
        parts, form = self.parts, self._form
        said = [*self.said, parts["choice"], parts["rename"]]

        def bind(event: Any, handler: Any, inputs: set[Any], to: list[Any]) -> Any:
            return event(guarded(handler, self._window), {lang, *inputs}, to, trigger_mode="once", **QUICK)

        choice, name, opened, paste, asked = (
            parts[part] for part in ("choice", "name", "open", "paste", "asked")
        )
        filled = [*said, *outputs]
        acts = {
            choice.input: (lambda d: self.describe(d[choice], form.raw(d), d[lang]), {choice, *form.inputs}),
            parts["rename"].click: (lambda d: self.rename(d[choice], d[name], d[lang]), {choice, name}),
            parts["delete"].click: (lambda d: self.delete(d[choice], d[asked], d[lang]), {choice, asked}),
            parts["cancel"].click: (lambda d: self.told(d[lang]), set()),
            parts["keep"].click: (
                lambda d: self.keep(form.raw(d), d[name], d[lang], d[asked]), {name, asked, *form.inputs}
            ),
        }  # fmt: skip
        for event, (handler, inputs) in acts.items():
            bind(event, handler, inputs, said)
        written = [parts["text"], *said]
        saving = bind(parts["save"].click, lambda d: self.save(form.raw(d), d[lang]), form.inputs, written)
        saving.then(None, parts["text"], parts["text"], js=_DOWNLOAD, api_visibility="private")
        return [
            bind(parts["apply"].click, lambda d: self.apply(d[choice], d[lang]), {choice}, filled),
            bind(parts["reset"].click, lambda d: self.reset(d[lang]), set(), filled),
            bind(opened.upload, lambda d: self.open(d[opened], d[lang]), {opened}, filled),
            bind(parts["take"].click, lambda d: self.take(d[paste], d[lang]), {paste}, [*filled, paste]),
        ]

    def told(
        self, lang: Lang, said: str = "", above: str = "", asked: str = "", chosen: str | None = None
    ) -> Update:
        """What the bar says now, and nothing of before; above: beside the list of presets.

        asked: "delete/x" or "keep/x" while it asks. chosen: the preset that is chosen now, in a list made
        anew; None leaves both.
        """
        parts = self.parts
        act, _, name = asked.partition("/")
        words = {
            "delete": "preset.delete.sure" if act == "delete" else "preset.delete",
            "keep": "preset.keep.sure" if act == "keep" else "preset.save",
        }
        buttons: dict[str, dict[str, Any]] = {
            part: {"value": say(key, lang, name=name)} for part, key in words.items()
        }
        buttons["cancel"] = {"visible": bool(asked), "value": say("preset.cancel", lang)}
        updates: Update = {parts["said"]: said, parts["note"]: above, parts["asked"]: asked}
        if chosen is not None:
            updates[parts["choice"]] = gr.update(choices=self.choices(lang, chosen), value=chosen)
            for part in ("rename", "delete"):
                buttons.setdefault(part, {})["visible"] = chosen.startswith("own/")
        return updates | {parts[part]: gr.update(**values) for part, values in buttons.items()}

    def describe(self, name: Any, raw: Mapping[str, Any], lang: Lang) -> Update:
        """Whom a preset is for and why, where its values come from, and what it would change."""
        if name == OTHERS:
            longer = gr.update(choices=self.choices(lang, has_all=True), value="")
            return self.told(lang) | {self.parts["choice"]: longer}
        chosen = self._chosen(name)
        html = ""
        if chosen is not None:
            html = note(chosen.note.of(lang))
            if not chosen.is_for(self._family()):
                html = note(say("preset.other.note", lang, families=_names(chosen, lang)), "warn") + html
            if chosen.source.of(lang):
                html += note(say("preset.source", lang, text=chosen.source.of(lang)))
            if chosen.notices:
                html += problems(chosen.notices, lang)
            values = self._values(chosen)
            samples = preset_samples.of(self._window, self._form, chosen, values)
            then = shown_then(self._window, self._form, {**values, **samples.values})
            html += note(preset_samples.told(samples, lang))
            html += difference_html(changes(raw, then), lang)
        updates = self.told(lang, above=html, chosen=self._name(chosen) if chosen else "")
        return {part: update for part, update in updates.items() if part is not self.parts["choice"]}

    def rename(self, name: Any, own_name: Any, lang: Lang) -> Update:
        """Give the chosen preset of one's own the name that was typed."""
        chosen = self._chosen(name)
        if chosen is None or not chosen.is_own:
            return self.told(lang, note(say("preset.choose", lang), "warn"))
        try:
            with _writing(chosen.path):
                path = presets.rename(chosen, file_name(str(own_name or "")))
        except UserError as e:
            return self.told(lang, problems(e.problems, lang))
        done = note(say("preset.renamed", lang, name=path.stem), "good")
        return self.told(lang, done, chosen=f"own/{path.stem}")

    def delete(self, name: Any, asked: Any, lang: Lang) -> Update:
        """Remove the chosen preset of one's own, at the second click."""
        chosen = self._chosen(name)
        if chosen is None or not chosen.is_own:
            return self.told(lang, note(say("preset.choose", lang), "warn"))
        question = f"delete/{chosen.name}"
        if asked != question:
            return self.told(lang, asked=question)
        try:
            with _writing(chosen.path):
                chosen.path.unlink(missing_ok=True)
        except UserError as e:
            return self.told(lang, problems(e.problems, lang))
        done = note(say("preset.deleted", lang, name=chosen.name), "good")
        return self.told(lang, done, chosen="")

    def apply(self, name: Any, lang: Lang) -> Update:
        """Put the preset into the form."""
        chosen = self._chosen(name)
        if chosen is None:
            return self.told(lang, above=note(say("preset.choose", lang), "warn"))
        done = note(say("preset.applied", lang, name=chosen.title.of(lang)), "good")
        values = self._values(chosen)
        samples = preset_samples.of(self._window, self._form, chosen, values)
        done += note(preset_samples.told(samples, lang))
        values |= samples.values
        then = shown_then(self._window, self._form, values)
        for family in chosen.families:
            self._window.draft.decide(family, {key: then[key] for key in suited.concerned()})
        return put(self._window, self._form, values) | self.told(lang, above=done)

    def _values(self, chosen: presets.Preset) -> dict[str, Any]:
        """What a preset names; what is written, such as the guide's "logs", below the workspace."""
        written = {
            key: str(self._window.workspace / str(chosen.values[key]))
            for key in WRITTEN
            if key in chosen.values
        }
        return {**chosen.values, **written}

    def reset(self, lang: Lang) -> Update:
        """Everything as in a window opened for the first time."""
        done = note(say("file.reset.done", lang), "good")
        return self._whole(self._window.demo_values()) | self.told(lang, done, chosen="")

    def _whole(self, values: Mapping[str, Any]) -> Update:
        """Every setting that is named, the user's own among them."""
        self._window.draft.keep(self._form.shown(values), lent={})
        return self._form.fill(values)

    def keep(self, raw: Mapping[str, Any], name: Any, lang: Lang, asked: Any = "") -> Update:
        """Save the settings as a preset of one's own; over another of that name at the second click."""
        folder = self._window.preset_folders[1]
        try:
            own_name = file_name(str(name or ""))
            _, checked = self._form.check(raw, lang)
            if (folder / f"{own_name}.toml").exists() and asked != f"keep/{own_name}":
                question = note(say("preset.keep.there", lang, name=own_name), "warn")
                return self.told(lang, question, asked=f"keep/{own_name}")
            with _writing(folder):
                families = [family] if (family := self._family()) else []
                path = presets.save(folder, own_name, toml_text.values_of(checked.config), families=families)
        except UserError as e:
            return self.told(lang, problems(e.problems, lang))
        done = note(say("preset.saved", lang, name=path.stem), "good")
        return self.told(lang, done, chosen=f"own/{path.stem}")

    def save(self, raw: Mapping[str, Any], lang: Lang) -> Update:
        """The run file's text for the browser to save; problems are told, and nothing is saved."""
        try:
            text, _ = self._form.check(raw, lang)
        except UserError as e:
            return self.told(lang, problems(e.problems, lang)) | {self.parts["text"]: ""}
        return self.told(lang) | {self.parts["text"]: text}

    def open(self, uploaded: Any, lang: Lang) -> Update:
        """Fill the form from a file, ours or another trainer's, or a LoRA's record of its own training."""
        path = Path(str(uploaded))
        done = note(say("file.opened", lang, name=path.name), "good")
        try:
            return self._put(open_file(path), path.stem, done, lang)
        except UserError as e:
            return self.told(lang, problems(e.problems, lang, has_lines=True))

    def take(self, text: Any, lang: Lang) -> Update:
        """Fill the form from a pasted command of sd-scripts, its TOML or kohya_ss's JSON."""
        if not str(text or "").strip():
            return self.told(lang, note(say("import.empty", lang), "warn"))
        try:
            return self._put(open_text(str(text)), "pasted", "", lang) | {self.parts["paste"]: ""}
        except UserError as e:
            return self.told(lang, problems(e.problems, lang, has_lines=True))

    def _put(self, opened: Opened, name: str, done: str, lang: Lang) -> Update:
        """Put into the form what was opened, with what there is to say. Raises UserError."""
        if opened.datasets and not opened.report:
            return self._take_datasets(opened.datasets, file_name(name), lang)
        if opened.is_whole:
            done += problems(opened.report, lang, has_lines=True)
            return self._whole(opened.values) | self.told(lang, done, chosen="")
        images, report = self._images(opened, file_name(name))
        updates = put(self._window, self._form, {**opened.values, **images})
        return updates | self.told(lang, done + report_html(report, lang), chosen="")

    def _images(self, opened: Opened, name: str) -> tuple[dict[str, Any], Sequence[Problem]]:
        """The image folders of another trainer as settings; what can't be used is told."""
        if not opened.datasets:
            return {}, opened.report
        paths = self._window.paths
        try:
            with _writing(paths.workspace / datasets.FOLDER):
                values, _ = datasets.keep(paths, opened.datasets, name)
        except UserError as e:
            wrong = [problem.as_warning() for problem in e.problems]
            return {}, (*(p for p in opened.report if p.code != FOLDERS.code), *wrong)
        return values, opened.report

    def _take_datasets(self, text: str, name: str, lang: Lang) -> Update:
        """Keep a dataset_config as a file and name it; all that is not about images stays as it is."""
        paths = self._window.paths
        with _writing(paths.workspace / datasets.FOLDER):
            values, n = datasets.keep(paths, text, name)
        self._window.draft.keep(self._form.shown(values))
        file = paths.short(values[datasets.KEY])
        done = note(say("import.datasets", lang, path=file, n=n), "good")
        return self._form.fill(values) | self.told(lang, done)


def _names(preset: presets.Preset, lang: Lang) -> str:
    """The families that a preset is for, by their short names."""
    kin = [FAMILIES[name].marks.name if name in FAMILIES else name for name in preset.families]
    return ("・" if lang == "ja" else ", ").join(kin)
