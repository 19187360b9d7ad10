"""The card of what waits, runs and tools: its order, what holds it, and the buttons to change it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import gradio as gr

from core.config import check
from core.config.file import toml_text
from core.errors import Lang, UserError
from core.queue_entries import Waiting
from ui.parts.html_events import LISTEN, button, data_of, sent
from ui.parts.localized import QUICK
from ui.parts.markup import note, problems
from ui.run.queue_html import name_of, queue_html
from ui.settings.form import Form
from ui.text import say
from ui.window import Window
from ui.window.dated import dated
from ui.window.error_page import guarded

Data = Mapping[Any, Any]
Update = dict[Any, Any]


class QueueCard:
    """One piece of HTML, nothing while nothing waits. The queue is the window's: all pages show the same."""

    def __init__(self, window: Window, form: Form) -> None:
        self._window, self._form = window, form
        self._removed: tuple[Waiting, int] | None = None
        self.parts: dict[str, Any] = {
            "list": gr.HTML(
                elem_id="queue-list", elem_classes=["rw-maybe"], padding=False, js_on_load=LISTEN
            ),
            "said": gr.HTML(
                elem_id="queue-said", elem_classes=["rw-maybe"], padding=False, js_on_load=LISTEN
            ),
        }

    @property
    def outputs(self) -> list[Any]:
        return list(self.parts.values())

    def connect(self, lang: Any) -> Any:
        """Bind the handlers. Gives the event that fills the form."""
        parts, form, window = self.parts, self._form, self._window

        def act(data: Data, event: gr.EventData) -> Update:
            return self.act(data_of(event), data[lang])

        def edit(data: Data, event: gr.EventData) -> Update:
            return self.edit(data_of(event), data[lang])

        gr.on(
            [parts["list"].click, parts["said"].click],
            guarded(act, window),
            {lang},
            self.outputs,
            **QUICK,
        )
        into = [*self.outputs, *form.components.values()]
        return parts["list"].submit(guarded(edit, window), {lang}, into, **QUICK)

    def show(self, lang: Lang) -> Update:
        """The queue as it stands."""
        return {self.parts["list"]: queue_html(self._window.queue.look(), self._window.is_training, lang)}

    def act(self, event: Any, lang: Lang) -> Update:
        """What a button of the card says; a run that has been started meanwhile is left alone."""
        act, on, _ = sent(event)
        queue, said = self._window.queue, ""
        if act == "go":
            queue.go_on()
        elif act == "again":
            again = queue.retry()
            key = "queue.again.done" if again else "queue.gone"
            said = note(say(key, lang, name=name_of(again, lang) if again else ""))
        elif act == "repeat":
            again = queue.repeat(on)
            key = "queue.added" if again else "queue.gone"
            said = note(say(key, lang, name=name_of(again, lang) if again else ""))
        elif act == "stop":
            queue.stop()
        elif act == "forget":
            queue.forget()
        elif act == "hold":
            queue.hold()
        elif act == "keep":
            queue.set_keeps_going(on == "yes")
        elif act in ("up", "down"):
            queue.move(on, -1 if act == "up" else 1)
        elif act == "remove":
            said = self._remove(on, lang)
        elif act == "back" and self._removed is not None and self._removed[0].id == on:
            queue.put_back(*self._removed)
            self._removed = None
        return self.show(lang) | self._say(said, lang)

    def _say(self, said: str, lang: Lang) -> Update:
        """What stands below the queue until another run starts."""
        return {self.parts["said"]: dated(self._window, "start", said, lang)}

    def _remove(self, on: str, lang: Lang) -> str:
        """Take a run out, with a button that puts it back: its settings may stand nowhere else."""
        place = next((n for n, run in enumerate(self._window.queue.look().waiting) if run.id == on), 0)
        removed = self._window.queue.remove(on)
        if removed is None:
            return note(say("queue.gone", lang))
        self._removed = (removed, place)
        said, back = note(say("queue.removed", lang, name=name_of(removed, lang))), say("queue.back", lang)
        return f'<div class="rw-asked">{said}<div class="rw-acts">{button("back", on, back)}</div></div>'

    def edit(self, event: Any, lang: Lang) -> Update:
        """Take a run out of the queue and put its settings into the form."""
        _, on, _ = sent(event)
        queue = self._window.queue
        run = next((run for run in queue.look().waiting if run.id == on), None)
        try:
            # Read before it is taken out, so that a run file that can't be read stays where it is.
            is_run = run is not None and not run.tool
            config = check.check(run.text, run.overrides).config if run and is_run else None
        except UserError as e:
            return self._say(problems(e.problems, lang), lang)
        if run is None or config is None or queue.remove(on) is None:
            return self.show(lang) | self._say(note(say("queue.gone", lang)), lang)
        values = toml_text.values_of(config)
        self._window.draft.keep(self._form.shown(values))
        done = note(say("queue.edited", lang, name=run.name), "good")
        return self._form.fill(values) | self.show(lang) | self._say(done, lang)
