"""The bar on top: presets, run files opened and saved."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import gradio as gr

from core.config import presets
from core.config.file import toml_text
from core.errors import Lang, UserError
from ui.parts.html_events import LISTEN, data_of, fields_of, sent
from ui.parts.localized import QUICK, Page, column, texts
from ui.parts.markup import esc, note, problems
from ui.settings import importing, preset_samples, settings_files
from ui.settings.applying import Applying
from ui.settings.form import Form
from ui.settings.menu import POPOVER, done_html, menu_html, undo_text
from ui.settings.preset_list import best, list_html, name_of
from ui.text import say
from ui.window import Window
from ui.window.error_page import guarded
from ui.window.paths import file_name

Data = Mapping[Any, Any]
Update = dict[Any, Any]


_FILLING = ("note", "menu", "told", "paste", "said")
"""Parts with buttons that fill the form."""


class PresetsBar:
    """Presets and settings files: their components and handlers. Presets are named by the page, found by
    the server.

    parts: choice, the button that shows what is applied; list and note, in what it opens; told, what was
    done, with Undo; menu; and in the dialog of files said, open, paste and own.
    """

    def __init__(self, window: Window, form: Form) -> None:
        self._window, self._form = window, form
        self._presets = Applying(window, form)
        self.parts: dict[str, Any] = {}

    def draw(self, page: Page) -> None:
        """The button of the presets, and what it opens."""
        self._draw_html(page, "choice", "preset-choice", self.choice_html)
        with column("preset-box", "rw-popover"):
            self._draw_html(page, "list", "preset-list", self.placeholder, LISTEN + POPOVER)
            self._draw_html(page, "note", "preset-note", self.hint)

    def draw_menu(self, page: Page) -> None:
        """The menu at the end of the row, what was done beside it, and the dialog of settings files."""
        parts = self.parts
        self._draw_html(page, "menu", "rw-menu", self.menu_html)
        parts["told"] = gr.HTML(
            elem_id="preset-told", elem_classes=["rw-maybe"], padding=False, js_on_load=LISTEN
        )
        with column("files-box", "rw-popover"):
            title = functools.partial(settings_files.title_html, "files-box", "preset.more")
            page.add(gr.HTML, {"value": title}, padding=False)
            parts["said"] = gr.HTML(
                elem_id="preset-said", elem_classes=["rw-maybe"], padding=False, js_on_load=LISTEN + POPOVER
            )
            page.add(gr.HTML, {"value": settings_files.open_html}, padding=False)
            words = texts(label="file.open")
            parts["open"] = page.add(gr.UploadButton, words, size="md", elem_id="file-open")
            self._draw_html(page, "paste", "files-paste", settings_files.paste_html)
            self._draw_html(page, "own", "files-own", self.own_html)
        parts["text"] = gr.Textbox(visible=False, elem_id="file-text")

    def _draw_html(
        self, page: Page, part: str, name: str, value: Callable[[Lang], str], script: str = LISTEN
    ) -> None:
        shape: dict[str, Any] = {"elem_id": name, "padding": False, "js_on_load": script}
        self.parts[part] = page.add(gr.HTML, {"value": value}, **shape)

    # What is shown.

    def choice_html(self, lang: Lang) -> str:
        """The button that opens the list: the preset that is applied, and whether it was changed since."""
        applied = self._presets.applied
        name = applied.title.of(lang) if applied else say("preset.none", lang)
        is_changed = applied is not None and self._presets.is_changed(applied)
        mark = f"<em>{esc(say('presets.changed', lang))}</em>" if is_changed else ""
        return (
            '<button type="button" class="rw-applied" popovertarget="preset-box" data-act="list">'
            f"<small>{esc(say('preset.label', lang))}{mark}</small><b>{esc(name)}</b></button>"
        )

    def placeholder(self, lang: Lang) -> str:
        """The list while it was not asked for yet."""
        return settings_files.title_html("preset-box", "presets.title", lang)

    def hint(self, lang: Lang) -> str:
        return note(say("presets.look", lang))

    def listed(self, lang: Lang) -> Update:
        """The list as it is now."""
        html = list_html(self._presets.all(), self._presets.around(), self._window.draft.preset, lang)
        return {self.parts["list"]: self.placeholder(lang) + html, self.parts["note"]: self.hint(lang)}

    def menu_html(self, lang: Lang) -> str:
        """The button of the menu, and the menu."""
        changes = self._window.draft.changes
        undo = (
            say("undo.menu", lang, what=undo_text(changes[-1], lang)) if changes else say("undo.none", lang)
        )
        return menu_html(undo, bool(changes), self._window.has_login, lang)

    def own_html(self, lang: Lang, asked: str = "", renamed: str = "") -> str:
        """Saving, and the presets of the user's own. asked, renamed: the one that is asked about."""
        every, _ = presets.presets(self._window.preset_folders[1:])
        return settings_files.own_html([p.name for p in every], asked, renamed, lang)

    @property
    def said(self) -> list[Any]:
        """What the bar says and asks."""
        return [self.parts[part] for part in ("note", "said", "told", "own", "menu", "choice")]

    def connect(self, lang: Any, outputs: list[Any]) -> list[Any]:
        """Bind the handlers. outputs: the form's components. Gives the events that fill the form."""
        parts, form = self.parts, self._form
        filled = [*self.said, *outputs]

        def bind(event: Any, handler: Any, inputs: set[Any], to: list[Any]) -> Any:
            return event(guarded(handler, self._window), {lang, *inputs}, to, trigger_mode="once", **QUICK)

        def pressed(data: Data, event: gr.EventData) -> Update:
            """A button that only shows or keeps something."""
            act, on, _ = sent(data_of(event))
            return self.act(act, on, _typed(event), form.raw(data), data[lang])

        def put(data: Data, event: gr.EventData) -> Update:
            """A button that fills the form."""
            act, on, _ = sent(data_of(event))
            if act == "apply":
                return self.apply(on, data[lang])
            if act == "use":
                return self.use(on, data[lang])
            if act == "take":
                return self.take(_typed(event), data[lang])
            return {"reset": self.reset, "undo": self.undo}.get(act, self.told)(data[lang])

        written = [parts["text"], parts["list"], *self.said]
        bind(parts["choice"].click, lambda d: self.listed(d[lang]), set(), [parts["list"], parts["note"]])
        for part in ("list", "own", "said"):
            saving = bind(parts[part].click, pressed, form.inputs, written)
            if part == "own":
                saving.then(
                    None, parts["text"], parts["text"], js=settings_files.DOWNLOAD, api_visibility="private"
                )
        opened = parts["open"]
        filling = [bind(parts[part].submit, put, set(), filled) for part in _FILLING]
        return [*filling, bind(opened.upload, lambda d: self.open(d[opened], d[lang]), {opened}, filled)]

    def act(self, act: str, on: str, typed: str, raw: Mapping[str, Any], lang: Lang) -> Update:
        """What a button does that fills no form. on: the preset. typed: in the field beside it."""
        if act == "look":
            return self.describe(on, raw, lang)
        if act == "save":
            return self.save(raw, lang)
        if act == "keep":
            return self.keep(raw, typed, lang)
        if act == "replace":
            return self.keep(raw, on, lang, f"keep/{on}")
        if act in ("delete", "delete-sure"):
            return self.delete(f"own/{on}", f"delete/{on}" if act == "delete-sure" else "", lang)
        if act == "rename":
            return self.told(lang) | {self.parts["own"]: self.own_html(lang, renamed=on)}
        if act == "rename-to":
            return self.rename(f"own/{on}", typed, lang)
        return self.told(lang)

    def told(self, lang: Lang, said: str = "", above: str = "", done: str = "", asked: str = "") -> Update:
        """What the bar says now, and nothing of before.

        said: in the dialog of files; above: about the preset that is looked at; done: beside the row, with
        Undo. asked: the preset of one's own of which is asked whether to delete it.
        """
        parts = self.parts
        return {
            parts["said"]: said,
            parts["note"]: above or self.hint(lang),
            parts["told"]: done_html(done, lang),
            parts["own"]: self.own_html(lang, asked),
            parts["menu"]: self.menu_html(lang),
            parts["choice"]: self.choice_html(lang),
        }

    def describe(self, name: Any, raw: Mapping[str, Any], lang: Lang) -> Update:
        """Whom a preset is for and why, where its values come from, and what it would change."""
        chosen = self._presets.named(name)
        if chosen is None:
            return {self.parts["note"]: note(say("preset.choose", lang), "warn")}
        return {self.parts["note"]: self._presets.described(chosen, raw, lang)}

    def rename(self, name: Any, own_name: Any, lang: Lang) -> Update:
        """Give the chosen preset of one's own the name that was typed."""
        chosen = self._presets.named(name)
        if chosen is None or not chosen.is_own:
            return self.told(lang, note(say("preset.choose", lang), "warn"))
        try:
            with importing.writing(chosen.path):
                path = presets.rename(chosen, file_name(str(own_name or "")))
        except UserError as e:
            return self.told(lang, problems(e.problems, lang))
        if self._window.draft.preset == name_of(chosen):
            self._window.draft.keep({}, preset=f"own/{path.stem}")
        return self.told(lang, note(say("preset.renamed", lang, name=path.stem), "good"))

    def delete(self, name: Any, asked: Any, lang: Lang) -> Update:
        """Remove the chosen preset of one's own, at the second click."""
        chosen = self._presets.named(name)
        if chosen is None or not chosen.is_own:
            return self.told(lang, note(say("preset.choose", lang), "warn"))
        question = f"delete/{chosen.name}"
        if asked != question:
            return self.told(lang, asked=chosen.name)
        try:
            with importing.writing(chosen.path):
                chosen.path.unlink(missing_ok=True)
        except UserError as e:
            return self.told(lang, problems(e.problems, lang))
        return self.told(lang, note(say("preset.deleted", lang, name=chosen.name), "good"))

    def apply(self, name: Any, lang: Lang) -> Update:
        """Put the preset into the form."""
        chosen = self._presets.named(name)
        if chosen is None:
            return self.told(lang, above=note(say("preset.choose", lang), "warn"))
        title = chosen.title.of(lang)
        samples = self._presets.samples(chosen)
        updates = self._presets.put(chosen, "preset", title)
        done = [say("preset.applied", lang, name=title), preset_samples.told(samples, lang)]
        return updates | self.told(lang, done=" · ".join(filter(None, done)))

    def use(self, model: str, lang: Lang) -> Update:
        """Take a base model, and the preset to begin with for it unless one for it is applied already."""
        try:
            base = self._window.paths.model(model, "model.base")
        except UserError as e:
            return self.told(lang, problems(e.problems, lang))
        name, around = Path(base).name, self._presets.around(base)
        applied = self._presets.applied
        is_served = applied is not None and bool(applied.families) and applied.is_for(around.family)
        chosen = None if is_served else best(self._presets.all(), around)
        shown = {"model.base": self._window.paths.short(base)}
        if chosen is None:
            self._window.draft.change("next", name, shown, preset=self._window.draft.preset)
            updates = self._form.restore(shown)
            return updates | self.told(lang, done=say("next.used.alone", lang, name=name))
        updates = self._presets.put(chosen, "next", name, {"model.base": base})
        done = say("next.used", lang, name=name, preset=chosen.title.of(lang))
        return updates | self.told(lang, done=done)

    def reset(self, lang: Lang) -> Update:
        """Everything as in a window opened for the first time."""
        updates = importing.put_whole(self._window, self._form, self._window.demo_values(), "demo")
        return updates | self.told(lang, done=say("file.reset.done", lang))

    def undo(self, lang: Lang) -> Update:
        """Take back the last change of many settings."""
        undone = self._window.draft.undo()
        if undone is None:
            return self.told(lang, done=say("undo.none", lang))
        kept = self._window.draft.values
        shown = {**self._form.shown(self._window.first), **kept}
        there = {key: shown[key] for key in undone.after if key in shown}
        done = say("undo.done", lang, what=undo_text(undone, lang))
        return self._form.restore(there) | self.told(lang, done=done)

    def keep(self, raw: Mapping[str, Any], name: Any, lang: Lang, asked: Any = "") -> Update:
        """Save the settings as a preset of one's own; over another of that name at the second click."""
        folder = self._window.preset_folders[1]
        try:
            own_name = file_name(str(name or ""))
            _, checked = self._form.check(raw, lang)
            if (folder / f"{own_name}.toml").exists() and asked != f"keep/{own_name}":
                return self.told(lang, settings_files.replace_html(own_name, lang))
            with importing.writing(folder):
                families = [family] if (family := self._presets.family()) else []
                path = presets.save(folder, own_name, toml_text.values_of(checked.config), families=families)
        except UserError as e:
            return self.told(lang, problems(e.problems, lang))
        self._window.draft.keep({}, preset=f"own/{path.stem}")
        return self.told(lang, note(say("preset.saved", lang, name=path.stem), "good"))

    def save(self, raw: Mapping[str, Any], lang: Lang) -> Update:
        """The run file's text for the browser to save; problems are told, and nothing is saved."""
        try:
            text, _ = self._form.check(raw, lang)
        except UserError as e:
            return self.told(lang, problems(e.problems, lang)) | {self.parts["text"]: ""}
        return self.told(lang) | {self.parts["text"]: text}

    def open(self, uploaded: Any, lang: Lang) -> Update:
        """Fill the form from a file, ours or another trainer's, or a LoRA's record of its own training."""
        updates, said = importing.from_file(self._window, self._form, Path(str(uploaded)), lang)
        return updates | self.told(lang, said)

    def take(self, text: Any, lang: Lang) -> Update:
        """Fill the form from pasted settings of another trainer."""
        updates, said = importing.from_text(self._window, self._form, str(text or ""), lang)
        return updates | self.told(lang, said)


def _typed(event: gr.EventData) -> str:
    return fields_of(data_of(event)).get("text", "")
