"""The Dataset tab: where the pictures are, folders made by copying, and what will be trained."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import gradio as gr

from core.data import folders
from core.errors import Lang, UserError
from ui.dataset.identifiers import RARE, token_note
from ui.parts.markup import esc, note, problems
from ui.parts.options import OPTIONS, groups_of
from ui.parts.page import QUICK, Page, column, texts
from ui.settings.cards import card, grid, titled
from ui.settings.form import Form
from ui.text import say
from ui.window import Window
from ui.window.faults import guarded
from ui.window.paths import pictures_in

Data = Mapping[Any, Any]
Update = dict[Any, Any]

_LISTED = 6
_KEYS = {"train": "dataset.train_data_dir", "reg": "dataset.reg_data_dir"}


class FolderMaker:
    """The card that copies pictures into a folder such as `20_sls frog`."""

    def __init__(self, window: Window, page: Page, form: Form) -> None:
        self._window, self._form = window, form
        self.parts: dict[str, Any] = {}
        self._draw(page)

    def _draw(self, page: Page) -> None:
        parts = self.parts

        def kinds(lang: Lang) -> list[tuple[str, str]]:
            return [(say(f"make.kind.{kind}", lang), kind) for kind in ("train", "reg")]

        with column("card-make", "rw-card"):
            page.add(gr.HTML, titled("make.title", "make.lead"), padding=False)
            parts["kind"] = page.add(
                gr.Radio,
                {**texts(label="make.kind"), "choices": kinds},
                value="train",
                elem_id="make-kind",
                elem_classes=["rw-plain"],
            )
            parts["files"] = page.add(
                gr.File,
                texts(label="make.files"),
                file_count="multiple",
                file_types=["image"],
                height=130,
                elem_id="make-files",
            )
            parts["source"] = page.add(
                gr.Textbox,
                texts(label="make.source", placeholder="make.source.hint"),
                elem_id="make-source",
                max_lines=1,
            )
            self._draw_name(page)
            parts["offer"] = page.add(gr.HTML, {"value": _offer}, elem_id="make-offer", padding=False)
            parts["token"] = gr.HTML(elem_id="make-token", elem_classes=["rw-maybe"], padding=False)
            parts["plan"] = gr.HTML(elem_id="make-plan", elem_classes=["rw-maybe"], padding=False)
            with gr.Row(elem_classes=["rw-buttons", "is-small"]):
                parts["apply"] = page.add(
                    gr.Button,
                    texts(value="make.apply"),
                    variant="secondary",
                    interactive=False,
                    elem_id="make-apply",
                    size="md",
                )
                parts["undo"] = page.add(
                    gr.Button, texts(value="make.undo"), visible=False, elem_id="make-undo", size="md"
                )
            parts["done"] = gr.HTML(elem_id="make-done", elem_classes=["rw-maybe"], padding=False)
        # The copies this page made last, for Undo: only the server ever names a file in it.
        parts["made"] = gr.State(())

    def _draw_name(self, page: Page) -> None:
        """What the folder's name is made of."""
        parts = self.parts
        with column("", "rw-grid"):
            parts["identifier"] = page.add(
                gr.Textbox,
                texts(label="make.identifier", info="make.identifier.info"),
                elem_id="make-identifier",
                max_lines=1,
            )
            parts["class_"] = page.add(
                gr.Textbox,
                texts(label="make.class", info="make.class.info"),
                elem_id="make-class",
                max_lines=1,
            )
            parts["repeats"] = page.add(
                gr.Number,
                texts(label="make.repeats", info="make.repeats.info"),
                value=20,
                step=1,
                elem_id="make-repeats",
            )

    def connect(self, lang: Any) -> Any:
        """Bind the handlers. lang: the component with the page's language. Gives the event of copying."""
        parts, form = self.parts, self._form
        folder_fields = {form.components[key] for key in _KEYS.values()}
        typed = {parts[name] for name in ("kind", "files", "source", "identifier", "class_", "repeats")}
        reading = {lang, *typed, *folder_fields, form.components["dataset.caption_extension"]}
        changes = [
            parts[name].change for name in ("kind", "files", "source", "identifier", "class_", "repeats")
        ]
        gr.on(
            [*changes, lang.input],
            guarded(lambda data: self.look(data, data[lang]), self._window),
            reading,
            [parts["plan"], parts["token"], parts["apply"]],
            trigger_mode="always_last",
            **QUICK,
        )
        parts["kind"].change(
            lambda kind: (
                *[gr.update(visible=kind != "reg")] * 2,
                gr.update(value=1 if kind == "reg" else 20),
            ),
            parts["kind"],
            [parts["identifier"], parts["offer"], parts["repeats"]],
            **QUICK,
        )
        parts["undo"].click(
            guarded(lambda data: self.undo(data, data[lang]), self._window),
            {lang, parts["made"]},
            [parts["done"], parts["undo"], parts["made"]],
            trigger_mode="once",
            **QUICK,
        )
        return parts["apply"].click(
            guarded(lambda data: self.copy(data, data[lang]), self._window),
            reading,
            [*parts.values(), *folder_fields],
            trigger_mode="once",
            api_visibility="private",
            show_progress="minimal",
        )

    def _sources(self, data: Data) -> list[Path]:
        """The pictures dropped or named. Raises UserError for a path that may not be read."""
        dropped = [Path(name) for name in data[self.parts["files"]] or ()]
        named = data[self.parts["source"]] or ""
        return dropped + list(pictures_in(self._window.paths.confined(named)) if named.strip() else ())

    def _parent(self, data: Data) -> Path:
        """The folder to make `20_sls frog` in: the one of the form, or a new one below the workspace."""
        is_reg = data[self.parts["kind"]] == "reg"
        chosen = data[self._form.components[_KEYS["reg" if is_reg else "train"]]]
        if chosen and not self._is_demo(chosen):
            return self._window.paths.writable(chosen)
        return self._window.workspace / "datasets" / ("reg" if is_reg else "train")

    def _is_demo(self, chosen: str) -> bool:
        """The demo's own pictures stay as they are; a new subject gets a folder of its own."""
        return self._window.paths.confined(chosen).is_relative_to(self._window.project / "demo")

    def _planned(self, data: Data) -> folders.CopyPlan:
        repeats = data[self.parts["repeats"]]
        if not isinstance(repeats, int | float) or repeats != int(repeats):
            repeats = 0  # plan_copy says what is allowed
        is_reg = data[self.parts["kind"]] == "reg"
        words = [str(data[self.parts[name]] or "")[:200] for name in ("identifier", "class_")]
        return folders.plan_copy(
            self._sources(data),
            self._parent(data),
            int(repeats),
            "" if is_reg else words[0],
            words[1],
            str(data[self._form.components["dataset.caption_extension"]] or ".caption"),
        )

    def look(self, data: Data, lang: Lang) -> Update:
        """The plan as it stands while a person types."""
        parts = self.parts
        is_reg = data[parts["kind"]] == "reg"
        token = "" if is_reg else token_note(str(data[parts["identifier"]] or ""), lang)
        try:
            html, can = self._plan_html(data, lang)
        except UserError as e:
            html, can = problems(e.problems, lang), False
        return {parts["token"]: token, parts["plan"]: html, parts["apply"]: gr.update(interactive=can)}

    def _plan_html(self, data: Data, lang: Lang) -> tuple[str, bool]:
        missing = self._missing(data)
        if missing == "make.empty":
            return note(say(missing, lang)), False
        if missing:
            return note(say(missing, lang), "warn"), False
        plan = self._planned(data)
        if not plan.copies:
            return problems(plan.problems, lang) or note(say("make.empty", lang)), False
        n = len(plan.copies)
        folder = self._window.paths.short(str(plan.target))
        title = say("make.plan.one" if n == 1 else "make.plan", lang, n=n, folder=folder)
        names = [esc(to.name) for _, to in plan.copies[:_LISTED]]
        if n > _LISTED:
            names.append(f"<em>{esc(say('make.more', lang, n=n - _LISTED))}</em>")
        listed = "".join(f"<li>{name}</li>" for name in names)
        html = f'<div class="rw-plan"><p>{esc(title)}</p><ul>{listed}</ul></div>'
        return html + problems(plan.problems, lang), plan.is_possible

    def _missing(self, data: Data) -> str:
        """The key of what has still to be typed, or ""."""
        if not self._sources(data):
            return "make.empty"
        if data[self.parts["kind"]] != "reg" and not str(data[self.parts["identifier"]] or "").strip():
            return "make.identifier.needed"
        return "" if str(data[self.parts["class_"]] or "").strip() else "make.class.needed"

    def copy(self, data: Data, lang: Lang) -> Update:
        """Carry out the plan, and let the form point to the folder."""
        parts = self.parts
        try:
            missing = self._missing(data)
            if missing:
                return {parts["plan"]: note(say(missing, lang), "warn")}
            plan = self._planned(data)
            made = folders.apply_copy(plan)
        except UserError as e:
            return {parts["plan"]: problems(e.problems, lang)}
        kind = "reg" if data[parts["kind"]] == "reg" else "train"
        short = self._window.paths.short
        self._window.draft.keep({_KEYS[kind]: short(str(plan.target.parent))})
        done = say("make.done", lang, n=len(made), folder=short(str(plan.target)))
        return {
            parts["done"]: note(done, "good"),
            parts["made"]: tuple(str(path) for path in made),
            parts["undo"]: gr.update(visible=True),
            parts["apply"]: gr.update(interactive=False),
            parts["files"]: gr.update(value=None),
            parts["source"]: gr.update(value=""),
            self._form.components[_KEYS[kind]]: gr.update(value=short(str(plan.target.parent))),
        }

    def undo(self, data: Data, lang: Lang) -> Update:
        """Remove the copies this page made last, nothing else."""
        parts = self.parts
        made = [Path(name) for name in data[parts["made"]] or ()]
        folders.undo(made)
        done = say("make.undone", lang, n=len(made)) if made else say("make.undo.none", lang)
        return {parts["done"]: note(done), parts["made"]: (), parts["undo"]: gr.update(visible=False)}


def _offer(lang: Lang) -> str:
    """The guide's rare words, each to be taken by a click (FILL in the head)."""
    words = "".join(f'<button type="button" data-word="{esc(word)}">{esc(word)}</button>' for word in RARE)
    return f'<div class="rw-words"><span>{esc(say("token.offer", lang))}</span>{words}</div>'


FILL = """<script>
document.addEventListener('click', (event) => {
  const chosen = event.target.closest('[data-word]');
  const field = document.querySelector('#make-identifier input, #make-identifier textarea');
  if (!chosen || !field) return;
  field.value = chosen.dataset.word;
  field.dispatchEvent(new Event('input', {bubbles: true}));
});
</script>"""


def draw_places(page: Page, form: Form) -> None:
    """The card with the two folders."""
    with column("card-places", "rw-card"):
        page.add(gr.HTML, titled("group.data"), padding=False)
        grid(page, form, [OPTIONS[key] for key in _KEYS.values()])


def draw_settings(page: Page, form: Form) -> None:
    """The cards with every other option of the dataset."""
    for group, options in groups_of("dataset"):
        rest = [option for option in options if option.key not in _KEYS.values()]
        card(page, form, f"group.{group}", rest, f"data-{group}")
