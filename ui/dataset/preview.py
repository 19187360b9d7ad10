"""What will be trained, shown before: folders, health, buckets, crops. From the same plan as the run."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import gradio as gr

from core.data.curate.curation import Curation
from core.errors import Lang, Problem, UserError
from core.sinks import waiting
from ui.dataset import balance, bucket_view, mask_acts
from ui.dataset.handlers import queued
from ui.dataset.image_acts import Asked, holds, understood
from ui.dataset.image_desk import ImageDesk
from ui.dataset.look import Look, LookView
from ui.dataset.usage import cures
from ui.parts.localized import Page, column, texts
from ui.parts.markup import bar, note, problems
from ui.parts.options import OPTIONS
from ui.settings import widgets
from ui.settings.cards import titled
from ui.settings.checking import train_config
from ui.settings.form import Form
from ui.text import say
from ui.window import Window
from ui.window.dated import dated
from ui.window.error_page import streamed

Data = Mapping[Any, Any]
Update = dict[Any, Any]

_CURED = (
    *("dataset.bucket_no_upscale", "dataset.train_batch_size", "train.max_train_steps"),
    *("dataset.conditioning_data_dir", "train.masked_loss"),
)
"""Options that a button of the preview may set."""
_LONGEST = 6
"""Digits of a bucket's number, and one more."""


class Preview:
    """The card that shows the plan; what it shows is kept in the window, so a reload shows it again."""

    def __init__(self, window: Window, page: Page, form: Form) -> None:
        self._window, self._form, self._desk = window, form, ImageDesk(window)
        self._view = LookView(window, form, self._desk)
        self.parts: dict[str, Any] = {}
        parts = self.parts
        with column("card-preview", "rw-card"):
            page.add(gr.HTML, titled("preview.title", "preview.lead"), padding=False)
            with gr.Row(elem_classes=["rw-buttons", "is-small"]):
                keys = {"look": "preview.look", "balance": "balance.idle"}
                for name, key in keys.items():
                    parts[name] = page.add(
                        gr.Button,
                        texts(value=key),
                        visible=name == "look",
                        elem_id=f"preview-{name}",
                        size="md",
                    )
            parts["html"] = gr.HTML(elem_id="preview-html", elem_classes=["rw-maybe"], padding=False)
            parts["fields"] = gr.HTML(elem_id="preview-fields", elem_classes=["rw-maybe"], padding=False)
            # What a button inside the HTML asks for; hidden by the style sheet.
            self.act_field = gr.Textbox(elem_id="preview-act", container=False, show_label=False)

    @property
    def curation(self) -> Curation:
        """The acts on images, and their trash."""
        return self._desk.acts.curation

    def connect(self, lang: Any, copied: Any, fresh: Any) -> list[Any]:
        """Bind the handlers. Gives the events after which the plan is known anew.

        copied: the event of copying images. fresh: the component that says whether it has copied any.
        """
        form, parts = self._form, self.parts
        shown = [parts[name] for name in ("html", "fields", "balance")]
        events = [
            parts[name].click(
                streamed(lambda data, act=act: act(form.raw(data), data[lang]), self._window),
                {lang, *form.inputs},
                shown,
                **queued("preview"),
            )
            for name, act in (("look", self.look), ("balance", self.balance))
        ]
        acted = self.act_field.change(
            streamed(lambda d: self.act(d[self.act_field], form.raw(d), d[lang]), self._window),
            {lang, self.act_field, *form.inputs},
            [*shown, *(form.components[key] for key in _CURED)],
            **queued("preview", "multiple"),
        )
        self.acted = acted
        return [*events, acted, self._follow(copied, fresh, lang)]

    def _follow(self, copied: Any, fresh: Any, lang: Any) -> Any:
        """Show what was copied."""
        form, parts = self._form, self.parts

        def show(data: Data) -> Iterator[Update]:
            if data[fresh]:
                yield {fresh: False}
                yield from self.look(form.raw(data), data[lang])

        return copied.then(
            streamed(show, self._window),
            {lang, fresh, *form.inputs},
            [fresh, *(parts[name] for name in ("html", "fields", "balance"))],
            **queued("preview"),
        )

    def look(self, raw: Mapping[str, Any], lang: Lang, html: str = "") -> Iterator[Update]:
        """Make the plan on a thread, telling how far it is, then show it."""
        parts, job = self.parts, self._window.preview
        self._window.draft.keep(raw)
        try:
            started = job.start(self._view.work(raw))
        except UserError as e:
            yield {parts["html"]: dated(self._window, "dataset", problems(e.problems, lang), lang)}
            return
        if not started:
            yield {parts["html"]: note(say("preview.busy.run", lang))}
            return
        yield {parts["html"]: note(say("preview.busy", lang)) + bar(None), parts["fields"]: ""}
        try:
            for stage, done, total in job.watch():
                if stage.startswith("wait:"):
                    text = waiting(stage.removeprefix("wait:"), lang)
                    yield {parts["html"]: note(text, "warn") + bar(None)}
                elif total:
                    key = "health.busy" if stage == "health" else "preview.progress"
                    yield {parts["html"]: note(say(key, lang, done=done, total=total)) + bar(done / total)}
        except UserError as e:
            yield {parts["html"]: problems(e.problems, lang)}
            return
        yield self.show(raw, lang, html)

    def show(self, raw: Mapping[str, Any], lang: Lang, html: str = "") -> Update:
        """What the last look found, in this language."""
        parts, look = self.parts, self._window.preview.result
        if look is None:
            return {parts["html"]: html or gr.update()}
        files = self._view.files(look, raw)
        try:
            pairs, renaming = self._view.renaming(look), ""
        except UserError as e:
            pairs, renaming = (), problems(e.problems, lang)
        renaming += balance.renaming_html(pairs, lang)
        name = pairs[0][1].name if len(pairs) == 1 else ""
        button = say("balance.button", lang, name=name) if name else say("balance.many", lang, n=len(pairs))
        return {
            parts["html"]: html + self._view.html(look, raw, lang, files, renaming),
            parts["fields"]: self._view.fields(look, files, lang),
            parts["balance"]: gr.update(visible=bool(pairs), value=button),
        }

    def act(self, text: Any, raw: Mapping[str, Any], lang: Lang) -> Iterator[Update]:
        """What a button in the preview asks for: more images of a bucket, a setting, or an act on images."""
        asked = understood(text)
        if asked is None:
            return
        if asked.do == "more":
            yield from self._more(asked.on, raw, lang)
        elif asked.do == "set":
            yield from self._set(asked.on, raw, lang)
        else:
            yield from self._asked(asked, raw, lang)

    def _more(self, number: str, raw: Mapping[str, Any], lang: Lang) -> Iterator[Update]:
        """A page more of the images of a bucket."""
        look: Look | None = self._window.preview.result
        if look is None or not (number.isascii() and number.isdigit() and len(number) < _LONGEST):
            return
        look.more[int(number)] = look.more.get(int(number), 0) + bucket_view.PAGE
        files = self._view.files(look, raw)
        yield {self.parts["fields"]: self._view.fields(look, files, lang)}

    def _set(self, name: str, raw: Mapping[str, Any], lang: Lang) -> Iterator[Update]:
        """One of the settings that are offered, put into the form."""
        look: Look | None = self._window.preview.result
        offered = cures(look.plan, train_config(self._form, raw)) if look else {}
        if name not in offered:
            return
        key, value = offered[name]
        as_shown = widgets.shown(OPTIONS[key], value)
        self._window.draft.keep({key: as_shown})
        yield {self._form.components[key]: gr.update(value=as_shown)}
        changed = {**raw, key: as_shown}
        if key.startswith("dataset."):
            yield from self.look(changed, lang)
        else:
            yield self.show(changed, lang)

    @property
    def said(self) -> tuple[Problem, ...]:
        """What is to be said about the act done last."""
        look: Look | None = self._window.preview.result
        return look.said if look else ()

    def may_change(self, folder: Path) -> bool:
        """Whether the images of a folder may be moved and turned."""
        return self._desk.acts.is_open(folder)

    def address(self, image: Path) -> str:
        """Where a page finds an image in full view, "" when it is gone."""
        return self._desk.address(image)

    def _asked(self, asked: Asked, raw: Mapping[str, Any], lang: Lang) -> Iterator[Update]:
        """An act of the preview, or of the caption card, which may show images that the preview has not."""
        look: Look | None = self._window.preview.result
        if look is None or not holds(look.plan, asked):
            yield from self.look(raw, lang)
            look = self._window.preview.result
        if look is not None:
            yield from self._do(asked, look, raw, lang)

    def _do(self, asked: Asked, look: Look, raw: Mapping[str, Any], lang: Lang) -> Iterator[Update]:
        """What is to be done to images or folders; then the plan anew."""
        found = self._view.findings(look, raw)
        outcome, said = self._desk.answer(asked, look.plan, look.record["folders"], found)
        if outcome is None or outcome.change is None:
            look.said = said
            yield self.show(raw, lang)
            return
        changed = self._masked(asked, look, raw)
        yield {self._form.components[key]: gr.update(value=value) for key, value in changed.items()}
        raw = {**raw, **changed}
        try:
            if self._window.preview.start(self._view.work(raw, said)):
                for _ in self._window.preview.watch():
                    pass
            yield self.show(raw, lang)
        except UserError as e:
            yield {self.parts["html"]: problems(e.problems, lang)}

    def _masked(self, asked: Asked, look: Look, raw: Mapping[str, Any]) -> dict[str, Any]:
        """The options of masks, where they change: set with the first mask, unset when it is undone."""
        key, plan, short = "dataset.conditioning_data_dir", look.plan, self._window.paths.short
        changed: dict[str, Any] = {}
        if asked.do == "mask":
            changed["train.masked_loss"] = True
            if not str(raw.get(key) or "").strip():
                changed[key] = short(str(mask_acts.folder(plan, self._window)))
        elif asked.do == "undo" and mask_acts.is_left_empty(plan):
            changed |= {key: "", "train.masked_loss": False}
        self._window.draft.keep(changed)
        return changed

    def balance(self, raw: Mapping[str, Any], lang: Lang) -> Iterator[Update]:
        """Give the regularization folders the repeats of the guide's formula; images are not touched."""
        look: Look | None = self._window.preview.result
        run = self._window.runner.current
        if run is not None and not run.is_over:
            yield {self.parts["html"]: note(say("balance.busy", lang), "warn")}
            return
        try:
            pairs = self._view.renaming(look) if look else ()
            if pairs:
                self._desk.acts.curation.rename("name", pairs)
        except UserError as e:
            yield self.show(raw, lang, problems(e.problems, lang))
            return
        if not pairs:
            yield self.show(raw, lang)
            return
        for source, target in pairs:
            self._window.copies.moved(source, target)
        names = ", ".join(target.name for _, target in pairs)
        yield from self.look(raw, lang, note(say("balance.done", lang, names=names), "good"))
