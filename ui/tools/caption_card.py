"""The card that has images captioned: its fields, its progress, what came of it and how that is undone."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import gradio as gr

from core.config.schema.kinds import kind
from core.errors import Lang, Problem, UserError
from core.tools import caption
from core.tools.caption import Report, caption_folder
from core.tools.caption_settings import CaptionSettings
from core.tools.tool import Work, checked
from ui.parts.html_events import LISTEN, button, data_of, fields_of, sent
from ui.parts.job import Job
from ui.parts.job import Report as Told
from ui.parts.job_progress import followed, progress_html
from ui.parts.localized import QUICK, Page, column
from ui.parts.markup import esc, leads_to, note, problems
from ui.settings import widgets
from ui.settings.cards import titled
from ui.text import say
from ui.tools.caption_html import OTHER, form_html
from ui.tools.queueing import about_of, queued_html
from ui.window import Window
from ui.window.error_page import guarded, streamed
from ui.window.queued import Prepared

Data = Mapping[Any, Any]
Update = dict[Any, Any]

_MOST_PROBLEMS = 20
_EVERY = 0.7
"""Seconds between two looks at the progress: each answer costs a browser 0.3 s, and Stop is to be pressed."""
_OPTIONS = caption.TOOL.options


class CaptionToolCard:
    """The card and its handlers. The captions lie beside their images, as the caption editor writes them."""

    def __init__(self, window: Window, page: Page) -> None:
        self._window = window
        window.queued.prepare[caption.TOOL.name] = self._prepared
        self.parts: dict[str, Any] = {}
        self.chosen_part: list[Any] = []
        with column("card-caption", "rw-card"):
            page.add(gr.HTML, titled("captioner.title", "captioner.lead"), padding=False)
            for name in ("form", "result"):
                classes = ["rw-maybe", *(["rw-tool-result"] if name == "result" else [])]
                self.parts[name] = gr.HTML(
                    elem_id=f"caption-{name}", elem_classes=classes, padding=False, js_on_load=LISTEN
                )

    @property
    def job(self) -> Job[Report]:
        return self._window.jobs[caption.TOOL.name]

    def connect(self, lang: Any, editor: tuple[Callable[[Data, Lang], Update], set[Any], list[Any]]) -> None:
        """Bind the handlers. editor: draws what the caption editor shows anew, from what, and to where."""
        form, result = self.parts["form"], self.parts["result"]
        again, view, shown = editor

        def start(data: Data, event: gr.EventData) -> Iterator[Update]:
            return self.start(data_of(event), data[lang])  # or put it into the queue

        started = form.click(
            streamed(start, self._window),
            {lang},
            [result],
            api_visibility="private",
            show_progress="hidden",
            concurrency_id="caption",
            concurrency_limit=4,
        )

        def act(data: Data, event: gr.EventData) -> Update:
            return self.act(data_of(event), data[lang])

        acted = result.click(guarded(act, self._window), {lang}, [result], **QUICK)
        for event in (started, acted):
            redraw = guarded(lambda data: again(data, data[lang]), self._window)
            event.then(redraw, {lang, *view}, shown, **QUICK)
        form.submit(guarded(self.stop, self._window), None, None, **QUICK)
        look = guarded(lambda data: self.look(data[lang]), self._window)
        lang.input(look, {lang}, [form, result], **QUICK)

    # What is shown.

    def look(self, lang: Lang) -> Update:
        """The fields, and how far the work is or how the last one ended."""
        images = str(self._window.settings.get("dataset.train_data_dir") or "")
        form = form_html(_OPTIONS, self._window.paths.short(images), self._window.looker.machine, lang)
        return {self.parts["form"]: form, self.parts["result"]: self.shown(lang)}

    def shown(self, lang: Lang) -> str:
        """How far the work is, or how the last one ended."""
        job = self.job
        below = self._acts_html(lang) if job.was_stopped and not job.is_busy else ""
        return progress_html(job, lang, labelled=self._labelled) + below

    def resting(self, lang: Lang) -> str:
        """What it shows as long as there was no work."""
        return ""

    def chosen(self, data: Data) -> Update:
        """It fills no field of the form."""
        return {}

    def _done(self, lang: Lang) -> str:
        report = self.job.result
        assert report is not None, "there is a result when the work is done"
        tone = "good" if report.captioned or not report.problems else "plain"
        said = note(report.words().of(lang), tone) + self._acts_html(lang)
        return said + problems(report.problems[:_MOST_PROBLEMS], lang)

    def _acts_html(self, lang: Lang) -> str:
        """What can be done with the captions: see them, or take them back while nothing else was changed."""
        last = self._window.captions.history.last
        undo = ""
        if last is not None and last.kind == caption.KIND:
            undo = button("undo", str(last.number), say("captioner.undo", lang))
        shows, text = leads_to("card-captions", "dataset"), esc(say("captioner.open", lang))
        return (
            f'<div class="rw-acts"><button type="button" class="rw-act" {shows}>{text}</button>{undo}</div>'
        )

    # Handlers.

    def start(self, event: Any, lang: Lang) -> Iterator[Update]:
        """Caption what the fields say, on a thread, unless it is refused."""
        result, is_queued = self.parts["result"], sent(event)[0] == "queue"
        try:
            values = self._values(fields_of(event))
            if is_queued:
                yield {result: self._queue(values, lang)}
                return
            self._window.gpu.refuse(caption.TOOL.name)
            prepared = self._prepared(values)
        except UserError as error:
            not_added = note(say("queue.not.added", lang), "warn") if is_queued else ""
            wrong = problems([self._labelled(problem, lang) for problem in error.problems], lang)
            yield {result: not_added + wrong}
            return
        before, at = "", 0.0
        for said in followed(self.job, prepared.work, prepared.done, lang, labelled=self._labelled):
            html = self.shown(lang) or said
            is_due = not self.job.is_busy or time.monotonic() - at >= _EVERY
            if html != before and is_due:
                before, at = html, time.monotonic()
                yield {result: html}

    def stop(self) -> None:
        """After the images at hand."""
        self.job.control.stop(save=False)

    def act(self, event: Any, lang: Lang) -> Update:
        """Take the captions back that were written last."""
        name, on, _ = sent(event)
        editor, result = self._window.captions, self.parts["result"]
        if name != "undo" or self.job.is_busy:
            return {}
        last = editor.history.last
        if last is None or last.kind != caption.KIND or str(last.number) != on:
            return {result: note(say("captioner.nothing", lang), "warn")}
        try:
            outcome = editor.undo()
        except UserError as error:
            return {result: problems(error.problems, lang)}
        self.job.forget()
        said = note(say("captioner.undone", lang, n=len(outcome.done)), "good")
        return {result: said + problems(outcome.problems[:_MOST_PROBLEMS], lang)}

    def _queue(self, values: Mapping[str, Any], lang: Lang) -> str:
        """Raises UserError where no captions may be written: failing in its turn would hold the queue."""
        self._window.may_write_caption(Path(values["source"]))
        said = queued_html(self._window, caption.TOOL, values, about_of(caption.TOOL, values), lang)
        return said + self.shown(lang) if self.job.is_busy else said

    def _values(self, fields: Mapping[str, str]) -> dict[str, Any]:
        """What stands in the fields by option, checked. Raises UserError."""
        window = self._window
        values: dict[str, Any] = {}
        for option in _OPTIONS:
            text = fields.get(option.name, "")[: widgets.LONGEST]
            value = bool(text) if kind(option) == "check" else widgets.read(option, text)
            if value not in (None, ""):
                values[option.name] = value
        given = fields.get("source", "").strip() or str(window.settings.get("dataset.train_data_dir") or "")
        model = fields.get("other", "") if values.get("model") == OTHER else values.get("model", "")
        if model:
            values["model"] = window.paths.model(str(model), "model")
        elif values.get("model") == OTHER:
            values["model"] = ""
        values["source"] = window.paths.absolute(given, "source")
        values["caption_extension"] = str(window.settings.get("dataset.caption_extension") or ".caption")
        checked(CaptionSettings, values)
        return values

    def _prepared(self, values: Mapping[str, Any]) -> Prepared:
        """The work with these settings, for its button and for the queue. Raises UserError."""
        window, job = self._window, self.job
        own = {
            **values,
            "source": window.paths.absolute(str(values.get("source", "")), "source"),
            "workspace": str(window.workspace),
        }
        if own.get("model"):
            own["model"] = window.paths.model(str(own["model"]), "model")
        settings = checked(CaptionSettings, own)

        def see(path: Any) -> None:
            window.paths.confined(str(path))

        def work(told: Told) -> Report:
            editor = window.captions
            try:
                return caption_folder(
                    settings, Work(told, job.control), editor.history, window.may_write_caption, see
                )
            finally:
                editor.look_again()

        begun = window.gpu.alone(caption.TOOL.name, work)
        return Prepared(begun, self._done, Report.outcome)

    @staticmethod
    def _labelled(problem: Problem, lang: Lang) -> Problem:
        """A problem with the field's label in the place of the option's name."""
        labels = {option.name: option.meta.label.of(lang) for option in _OPTIONS}
        return replace(problem, key=labels.get(problem.key, problem.key))
