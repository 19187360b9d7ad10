"""The run panel: start, stop, pause, the queue, and the places for what is seen of a run (polling.py)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import gradio as gr

from core.config.file import toml_text
from core.errors import Lang, UserError
from core.runs.state_folder import AUTO, CHANGED
from ui.parts.html_events import LISTEN, data_of, sent
from ui.parts.localized import QUICK, Page, column
from ui.parts.markup import esc, note, problems
from ui.run import idle, messages, starting, stopping
from ui.run.more_steps import MoreSteps
from ui.run.polling import news, place
from ui.run.prompts import PromptField, checked
from ui.run.queue import QueueCard
from ui.run.retry_fix import CURABLE, cure_of, label_of
from ui.run.sweep import Sweep
from ui.settings.checking import check_html
from ui.settings.form import Form
from ui.text import say
from ui.window import Window
from ui.window.dated import Subject, dated
from ui.window.error_page import guarded
from ui.window.last_run import Unfinished, step_of
from ui.window.run_state import RunView

Data = Mapping[Any, Any]
Raw = Mapping[str, Any]
Update = dict[Any, Any]
Act = Callable[[Raw, Lang], starting.Answer | str | None]
"""What a button does with the form: gives the message to show, and what that is about where not the usual."""

_MAIN = {"resume": "primary", "start": "primary", "go_on": "primary", "pause": "secondary", "stop": "stop"}
_MORE = ("check", "queue", "save", "sample")
_OF_SETTINGS = ("start", "check", "queue")
"""Buttons that read the form; they are there before the first run too."""

_PASS_ON = "element.addEventListener('rw-news', () => trigger('click', {by: 'rw-news'}));"
"""Passes on to the server, by Gradio's own way, that script/live.js has received news; script/faults.js knows
by the word that no user has asked for it."""

_TOP = (
    f"{place('heading', 'header')}"
    '<div id="run-lost" data-live="lost" role="alert"></div>'
    f"{place('head')}"
    '<div id="run-said" data-live="said" role="status" class="rw-unseen"></div>'
    f"{place('tab')}{place('tabs')}"
)
"""What stays in sight, with what is read out and what the tab of the browser says."""

_FACTS = (
    f"{place('numbers')}"
    f'<details id="run-machine-box">{place("machine", "summary")}{place("machine-more")}</details>'
    f"{place('notify')}"
)

_BELOW = (
    "".join(place(name) for name in ("chart", "smoothing", "rates", "samples", "notices"))
    + f'<details id="run-log-box" open>{place("log-title", "summary")}'
    + f"{place('log')}{place('log-acts')}</details>"
)


class RunPanel:
    """The components of the panel and their handlers; the run itself is the window's.

    acts: what each button does, by its name.
    """

    def __init__(self, window: Window, page: Page, form: Form, alarm: Any) -> None:
        """alarm: the warning above Start when the run will not fit (ForecastCard)."""
        self._window, self._form = window, form
        self.parts: dict[str, Any] = {}
        self.acts: dict[str, Act] = {
            "start": lambda raw, lang: starting.start(window, form, raw, lang),
            "check": lambda raw, lang: check_html(form, raw, lang),
            "queue": lambda raw, lang: starting.queue(window, form, raw, lang),
            "resume": self._resume,
            "pause": lambda raw, lang: self._control().pause(),
            "go_on": lambda raw, lang: self._control().resume(),
            "stop": lambda raw, lang: stopping.stop(window, lang),
            "save": self._save,
            "sample": self._sample,
        }
        self._draw(page, alarm)

    def _draw(self, page: Page, alarm: Any) -> None:
        parts, maybe = self.parts, ["rw-maybe"]
        parts["news"] = gr.HTML(elem_id="run-news", padding=False, js_on_load=_PASS_ON)
        with column("run-stay"):
            gr.HTML(_TOP, elem_id="run-top", padding=False)
            with gr.Row(elem_classes=["rw-buttons"], elem_id="run-main-buttons"):
                for name, variant in _MAIN.items():
                    self._draw_button(page, name, variant)
        alarm.render()
        with gr.Row(elem_classes=["rw-buttons", "is-small"], elem_id="run-more-buttons"):
            for name in _MORE:
                self._draw_button(page, name, "secondary", size="sm")
        gr.HTML(_FACTS, elem_id="run-facts", padding=False)
        parts["message"] = gr.HTML(
            elem_id="run-message", elem_classes=maybe, padding=False, js_on_load=LISTEN
        )
        # Above the curves and images of the run, which are long: what comes next must be seen.
        self.queue = QueueCard(self._window, self._form)
        self._idle = gr.HTML(
            place("idle"), elem_id="run-idle-box", elem_classes=maybe, padding=False, js_on_load=LISTEN
        )
        gr.HTML(place("outcome"), elem_classes=maybe, padding=False)
        empty = {"value": lambda lang: ""}
        parts["cure"] = page.add(gr.Button, empty, variant="primary", elem_id="run-cure", visible=False)
        self.more = MoreSteps(self._window)
        parts["more"] = self.more.part
        self.sweep = Sweep(self._window, page, self._form)
        self._prompts = PromptField(page)
        parts |= self._prompts.parts
        gr.HTML(_BELOW, elem_id="run-below", padding=False)
        # The prompts this page has been given, by number of the run: what is changed there is left alone.
        parts["given"] = gr.State(None)

    def _draw_button(self, page: Page, name: str, variant: str, size: str = "lg") -> None:
        self.parts[name] = page.add(
            gr.Button,
            {"value": lambda lang: say(f"run.{name}", lang, step="…")},
            variant=variant,
            size=size,
            elem_id=f"run-{name.replace('_', '-')}",
            visible=name in _OF_SETTINGS,
            min_width=96,
        )

    @property
    def outputs(self) -> list[Any]:
        return [*self.parts.values(), *self.queue.outputs]

    def connect(self, lang: Any) -> None:
        """Bind the handlers. lang: the component that holds the page's language."""
        parts, form, window, prompts = self.parts, self._form, self._window, self._prompts
        reading = {lang, parts["given"]}
        with_form = {*reading, *form.inputs}

        def bind(event: Any, handler: Any, inputs: set[Any], *more: Any) -> None:
            event(guarded(handler, window), inputs, [*self.outputs, *more], **QUICK)

        def pressed(act: Act) -> Callable[[Data], Update]:
            return lambda data: self._answer(act, {}, data[lang], data[parts["given"]])

        def pressed_with_form(act: Act) -> Callable[[Data], Update]:
            return lambda data: self._answer(
                act, form.raw(data), data[lang], data[parts["given"]], "settings"
            )

        def answered(data: Data, event: gr.EventData) -> Update:
            """A button of a question in the message."""
            answer = sent(data_of(event))[0]
            if answer == stopping.ANSWER:
                return pressed(lambda raw, lang: stopping.stop(window, lang, answer))(data)
            if answer not in starting.ANSWERS:
                return {}
            return pressed_with_form(lambda raw, lang: starting.start(window, form, raw, lang, answer))(data)

        def more(data: Data, event: gr.EventData) -> Update:
            said = data_of(event)
            return pressed(lambda raw, lang: (self.more.start(said, lang), "start"))(data)

        def switched(event: gr.EventData) -> None:
            idle.act(window, data_of(event))

        def swept(data: Data, event: gr.EventData) -> Update:
            html = self.sweep.act(form.raw(data), data_of(event), data[lang])
            return {self.sweep.part: html} | self.queue.show(data[lang])

        def draw(data: Data) -> Update:
            typed, is_kept = data[parts["prompts"]], data[prompts.keep]
            return pressed(lambda raw, lang: self._draw_prompts(typed, is_kept, lang))(data)

        for name, act in self.acts.items():
            if name in _OF_SETTINGS:
                bind(parts[name].click, pressed_with_form(act), with_form)
            else:
                bind(parts[name].click, pressed(act), reading)
        bind(parts["news"].click, lambda data: self.show(data[lang], data[parts["given"]]), reading)
        bind(parts["message"].click, answered, with_form)
        bind(parts["more"].click, more, reading)
        self._idle.click(guarded(switched, window), None, None, **QUICK)
        bind(self.sweep.part.click, swept, with_form, self.sweep.part)
        bind(prompts.draw.click, draw, {*reading, parts["prompts"], prompts.keep})
        bind(
            parts["cure"].click,
            lambda data: self.cure(form.raw(data), data[lang], data[parts["given"]]),
            with_form,
            *(form.components[key] for key in CURABLE),
        )

    def cure(self, raw: Raw, lang: Lang, given: Any) -> Update:
        """Set what helps in the form, and start with those settings."""
        view, _ = self._window.look()
        cure = None if view.is_live else cure_of(view)
        values = {cure.option.key: cure.value} if cure else {}

        def act(raw: Raw, lang: Lang) -> starting.Answer:
            if cure is None:
                raise UserError(messages.NOT_RUNNING())
            return starting.start(self._window, self._form, raw, lang, "start-anyway")

        cured = {**raw, **self._form.shown(values)}
        return self._answer(act, cured, lang, given, "settings") | self._form.fill(values)

    def _answer(self, act: Act, raw: Raw, lang: Lang, given: Any, subject: Subject = "run") -> Update:
        """Do what a button says, then show the run as it stands; problems are shown in words.

        subject: what the message is about, which is over when that changes; act may give another with it.
        """
        self._window.draft.keep(raw)
        try:
            answer = act(raw, lang) or ""
            message, subject = answer if isinstance(answer, tuple) else (answer, subject)
        except UserError as e:
            message = problems(e.problems, lang)
        shown = self.show(lang, given)
        return shown | {self.parts["message"]: gr.update(value=dated(self._window, subject, message, lang))}

    # What the buttons do.

    def _resume(self, raw: Raw, lang: Lang) -> None:
        view, _ = self._window.look()
        unfinished = self._resumable(view)
        if unfinished is None:
            raise UserError(messages.NO_STATE())
        chosen = {"resume": str(unfinished.state), "resume_anyway": _is_other_than_its_state(view)}
        overrides = [f"save.{name}={toml_text.toml_value(value)}" for name, value in chosen.items()]
        self._window.runner.start(toml_text.read(unfinished.run_file), overrides)

    def _resumable(self, view: RunView) -> Unfinished | None:
        """What Resume would go on from; a run that could not begin leaves what could be resumed before it."""
        unfinished = self._own_state(view)
        if view.status == "refused" and unfinished is None:
            earlier = self._window.left.earlier
            return earlier if earlier and step_of(earlier.state) == earlier.step else None
        if not view.is_live:
            self._window.left.earlier = unfinished
        return unfinished

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
        if not self._window.is_training:
            raise UserError(messages.NOT_RUNNING())
        return self._window.runner.current.control

    def _save(self, raw: Raw, lang: Lang) -> str:
        self._control().save_now()
        return note(say("run.saved.now", lang))

    def _sample(self, raw: Raw, lang: Lang) -> str:
        control = self._control()
        if not self._window.runner.current.config.sample.sample_prompts:
            raise UserError(messages.NO_PROMPTS())
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
        word = news(self._window)  # first: what changes in between is then sent once more
        view, (number, _, _) = self._window.look()
        run = self._window.runner.current
        html = f'<i data-news="{esc(word)}" data-lang="{lang}"></i>'
        updates: Update = {
            self.parts["news"]: html,
            self.parts["more"]: self.more.show(view, lang),
            **self.queue.show(lang),
            **self._buttons(view, lang),
        }
        prompts = None if run is None else (number, run.control.sample_lines)
        if run is not None and prompts != (tuple(given) if given else None):
            updates |= self._prompts.show(run)
            updates[self.parts["given"]] = prompts
        return updates

    def _buttons(self, view: RunView, lang: Lang) -> Update:
        is_on = view.status in ("starting", "running")
        is_pausing = view.status in ("pausing", "paused")
        can_steer = is_on or is_pausing
        unfinished = self._resumable(view)
        cure = None if view.is_live else cure_of(view)
        # One thing at a time is the next; beside a run that is done, the state is an earlier one's.
        goes_on = unfinished is not None and view.status != "done" and not cure
        resume = "run.resume.anyway" if _is_other_than_its_state(view) else "run.resume"
        updates: dict[str, Mapping[str, Any]] = {
            "start": {
                "visible": not view.is_live,
                "variant": "secondary" if goes_on or cure else "primary",
            },
            "check": {"visible": not view.is_live},
            "queue": {"visible": True},
            "resume": {
                "visible": unfinished is not None,
                "value": say(resume, lang, step=unfinished.step if unfinished else 0),
                "variant": "primary" if goes_on else "secondary",
            },
            "cure": {"visible": cure is not None, "value": label_of(cure, lang) if cure else ""},
            "pause": {"visible": is_on},
            "go_on": {"visible": is_pausing},
            "stop": stopping.button_of(view, lang),
            **{name: {"visible": can_steer} for name in ("save", "sample", "prompts_box")},
        }
        return {self.parts[name]: gr.update(**update) for name, update in updates.items()}


def _is_other_than_its_state(view: RunView) -> bool:
    """Whether the run was refused because something has changed since the state that it would go on from."""
    return view.ended is not None and view.ended.code in CHANGED
