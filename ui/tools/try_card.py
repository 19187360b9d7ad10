"""The card that generates images with a result: its fields, its progress, and what was generated last."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import gradio as gr

from core.config.schema.option import Option, options_of
from core.errors import Lang, Problem, UserError
from core.tools.tool import Work, checked
from core.tools.try_settings import Shot, Source, TrySettings
from ui.parts.html_events import LISTEN, data_of, fields_of, sent
from ui.parts.job import Job, Report
from ui.parts.job_progress import followed, progress_html
from ui.parts.localized import QUICK, Page, column
from ui.parts.markup import note, problems
from ui.settings import widgets
from ui.settings.cards import titled
from ui.text import say
from ui.tools import messages
from ui.tools.run_acts import RunActs
from ui.tools.try_html import form_html, strip_html
from ui.tools.try_targets import BASE, Target, sources, targets
from ui.window import Window
from ui.window.error_page import guarded, streamed
from ui.window.gpu import TRY
from ui.window.results import by_place
from ui.window.tries import Tried

Data = Mapping[Any, Any]
Update = dict[Any, Any]

OPTIONS: tuple[Option, ...] = tuple(options_of("try", TrySettings))
GRID = (0.0, 0.25, 0.5, 0.75, 1.0)
_LARGEST_SEED = 2**32


class TryCard:
    """The card and its handlers. What is generated belongs to the window, so every page shows the same."""

    def __init__(self, window: Window, page: Page, acts: RunActs) -> None:
        self._window, self._acts = window, acts
        self.parts: dict[str, Any] = {}
        self.chosen_part: list[Any] = []
        with column("try-it", "rw-card"):
            page.add(gr.HTML, titled("try.title", "try.lead"), padding=False)
            for name in ("form", "result"):
                classes = ["rw-maybe", *(["rw-tool-result"] if name == "result" else [])]
                self.parts[name] = gr.HTML(
                    elem_id=f"try-{name}", elem_classes=classes, padding=False, js_on_load=LISTEN
                )

    @property
    def job(self) -> Job[None]:
        return self._window.tries.job

    def connect(self, lang: Any, refresh: Any) -> None:
        """Bind the handlers. refresh: the button by which the list of runs is looked at anew."""
        form, result = self.parts["form"], self.parts["result"]

        def start(data: Data, event: gr.EventData) -> Iterator[Update]:
            return self.start(data_of(event), data[lang])

        gr.on(
            [form.click, result.click],
            streamed(start, self._window),
            {lang},
            [result],
            api_visibility="private",
            show_progress="hidden",
            concurrency_id="try",
            concurrency_limit=4,
        )
        form.submit(guarded(self.stop, self._window), None, None, **QUICK)
        look = guarded(lambda data: self.look(data[lang]), self._window)
        gr.on([lang.input, refresh.click], look, {lang}, [form, result], **QUICK)

    # What is shown.

    def look(self, lang: Lang) -> Update:
        """The fields with the models there are, and what was generated last."""
        form = form_html(OPTIONS, self._targets(), str(self._window.settings.get("model.base") or ""), lang)
        return {self.parts["form"]: form, self.parts["result"]: self.shown(lang)}

    def shown(self, lang: Lang) -> str:
        """How far the work is, or how the last one ended, above the images."""
        return self._above(progress_html(self.job, lang), lang)

    def resting(self, lang: Lang) -> str:
        """What it shows as long as there was no work."""
        return self._above("", lang)

    def chosen(self, data: Data) -> Update:
        """It fills no field of the form."""
        return {}

    def _above(self, said: str, lang: Lang) -> str:
        window = self._window
        if self.job.was_stopped and window.is_training and not self.job.is_busy:
            said = note(say("try.stopped", lang), "warn")
        return said + strip_html(window.tries, window.thumbs, window.paths, lang)

    def _targets(self) -> list[Target]:
        return targets(self._acts.runs(), by_place(self._window))

    # Handlers.

    def start(self, event: Any, lang: Lang) -> Iterator[Update]:
        """Generate what the fields say; or what they said before, with another seed. Unless it is refused."""
        act, on, _ = sent(event)
        fields = fields_of(event)
        if act == "seed":
            before = next((tried for tried in self._window.tries.last() if tried.group == on), None)
            fields = {**before.values, "seed": ""} if before else {}
        try:
            self._window.gpu.refuse(TRY)
            work = self._work(act, fields, lang)
        except UserError as e:
            wrong = problems([self._labelled(problem, lang) for problem in e.problems], lang)
            yield {self.parts["result"]: self._above(wrong, lang)}
            return
        for html in followed(self.job, work, lambda lang: "", lang):
            yield {self.parts["result"]: self._above(html, lang)}

    def stop(self) -> None:
        """Between two sampling steps."""
        self.job.control.stop(save=False)

    def _work(self, act: str, fields: Mapping[str, str], lang: Lang) -> Callable[[Report], None]:
        """What is to be done on the thread. Raises UserError."""
        window, name = self._window, fields.get("target", "")
        target = next((one for one in self._targets() if one.id == name), None)
        if target is None and name != BASE:
            raise UserError(messages.NO_TARGET())
        if not fields.get("prompt", "").strip():
            raise UserError(messages.NO_PROMPT())
        base, result = sources(window, target)
        settings = checked(TrySettings, _read(fields))
        seed = random.SystemRandom().randrange(_LARGEST_SEED) if settings.seed is None else settings.seed
        shots = _shots(act, base, result, settings.strength)
        group, label = window.tries.place().stem, target.label if target else Path(base.model.base).name
        kept = {option.name: fields.get(option.name, "")[: widgets.LONGEST] for option in OPTIONS}
        kept |= {"target": name, "seed": str(seed)}

        def made(path: Path, shot: Shot, image_seed: int) -> None:
            is_base = shot.source == base and base != result
            strength = shot.strength if shot.source.lora else 0.0 if is_base else None
            window.tries.add(Tried(path.name, group, label, image_seed, strength, kept))

        def work(report: Report) -> None:
            from core.tools import try_it  # on the worker thread: torch takes seconds to be imported

            window.tries.folder.mkdir(parents=True, exist_ok=True)
            try_it.generate(shots, settings, seed, Work(report, self.job.control), window.tries.place, made)

        return window.gpu.alone(TRY, work)

    @staticmethod
    def _labelled(problem: Problem, lang: Lang) -> Problem:
        """A problem with the field's label in the place of the option's name."""
        labels = {option.name: option.meta.label.of(lang) for option in OPTIONS}
        return replace(problem, key=labels.get(problem.key, problem.key))


def _read(fields: Mapping[str, str]) -> dict[str, Any]:
    """What stands in the fields, by option; an empty one has its default."""
    read = {o.name: widgets.read(o, fields.get(o.name, "")[: widgets.LONGEST]) for o in OPTIONS}
    return {name: value for name, value in read.items() if value not in (None, "") or name == "prompt"}


def _shots(act: str, base: Source, result: Source, strength: float) -> list[Shot]:
    if act == "base" and result != base:
        return [Shot(base, 0.0), Shot(result, strength)]
    if act == "grid" and result.lora is not None:
        return [Shot(result, step) for step in GRID]
    return [Shot(result, strength)]
