"""Edits of many captions: what to do, what would change, and doing just that."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import Any

import gradio as gr

from core.data.caption_editor.edits import EDITS, JOINTS, Edit
from core.data.caption_editor.session import Entry
from core.data.undo import Outcome
from core.errors import Lang, UserError
from ui.dataset import caption_grid as drawn
from ui.dataset.handlers import PRIVATE
from ui.parts.localized import QUICK, Page, column, texts
from ui.parts.markup import note, problems
from ui.text import say
from ui.window import Window
from ui.window.error_page import guarded

Data = Mapping[Any, Any]
Update = dict[Any, Any]
EntriesOf = Callable[[Data], Sequence[Entry]]
After = Callable[[Data, Lang, str, Outcome], Update]

FIELDS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "replace": ("find", "with", "case"),
        "prefix": ("add", "joint", "missing", "case"),
        "suffix": ("add", "joint", "missing", "case"),
        "rename": ("tag", "with", "case"),
        "remove": ("tag", "case"),
        "dedupe": ("case",),
        "sort": ("keep",),
    }
)
"""The fields an edit needs; the others have none."""
_ALL = ("find", "tag", "with", "add", "joint", "keep", "case", "missing")
_LONGEST = 2_000


class Bulk:
    """The part of the caption card that changes many captions at once."""

    def __init__(self, window: Window, page: Page) -> None:
        self._window = window
        self.parts: dict[str, Any] = {}
        self._draw(page)

    def _draw(self, page: Page) -> None:
        parts = self.parts
        with page.add(
            gr.Accordion, texts(label="captions.many"), open=False, elem_id="captions-many"
        ) as parts["many"]:
            with column("", "rw-grid"):
                self._choice(page, "kind", "captions.kind", EDITS)
                self._text(page, "find", "captions.find.text")
                self._text(page, "tag", "captions.find.tag")
                self._text(page, "with", "captions.text.with")
                self._text(page, "add", "captions.text.add")
                self._choice(page, "joint", "captions.joint", JOINTS, value="comma", visible=False)
                bounds: dict[str, Any] = {"precision": 0, "minimum": 0, "maximum": 1000, "visible": False}
                self._add(page, "keep", gr.Number, texts(label="captions.keep"), value=1, **bounds)
                self._check(page, "case", "captions.case", False, visible=True)
                self._check(page, "missing", "captions.missing.only", True, visible=False)
                self._check(page, "only", "captions.shown.only", True, visible=True)
            with gr.Row(elem_classes=["rw-buttons", "is-small"]):
                self._add(page, "preview", gr.Button, texts(value="captions.preview"), size="md")
                more: dict[str, Any] = {"size": "md", "interactive": False, "variant": "primary"}
                self._add(page, "apply", gr.Button, texts(value="captions.apply.none"), **more)
            parts["plan"] = gr.HTML(elem_id="captions-plan", elem_classes=["rw-maybe"], padding=False)
        # The name of the plan that was shown; the plan itself never leaves the server.
        parts["name"] = gr.State("")

    def _add(self, page: Page, name: str, component: Any, words: Any, **settings: Any) -> None:
        self.parts[name] = page.add(component, words, **{"elem_id": f"captions-{name}", **settings})

    def _text(self, page: Page, name: str, key: str) -> None:
        more: dict[str, Any] = {"elem_id": f"captions-{name}-text", "visible": name in FIELDS["replace"]}
        self._add(page, name, gr.Textbox, texts(label=key), max_lines=1, **more)

    def _check(self, page: Page, name: str, key: str, value: bool, visible: bool) -> None:
        more: dict[str, Any] = {"visible": visible, "elem_classes": ["is-check"]}
        self._add(page, name, gr.Checkbox, texts(label=key), value=value, **more)

    def _choice(self, page: Page, name: str, key: str, names: Iterable[str], **settings: Any) -> None:
        def choices(lang: Lang) -> list[tuple[str, str]]:
            return [(say(f"{key}.{name}", lang), name) for name in names]

        settings = {"value": "replace", **settings}
        self._add(page, name, gr.Dropdown, {**texts(label=key), "choices": choices}, **settings)

    @property
    def outputs(self) -> list[Any]:
        """What the handlers write to."""
        return list(self.parts.values())

    def connect(
        self, lang: Any, view: set[Any], entries_of: EntriesOf, after: After, shown: Sequence[Any]
    ) -> None:
        """Bind the handlers. entries_of: images of the filter. after: draws the card when captions changed.

        view: components that `entries_of` and `after` read. shown: those that `after` writes to.
        """
        parts = self.parts
        read = {lang, *view, *(parts[name] for name in ("kind", "only", "name", *_ALL))}
        parts["kind"].input(
            guarded(lambda data: self.chosen(str(data[parts["kind"]]), data[lang]), self._window),
            {lang, parts["kind"]},
            self.outputs,
            **QUICK,
        )
        gr.on(
            [parts[name].input for name in ("only", *_ALL)],
            guarded(lambda data: self.cleared(data[lang]), self._window),
            {lang},
            self.outputs,
            **QUICK,
        )
        slow: dict[str, Any] = {**PRIVATE, "trigger_mode": "once"}
        parts["preview"].click(
            guarded(lambda data: self.preview(data, data[lang], entries_of), self._window),
            read,
            self.outputs,
            **slow,
        )
        parts["apply"].click(
            guarded(lambda data: self.apply(data, data[lang], after), self._window),
            read,
            [*self.outputs, *shown],
            **slow,
        )

    def chosen(self, kind: str, lang: Lang) -> Update:
        """The fields of an edit."""
        shown = FIELDS.get(kind, ())
        fields = {self.parts[name]: gr.update(visible=name in shown) for name in _ALL}
        return {**self.cleared(lang), **fields}

    def cleared(self, lang: Lang) -> Update:
        """No preview: it was of other settings."""
        parts = self.parts
        return {parts["plan"]: "", parts["name"]: "", parts["apply"]: self._button(0, lang)}

    def offer(self, kind: str, tag: str, lang: Lang) -> Update:
        """The fields set so that a tag is replaced or removed; nothing is changed yet."""
        parts = self.parts
        return {
            **self.chosen(kind, lang),
            parts["many"]: gr.update(open=True),
            parts["kind"]: kind,
            parts["tag"]: gr.update(visible=True, value=tag),
            parts["only"]: True,
        }

    @staticmethod
    def _button(n: int, lang: Lang) -> Any:
        return gr.update(
            value=say("captions.apply" if n else "captions.apply.none", lang, n=n), interactive=n > 0
        )

    def edit_of(self, data: Data) -> Edit:
        """The edit that the fields describe."""
        parts = self.parts

        def text(name: str) -> str:
            return " ".join(str(data[parts[name]] or "")[:_LONGEST].splitlines())

        keep = data[parts["keep"]]
        kind, joint = str(data[parts["kind"]]), str(data[parts["joint"]])
        return Edit(
            kind if kind in EDITS else "trim",
            text("find" if kind == "replace" else "tag"),
            text("add" if kind in ("prefix", "suffix") else "with"),
            bool(data[parts["case"]]),
            bool(data[parts["missing"]]),
            joint if joint in JOINTS else "comma",
            max(0, min(1000, int(keep))) if isinstance(keep, int | float) else 0,
        )

    def preview(self, data: Data, lang: Lang, entries_of: EntriesOf) -> Update:
        """What the edit would change."""
        parts, editor = self.parts, self._window.captions
        edit = self.edit_of(data)
        needed = {"prefix": edit.text.strip(), "suffix": edit.text.strip(), "replace": edit.find}
        needed |= {"rename": edit.find.strip(), "remove": edit.find.strip()}
        if not needed.get(edit.kind, "nothing"):
            return {**self.cleared(lang), parts["plan"]: note(say("captions.plan.needs", lang), "warn")}
        session = None if data[parts["only"]] else editor.session
        entries = entries_of(data) if session is None else list(session.entries.values())
        name, plan = editor.plan(entries, edit)
        return {
            parts["plan"]: drawn.plan_html(plan, lang),
            parts["name"]: name,
            parts["apply"]: self._button(len(plan.rows), lang),
        }

    def apply(self, data: Data, lang: Lang, after: After) -> Update:
        """Make the changes that were shown, and no others."""
        parts = self.parts
        try:
            outcome = self._window.captions.apply(str(data[parts["name"]] or ""))
        except UserError as e:
            return {**self.cleared(lang), parts["plan"]: problems(e.problems, lang)}
        if outcome is None:
            return {**self.cleared(lang), parts["plan"]: note(say("captions.plan.old", lang), "warn")}
        html = note(say("captions.done", lang, n=len(outcome.done)), "good") if outcome.done else ""
        return {**self.cleared(lang), **after(data, lang, html, outcome)}
