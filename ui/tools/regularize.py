"""The card that has the base model draw regularization images, as many as the guide's rule asks for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import gradio as gr

from core.config.schema import numbers
from core.data.sources import folders
from core.errors import Lang, UserError, plain_problem
from core.tools.resize import parse_size
from ui.parts.job import Report
from ui.parts.job_progress import told
from ui.parts.localized import Page, column, texts
from ui.parts.markup import note, problems
from ui.settings.cards import titled
from ui.settings.demo import is_demos
from ui.settings.form import Form
from ui.text import say
from ui.tools.job_buttons import WorkButtons
from ui.window import Window

Data = Mapping[Any, Any]
Update = dict[Any, Any]

TRAIN, REG = "dataset.train_data_dir", "dataset.reg_data_dir"
_BASE, _SIZE = "model.base", "dataset.resolution"
_TYPED = ("classes", "count", "negative", "steps")


class RegularizeCard:
    """The card and its handlers. Model, training pictures and resolution are those of the form."""

    def __init__(self, window: Window, page: Page, form: Form) -> None:
        self._window, self._form = window, form
        self.parts: dict[str, Any] = {}
        parts = self.parts
        folder = window.paths.short(str(self._folder))
        with column("card-regularize", "rw-card"):
            page.add(gr.HTML, titled("regularize.title", "regularize.lead"), padding=False)
            parts["classes"] = page.add(
                gr.Textbox,
                texts(label="regularize.classes", info="regularize.classes.info"),
                lines=2,
                max_lines=8,
                elem_id="regularize-classes",
            )
            with column("", "rw-grid"):
                for name, value in (("count", ""), ("steps", "30"), ("negative", "")):
                    parts[name] = page.add(
                        gr.Textbox,
                        texts(label=f"regularize.{name}", info=f"regularize.{name}.info"),
                        value=value,
                        max_lines=1,
                        elem_id=f"regularize-{name}",
                    )
            parts["hint"] = gr.HTML(elem_id="regularize-hint", elem_classes=["rw-maybe"], padding=False)
            self.buttons = WorkButtons(window, page, "regularize", "regularize.button")
            place = {"value": lambda lang: note(say("regularize.place", lang, folder=folder))}
            page.add(gr.HTML, place, padding=False)
            parts["result"] = gr.HTML(elem_id="regularize-result", elem_classes=["rw-maybe"], padding=False)

    @property
    def _folder(self) -> Path:
        return self._window.workspace / "datasets" / "reg"

    def connect(self, lang: Any) -> None:
        """Bind the handlers."""
        parts, components = self.parts, self._form.components
        reading = {lang, *(components[key] for key in (_BASE, TRAIN, REG, _SIZE))}
        self.buttons.connect(
            lambda data: self.start(data, data[lang]),
            {*reading, *(parts[name] for name in _TYPED)},
            [parts["result"], components[REG]],
        )

    def hint(self, train: Any, lang: Lang) -> str:
        """The guide's number, from the training folders as they are: repeats x images."""
        try:
            found = folders.scan(self._window.paths.confined(str(train or "")), is_reg=False).folders
        except UserError:
            return ""
        sums = [f"{folder.repeats} × {len(folder.images)}" for folder in found if folder.images]
        total = sum(folder.repeats * len(folder.images) for folder in found)
        return note(say("regularize.hint", lang, sum=" + ".join(sums), n=total)) if total else ""

    def start(self, data: Data, lang: Lang) -> Iterator[Any]:
        """Draw on a thread what is not there yet; a stop keeps what is drawn."""
        parts, components, job = self.parts, self._form.components, self._window.regularize
        paths, run = self._window.paths, self._window.runner.current
        try:
            if run is not None and not run.is_over:
                raise UserError(
                    plain_problem("E-RUN-BUSY", *(say("regularize.busy", lg) for lg in ("en", "ja")))
                )
            model = paths.model(str(data[components[_BASE]] or ""), _BASE)
            typed = str(data[components[TRAIN]] or "")
            train = paths.confined(typed, TRAIN) if typed.strip() else None
            size = parse_size(str(data[components[_SIZE]] or "512"))
            count, steps = (self._number(data[parts[name]], name) for name in ("count", "steps"))
        except UserError as e:
            yield {parts["result"]: problems(e.problems, lang)}
            return
        self._window.draft.keep({REG: str(data[components[REG]] or "")})
        lines = str(data[parts["classes"]] or "").splitlines()
        classes = tuple(line.strip() for line in lines if line.strip())
        negative, out = str(data[parts["negative"]] or ""), self._folder

        def work(report: Report) -> Any:
            # Imported here: it brings torch with it, and the window must not wait for that.
            from core.tools.regularize import Settings, make_images

            settings = Settings(
                model, out, classes, count, train, negative, size, steps=30 if steps is None else steps
            )
            made = make_images(settings, report, job.control)
            self._choose()
            return made

        def done(lang: Lang) -> str:
            lines = [
                say("regularize.done", lang, folder=part.folder.name, n=part.count, new=len(part.missing))
                for part in job.result
            ]
            return "".join(note(line, "good") for line in lines)

        for html in told(job, work, done, lang):
            yield {parts["result"]: html}
        if chosen := self.chosen(data[components[REG]]):
            yield chosen

    def _choose(self) -> None:
        """The new pictures become the regularization pictures, unless a person has chosen others."""
        chosen, paths = str(self._window.settings.get(REG) or ""), self._window.paths
        if self._folder.is_dir() and (not chosen or is_demos(self._window, REG)):
            self._window.draft.keep({REG: paths.short(str(self._folder))})

    def chosen(self, shown: Any) -> Update:
        """The update for a page that does not show yet that the pictures were chosen."""
        now = self._window.settings.get(REG)
        is_new = now == self._window.paths.short(str(self._folder)) and shown != now
        return {self._form.components[REG]: gr.update(value=now)} if is_new else {}

    @staticmethod
    def _number(text: Any, name: str) -> int | None:
        """A whole number or None for an empty field. Raises UserError."""
        typed = str(text or "").strip()
        if not typed:
            return None
        number = numbers.whole(typed)
        if number is None or not 0 <= number < 10**8:
            en, ja = (say("regularize.number", lg, name=say(f"regularize.{name}", lg)) for lg in ("en", "ja"))
            raise UserError(plain_problem("E-REG-RANGE", en, ja))
        return number
