"""The run panel: start, stop, pause, the queue, and the places for what is seen of a run (live.py)."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import gradio as gr

from core.config.file import toml_text
from core.errors import Lang, Problem, UserError, plain_problem
from core.runs.state_folder import AUTO, CHANGED
from ui.parts.html_events import LISTEN, data_of, sent
from ui.parts.localized import QUICK, Page
from ui.parts.markup import esc, note, problems
from ui.run import starting
from ui.run.polling import news, place
from ui.run.prompts import PromptField, checked
from ui.run.queue import QueueCard
from ui.run.retry_fix import CURABLE, cure_of, label_of
from ui.settings.checking import check_html
from ui.settings.form import Form
from ui.text import say
from ui.window import Window
from ui.window.dated import Subject, dated
from ui.window.error_page import guarded
from ui.window.last_run import Unfinished, step_of
from ui.window.run_state import RunView

Update = dict[Any, Any]

_MAIN = {"resume": "primary", "start": "primary", "go_on": "primary", "pause": "secondary", "stop": "stop"}
_MORE = ("check", "queue", "save", "sample")
_BUTTONS = (*_MAIN, *_MORE)

_PASS_ON = "element.addEventListener('rw-news', () => trigger('click', {}));"
"""What script/live.js has found to be new, told to the server by Gradio's own way."""

_BELOW = (
    "".join(place(name) for name in ("chart", "smoothing", "rates", "samples", "notices"))
    + f'<details id="run-log-box" open>{place("log-title", "summary")}'
    + f"{place('log')}{place('log-acts')}</details>"
)


class RunPanel:
    """The components of the panel and their handlers; all it knows of a run it asks the window's watcher."""

    def __init__(self, window: Window, page: Page, form: Form, alarm: Any) -> None:
        """alarm: what is said above Start when the run will not fit (ForecastCard)."""
        self._window, self._form = window, form
        self.parts: dict[str, Any] = {}
        self._draw(page, alarm)

    def _draw(self, page: Page, alarm: Any) -> None:
        parts = self.parts
        parts["news"] = gr.HTML(elem_id="run-news", padding=False, js_on_load=_PASS_ON)
        gr.HTML(place("lost") + place("head"), elem_id="run-top", padding=False)
        alarm.render()
        with gr.Row(elem_classes=["rw-buttons"], elem_id="run-main-buttons"):
            for name, variant in _MAIN.items():
                parts[name] = self._button(page, name, variant)
        with gr.Row(elem_classes=["rw-buttons", "is-small"], elem_id="run-more-buttons"):
            for name in _MORE:
                parts[name] = self._button(page, name, "secondary", size="sm")
        parts["message"] = gr.HTML(
            elem_id="run-message", elem_classes=["rw-maybe"], padding=False, js_on_load=LISTEN
        )
        # Above the curves and images of the run, which are long: what comes next must be seen.
        self.queue = QueueCard(self._window, self._form)
        gr.HTML(place("outcome"), elem_classes=["rw-maybe"], padding=False)
        parts["cure"] = page.add(
            gr.Button, {"value": lambda lang: ""}, variant="primary", elem_id="run-cure", visible=False
        )
        self._prompts = PromptField(page)
        parts |= self._prompts.parts
        gr.HTML(_BELOW, elem_id="run-below", padding=False)
        # The prompts this page has been given, by number of the run: what is changed there is left alone.
        parts["given"] = gr.State(None)

    @staticmethod
    def _button(page: Page, name: str, variant: str, size: str = "lg") -> Any:
        key = {"go_on": "run.continue", "resume": "run.resume"}.get(name, f"run.{name}")

        def label(lang: Lang) -> str:
            return say(key, lang, step="…") if name == "resume" else say(key, lang)

        return page.add(
            gr.Button,
            {"value": label},
            variant=variant,
            size=size,
            elem_id=f"run-{name.replace('_', '-')}",
            visible=name in ("start", "check", "queue"),
            min_width=96,
        )

    @property
    def outputs(self) -> list[Any]:
        return [*self.parts.values(), *self.queue.outputs]

    def connect(self, lang: Any) -> None:
        """Bind the handlers. lang: the component that holds the page's language."""
        parts, form = self.parts, self._form
        reading = {lang, parts["given"]}
        parts["news"].click(
            guarded(lambda d: self.show(d[lang], d[parts["given"]]), self._window),
            reading,
            self.outputs,
            **QUICK,
        )
        with_form = {*reading, *form.inputs}
        for name, act in (("start", self._start), ("check", self._check), ("queue", self._queue)):

            def handle(data: Mapping[Any, Any], act: Any = act) -> Update:
                return self._answer(act, form.raw(data), data[lang], data[parts["given"]], "settings")

            parts[name].click(
                guarded(handle, self._window), with_form, self.outputs, **QUICK, trigger_mode="once"
            )
        self._connect_cure(with_form, lang)
        parts["message"].click(
            guarded(self._answered(lang), self._window),
            with_form,
            self.outputs,
            **QUICK,
            trigger_mode="once",
        )
        steering = {
            "resume": self._resume,
            "pause": self._pause,
            "go_on": self._go_on,
            "stop": self._stop,
            "save": self._save,
            "sample": self._sample,
        }
        for name, wish in steering.items():

            def steer(data: Mapping[Any, Any], act: Any = wish) -> Update:
                return self._answer(act, {}, data[lang], data[parts["given"]])

            parts[name].click(
                guarded(steer, self._window), reading, self.outputs, **QUICK, trigger_mode="once"
            )

    def _connect_cure(self, with_form: set[Any], lang: Any) -> None:
        parts, form, prompts = self.parts, self._form, self._prompts
        cured = [form.components[key] for key in CURABLE]

        def cure(data: Mapping[Any, Any]) -> Update:
            return self.cure(form.raw(data), data[lang], data[parts["given"]])

        parts["cure"].click(
            guarded(cure, self._window), with_form, [*self.outputs, *cured], **QUICK, trigger_mode="once"
        )

        def draw(data: Mapping[Any, Any]) -> Update:
            typed, is_kept = data[parts["prompts"]], data[prompts.keep]

            def act(raw: Mapping[str, Any], lang: Lang) -> str:
                return self._draw_prompts(typed, is_kept, lang)

            return self._answer(act, {}, data[lang], data[parts["given"]])

        reading = {lang, parts["given"], parts["prompts"], prompts.keep}
        prompts.draw.click(guarded(draw, self._window), reading, self.outputs, **QUICK, trigger_mode="once")

    def cure(self, raw: Mapping[str, Any], lang: Lang, given: Any) -> Update:
        """Set what helps in the form, and start what then stands there."""
        view, _ = self._window.look()
        cure = None if view.is_live else cure_of(view)
        values = {cure.option.key: cure.value} if cure else {}
        act = self._start if cure else self._refuse
        wanted = {**raw, **self._form.shown(values)}
        return self._answer(act, wanted, lang, given, "settings") | self._form.fill(values)

    @staticmethod
    def _refuse(raw: Mapping[str, Any], lang: Lang) -> str:
        raise UserError(_said("run.none"))

    def _answered(self, lang: Any) -> Any:
        """The handler of the buttons that a question in the message has."""
        form, given = self._form, self.parts["given"]

        def handle(data: Mapping[Any, Any], event: gr.EventData) -> Update:
            act = sent(data_of(event))[0]
            if act not in starting.ACTS:
                return gr.skip()

            def do(raw: Mapping[str, Any], lang: Lang) -> str:
                return starting.start(self._window, form, raw, lang, act)

            return self._answer(do, form.raw(data), data[lang], data[given], "settings")

        return handle

    def _answer(
        self, act: Any, raw: Mapping[str, Any], lang: Lang, given: Any, subject: Subject = "run"
    ) -> Update:
        """Do what a button says, then show the run as it stands; problems are shown in words.

        subject: what the message is about, which is over when that changes; act may give another with it.
        """
        self._window.draft.keep(raw)
        try:
            said = act(raw, lang)
            message, subject = said if isinstance(said, tuple) else (said, subject)
        except UserError as e:
            message = problems(e.problems, lang)
        shown = self.show(lang, given)
        message = dated(self._window, subject, message, lang)
        return shown | {self.parts["message"]: gr.update(value=message)}

    # What the buttons do: each gives the message to show.

    def _start(self, raw: Mapping[str, Any], lang: Lang) -> str:
        return starting.start(self._window, self._form, raw, lang)

    def _queue(self, raw: Mapping[str, Any], lang: Lang) -> str:
        return starting.queue(self._window, self._form, raw, lang)

    def _check(self, raw: Mapping[str, Any], lang: Lang) -> str:
        return check_html(self._form, raw, lang)

    def _resume(self, raw: Mapping[str, Any], lang: Lang) -> str:
        view, _ = self._window.look()
        found = self._resumable(view)
        if found is None:
            raise UserError(_said("run.no.state"))
        chosen = {"resume": str(found.state), "resume_anyway": _is_other_than_its_state(view)}
        overrides = [f"save.{name}={toml_text.toml_value(value)}" for name, value in chosen.items()]
        self._window.runner.start(toml_text.read(found.run_file), overrides)
        return ""

    def _resumable(self, view: RunView) -> Unfinished | None:
        """What Resume would go on from; a run that could not begin leaves what could be resumed before it."""
        found = self._own_state(view)
        if view.status == "refused" and found is None:
            earlier = self._window.left.earlier
            return earlier if earlier and step_of(earlier.state) == earlier.step else None
        if not view.is_live:
            self._window.left.earlier = found
        return found

    def _own_state(self, view: RunView) -> Unfinished | None:
        """This run's state, or what a window before this one left."""
        current = self._window.runner.current
        if current is None:
            return self._window.left.unfinished
        save = current.config.save
        # A resumed run that saved nothing of its own goes on from where it was resumed.
        state = view.state_path or (save.resume if save.resume != AUTO else "")
        step = step_of(Path(state)) if state else None
        if view.is_live or view.status == "done" or not state or step is None:
            return None
        return Unfinished(Path(state), current.folder / "run.toml", save.output_name or "last", step)

    def _control(self) -> Any:
        run = self._window.runner.current
        if run is None or run.is_over:
            raise UserError(_said("run.none"))
        return run.control

    def _pause(self, raw: Mapping[str, Any], lang: Lang) -> str:
        self._control().pause()
        return ""

    def _go_on(self, raw: Mapping[str, Any], lang: Lang) -> str:
        self._control().resume()
        return ""

    def _stop(self, raw: Mapping[str, Any], lang: Lang) -> str:
        self._control().stop(save=True)
        return ""

    def _save(self, raw: Mapping[str, Any], lang: Lang) -> str:
        self._control().save_now()
        return note(say("run.saved.now", lang))

    def _sample(self, raw: Mapping[str, Any], lang: Lang) -> str:
        control = self._control()
        if not self._window.runner.current.config.sample.sample_prompts:
            raise UserError(_said("run.no.prompts"))
        control.sample_now()
        return note(say("run.sampled.now", lang))

    def _draw_prompts(self, text: Any, is_kept: bool, lang: Lang) -> str:
        control = self._control()
        lines = checked(text, self._window.runner.current.config)
        control.sample_now(lines, bool(is_kept))
        return note(say("run.prompts.drawn", lang, n=len(lines)))

    # What is shown.

    def show(self, lang: Lang, given: Any = None) -> Update:
        """The run as it stands, as far as it is Gradio's to show.

        given: the prompts this page has been given; None for a page that was just opened.
        """
        told = news(self._window)  # first: what changes in between is told of once more
        view, (number, _, _) = self._window.look()
        run = self._window.runner.current
        updates: Update = {self.parts["news"]: _news_html(told, lang), **self.queue.show(lang)}
        updates |= self._buttons(view, lang)
        prompts = None if run is None else (number, run.control.kept_prompts)
        if run is not None and prompts != (tuple(given) if given else None):
            updates |= self._prompts.show(run)
            updates[self.parts["given"]] = prompts
        return updates

    def _buttons(self, view: RunView, lang: Lang) -> Update:
        is_on = view.status in ("starting", "running")
        is_pausing = view.status in ("pausing", "paused")
        can_steer = is_on or is_pausing
        found = self._resumable(view)
        visible = {
            "start": not view.is_live,
            "check": not view.is_live,
            "queue": True,
            "resume": found is not None,
            "pause": is_on,
            "go_on": is_pausing,
            "stop": can_steer or view.status == "stopping",
            "save": can_steer,
            "sample": can_steer,
        }
        updates: Update = {self.parts[name]: gr.update(visible=visible[name]) for name in _BUTTONS}
        cure = None if view.is_live else cure_of(view)
        updates[self.parts["cure"]] = gr.update(
            visible=cure is not None, value=label_of(cure, lang) if cure else ""
        )
        updates[self.parts["prompts_box"]] = gr.update(visible=can_steer)
        stopping = view.status == "stopping"
        updates[self.parts["stop"]] = gr.update(
            visible=visible["stop"],
            value=say("run.stopping" if stopping else "run.stop", lang),
            interactive=not stopping,
        )
        resume = "run.resume.anyway" if _is_other_than_its_state(view) else "run.resume"
        updates[self.parts["resume"]] = gr.update(
            visible=found is not None,
            value=say(resume, lang, step=found.step if found else 0),
            variant="secondary" if cure else "primary",  # one thing at a time is the next
        )
        updates[self.parts["start"]] = gr.update(
            visible=visible["start"], variant="secondary" if found or cure else "primary"
        )
        return updates


def _is_other_than_its_state(view: RunView) -> bool:
    """Whether the run was refused because something has changed since the state that it would go on from."""
    return view.ended is not None and view.ended.code in CHANGED


def _news_html(told: str, lang: Lang) -> str:
    return f'<i data-news="{esc(told)}" data-lang="{lang}"></i>'


def _said(key: str) -> Problem:
    return plain_problem("E-WINDOW", say(key, "en"), say(key, "ja"))
