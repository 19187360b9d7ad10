"""The card of a tool, drawn from its declaration: fields, buttons, progress, what came of it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import gradio as gr

from core.catalog import LANGS, Words
from core.config.schema.kinds import kind
from core.config.schema.option import Option, lines_of
from core.errors import Lang, Problem, UserError
from core.tools.tool import Outcome, Tool, Work, checked
from ui.parts.html_events import LISTEN, button
from ui.parts.images import figure, figures
from ui.parts.job import Job, Report
from ui.parts.job_progress import followed, progress_html
from ui.parts.localized import QUICK, Page, Wording, column, texts
from ui.parts.markup import heading, note, problems, table
from ui.parts.options import OPTIONS
from ui.settings import widgets
from ui.settings.demo import is_demos
from ui.settings.form import Form
from ui.text import say
from ui.tools import messages
from ui.tools.made_html import lines_html
from ui.tools.queueing import about_of, queued_html
from ui.window import Window
from ui.window.error_page import guarded, streamed
from ui.window.paths import Offers, file_name
from ui.window.queued import Prepared
from ui.window.results import download_html, made_address

Data = Mapping[Any, Any]
Update = dict[Any, Any]

SIDE, SHEET = 384, 2560
"""Pixels of the images that are shown: some of many, and those that are looked at as a whole."""


class ToolCard:
    """The card and its handlers. What it writes lies below the workspace."""

    def __init__(self, window: Window, page: Page, form: Form, tool: Tool[Any]) -> None:
        assert tool.card is not None, f"{tool.name} is a tool of the console alone"
        card = tool.card
        self._window, self._form, self._tool, self._card = window, form, tool, card
        self._folder = window.workspace / card.folder
        self.parts: dict[str, Any] = {}
        parts, name = self.parts, tool.name
        window.queued.prepare[name] = self.prepared

        def title(lang: Lang) -> str:
            return heading(tool.words.of(lang), card.lead.of(lang))

        def place(lang: Lang) -> str:
            return say("tool.place", lang, folder=window.paths.short(str(self._folder)))

        with column(f"card-{name}", "rw-card"):
            page.add(gr.HTML, {"value": title}, padding=False)
            with column("", "rw-grid"):
                for option in self._options:
                    if option.name == card.output and card.is_named:
                        words: dict[str, Wording] = {"label": option.meta.label, "info": place}
                        parts[option.name] = page.add(gr.Textbox, words, max_lines=1, elem_id=f"{name}-name")
                    elif option.name != card.output and option.name not in card.takes:
                        parts[option.name] = self._field(page, option)
            if card.hint is not None:
                parts["hint"] = gr.HTML(elem_id=f"{name}-hint", elem_classes=["rw-maybe"], padding=False)
            # Stop is there only while its card shows a bar (page.css).
            with gr.Row(elem_classes=["rw-buttons", "is-small"]):
                start = {"value": card.button}
                parts["start"] = page.add(
                    gr.Button, start, elem_id=f"{name}-start", size="md", variant="primary"
                )
                queue = {"elem_id": f"{name}-queue", "size": "md"}
                parts["queue"] = page.add(gr.Button, texts(value="run.queue"), **queue)
                stop = {"elem_id": f"{name}-stop", "elem_classes": ["rw-stop"], "size": "md"}
                parts["stop"] = page.add(gr.Button, texts(value="job.stop"), **stop)
            if card.output and not card.is_named:
                page.add(gr.HTML, {"value": lambda lang: note(place(lang))}, padding=False)
            classes = ["rw-maybe", "rw-tool-result"]
            parts["result"] = gr.HTML(
                elem_id=f"{name}-result", elem_classes=classes, padding=False, js_on_load=LISTEN
            )

    def _field(self, page: Page, option: Option) -> Any:
        element = f"{self._tool.name}-{option.name.replace('_', '-')}"
        offered, value = self._window.paths.offered(option), self._card.values.get(option.name)
        return widgets.make(page, option, offered, element, value)

    @property
    def _options(self) -> list[Option]:
        """Those that the card has."""
        return [option for option in self._tool.options if option.name not in self._card.left_out]

    @property
    def job(self) -> Job[Outcome]:
        return self._window.jobs[self._tool.name]

    @property
    def chosen_part(self) -> list[Any]:
        """The field of the form that the folder is chosen for; [] without one."""
        return [self._form.components[self._card.fills]] if self._card.fills else []

    @property
    def _offered_part(self) -> list[Any]:
        """The field of the form that what was made can be taken for; [] without one."""
        return [self._form.components[self._card.offers]] if self._card.offers else []

    @property
    def read_parts(self) -> list[Any]:
        """The fields that its settings are read from, those of the form among them."""
        own = [part for name, part in self.parts.items() if name in {o.name for o in self._tool.options}]
        return [*own, *(self._form.components[key] for key in self._card.takes.values())]

    def connect(self, lang: Any) -> Any:
        """Bind the handlers. Gives the event that fills the form, or may."""
        read = self.read_parts
        started = self.parts["start"].click(
            streamed(lambda data: self.start(data, data[lang]), self._window),
            {lang, *read, *self.chosen_part},
            [self.parts["result"], *self.chosen_part],
            api_visibility="private",
            show_progress="hidden",
            concurrency_id=self._tool.name,
            concurrency_limit=4,
        )
        self.parts["stop"].click(guarded(self.stop, self._window), None, None, **QUICK)
        if not self._offered_part:
            return started
        use = guarded(lambda data: self.use(data[lang]), self._window)
        return self.parts["result"].submit(use, {lang}, [self.parts["result"], *self._offered_part], **QUICK)

    def offer(self, found: Offers) -> Update:
        """The lists to pick files and folders from anew."""
        return {
            self.parts[option.name]: gr.update(choices=self._window.paths.offered(option, found))
            for option in self._tool.options
            if kind(option) == "path" and isinstance(self.parts.get(option.name), gr.Dropdown)
        }

    def hint(self, data: Data, lang: Lang) -> str:
        """What the settings come to that are taken from the form."""
        if self._card.hint is None:
            return ""
        taken = [option for option in self._tool.options if option.name in self._card.takes]
        words = self._card.hint(self._read(data, taken)[0])
        return note(words.of(lang)) if words else ""

    def shown(self, lang: Lang) -> str:
        """How far the work is, or how the last one ended."""
        return progress_html(self.job, lang, is_kept=self._card.is_kept, labelled=self._labelled)

    def resting(self, lang: Lang) -> str:
        """What it shows as long as there was no work."""
        return ""

    def start(self, data: Data, lang: Lang) -> Iterator[Update]:
        """Do the work on a thread, unless its settings are wrong."""
        job, result, name = self.job, self.parts["result"], self._tool.name
        try:
            if self._tool.on_gpu:
                self._window.gpu.refuse(name)
            prepared = self.prepared(self.settings(data, lang))
        except UserError as error:
            yield {result: problems([self._labelled(problem, lang) for problem in error.problems], lang)}
            return
        for part in self.chosen_part:
            self._window.draft.keep({self._card.fills: str(data[part] or "")})
        how: dict[str, Any] = {"is_kept": self._card.is_kept, "labelled": self._labelled}
        for html in followed(job, prepared.work, prepared.done, lang, **how):
            yield {result: html}
        if chosen := self.chosen(data):
            yield chosen

    def prepared(self, values: Mapping[str, Any]) -> Prepared:
        """The work with these settings, for its button and for the queue. Raises UserError."""
        settings = checked(self._tool.settings, self._confined(values))

        def work(report: Report) -> Outcome:
            may_write = self._window.paths.writable
            rules = self._window.paths.model, lambda folder: may_write(str(folder))
            outcome = self._tool.start(settings, Work(report, self.job.control, *rules))
            return replace(outcome, lines=(*outcome.lines, *self._choose()))

        begun = self._window.gpu.alone(self._tool.name, work) if self._tool.on_gpu else work
        return Prepared(begun, self._done, lambda outcome: outcome)

    def queue(self, data: Data, lang: Lang) -> Update:
        """Put the work at the end of the queue, unless its settings are wrong."""
        try:
            values = self.settings(data, lang)
        except UserError as error:
            not_added = note(say("queue.not.added", lang), "warn")
            return {self.parts["result"]: not_added + problems(error.problems, lang)}
        about = about_of(self._tool, values, {*self._card.takes, self._card.output})
        if self._card.is_named and self._card.output:
            about = " → ".join(filter(None, (about, Path(values[self._card.output]).name)))
        said = queued_html(self._window, self._tool, values, about, lang)
        return {self.parts["result"]: said + self.shown(lang) if self.job.is_busy else said}

    def _done(self, lang: Lang, *, is_used: bool = False) -> str:
        """What came of the work: lines, figures, some images, and what it can be taken for."""
        outcome = self.job.result
        assert outcome is not None, "there is a result when the work is done"
        notes, acts = lines_html(outcome.lines, lang), ""
        if outcome.made is not None:
            acts = download_html(made_address(self._window, outcome.made), lang)
        if outcome.made is not None and self._card.offers and not is_used:
            words = say(f"tool.use.{self._card.offers}", lang)
            acts = button("use", "", words, "is-main", fills=True) + acts
        offer = f'<div class="rw-acts">{acts}</div>' if acts else ""
        drawn = [(str(file), path.name, "") for path in outcome.images if (file := self._shown(path, SIDE))]
        shown = figures(say("tool.images", lang), drawn)
        sheets = [figure(file, path.name) for path in outcome.sheets if (file := self._shown(path, SHEET))]
        shown += f'<div class="rw-sheets">{"".join(sheets)}</div>' if sheets else ""
        if (found := outcome.table) is not None:
            head, *rows = found.lines(lang)
            notes += table(head, rows, frozenset(range(1, len(head))))
        notes += "".join(note(words.of(lang)) for words in outcome.about)
        return notes + offer + problems(outcome.problems, lang) + shown

    def _shown(self, path: Path, side: int) -> Path | None:
        try:
            return self._window.thumbs.of(path, side)
        except OSError:
            return None  # deleted meanwhile

    def use(self, lang: Lang) -> Update:
        """Take what was made last for the option that the card offers it for."""
        key, outcome, window = self._card.offers, self.job.result, self._window
        if outcome is None or outcome.made is None or self.job.is_busy:
            return {}
        path, label = window.paths.short(str(outcome.made)), OPTIONS[key].meta.label.of(lang)
        window.draft.keep({key: path})
        said = note(say("tool.used", lang, label=label, path=path), "good")
        (part,) = self._offered_part
        return {part: gr.update(value=path), self.parts["result"]: said + self._done(lang, is_used=True)}

    def stop(self) -> None:
        """After what is at hand: an image, a sampling step, a tensor."""
        self.job.control.stop(save=False)

    def settings(self, data: Data, lang: Lang) -> dict[str, Any]:
        """What stands in the fields by option, checked. Raises UserError."""
        values, wrong = self._read(data, self._options)
        try:
            if not wrong:
                checked(self._tool.settings, values)
        except UserError as error:
            wrong = [self._labelled(problem, lang) for problem in error.problems]
        if wrong:
            raise UserError(*wrong)
        return values

    def _confined(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """The settings with each path checked anew: they may be of an earlier window. Raises UserError."""
        known = {option.name: option for option in self._tool.options if option.name in values}
        found: dict[str, Any] = {}
        for name, option in known.items():
            value, key = values[name], self._card.takes.get(name, "")
            if name == self._card.output:
                is_named = self._card.is_named
                value = str(self._folder / file_name(Path(str(value)).name) if is_named else self._folder)
            elif option.meta.path and isinstance(value, list):
                value = [self._window.paths.absolute(str(line), key) for line in value]
            elif option.meta.path and value:
                value = self._path(option, str(value), key)
            found[name] = value
        return found

    def _path(self, option: Option, value: str, key: str) -> str:
        paths = self._window.paths
        return paths.model(value, key) if option.meta.path == "model" else paths.absolute(value, key)

    def _read(self, data: Data, options: Iterable[Option]) -> tuple[dict[str, Any], list[Problem]]:
        """What stands in the fields by option, and what of it can't be used."""
        values: dict[str, Any] = {}
        wrong: list[Problem] = []
        for option in options:
            try:
                value = self._value(option, data)
            except UserError as error:
                wrong += error.problems
            else:
                if value is not None:
                    values[option.name] = value
        return values, wrong

    def _value(self, option: Option, data: Data) -> Any:
        """None for an empty field."""
        paths, key = self._window.paths, self._card.takes.get(option.name, "")
        part = self._form.components[key] if key else self.parts.get(option.name)
        if not key and part is not None and option.field.is_required() and not str(data[part] or "").strip():
            raise UserError(messages.EMPTY(label=option.meta.label))
        if option.name == self._card.output:
            return str(self._folder / file_name(str(data[part] or "")) if part is not None else self._folder)
        value = widgets.read(option, data[part])
        if kind(option) == "lines" and option.meta.path:
            return [paths.absolute(line, key) for line in lines_of(str(value or ""))]
        if kind(option) != "path" or value is None:
            return None if value == "" and not option.field.is_required() else value
        return self._path(option, value, key)

    def _labelled(self, problem: Problem, lang: Lang) -> Problem:
        """A problem with the field's label in the place of the option's name."""
        labels = {option.name: option.meta.label.of(lang) for option in self._tool.options}
        return replace(problem, key=labels.get(problem.key, problem.key))

    def _choose(self) -> tuple[Words, ...]:
        """The folder becomes that of the form, unless the user has chosen another; what is told of that."""
        key, window = self._card.fills, self._window
        if not key or not self._folder.is_dir():
            return ()
        if window.settings.get(key) and not is_demos(window, key):
            return ()
        window.draft.keep({key: window.paths.short(str(self._folder))})
        label = OPTIONS[key].meta.label
        return (Words(*(say("tool.filled", lang, label=label.of(lang)) for lang in LANGS)),)

    def chosen(self, data: Data) -> Update:
        """The update for a page that does not show yet that the folder was chosen."""
        now = self._window.settings.get(self._card.fills)
        is_new = now == self._window.paths.short(str(self._folder))
        return {part: gr.update(value=now) for part in self.chosen_part if is_new and data[part] != now}
