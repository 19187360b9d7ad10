"""The card of waiting runs: their order, what holds them, and the buttons to change it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import gradio as gr

from core.catalog import Words
from core.config import check
from core.config.file import toml_text
from core.errors import Lang, UserError
from core.queue import View, Waiting
from ui.parts.html_events import LISTEN, button, data_of, sent
from ui.parts.localized import QUICK
from ui.parts.markup import esc, note, problems
from ui.settings.form import Form
from ui.text import say
from ui.window import Window
from ui.window.dated import dated
from ui.window.error_page import guarded

Data = Mapping[Any, Any]
Update = dict[Any, Any]


class QueueCard:
    """One piece of HTML, nothing while no run waits. The queue is the window's: all pages show the same."""

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
            said = note(say(key, lang, name=again.name if again else ""))
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
        said, back = note(say("queue.removed", lang, name=removed.name)), say("queue.back", lang)
        return f'<div class="rw-asked">{said}<div class="rw-acts">{button("back", on, back)}</div></div>'

    def edit(self, event: Any, lang: Lang) -> Update:
        """Take a run out of the queue and put its settings into the form."""
        _, on, _ = sent(event)
        queue = self._window.queue
        run = next((run for run in queue.look().waiting if run.id == on), None)
        try:
            # Read before it is taken out, so that a run file that can't be read stays where it is.
            config = check.check(run.text, run.overrides).config if run else None
        except UserError as e:
            return self._say(problems(e.problems, lang), lang)
        if run is None or config is None or queue.remove(on) is None:
            return self.show(lang) | self._say(note(say("queue.gone", lang)), lang)
        values = toml_text.values_of(config)
        self._window.draft.keep(self._form.shown(values))
        done = note(say("queue.edited", lang, name=run.name), "good")
        return self._form.fill(values) | self.show(lang) | self._say(done, lang)


def queue_html(view: View, is_busy: bool, lang: Lang) -> str:
    """The waiting runs and why they wait."""
    reason = view.notice.of(lang) if view.notice else ""
    if not view.waiting:
        return f'<section class="rw-queue">{note(reason, "warn")}</section>' if reason else ""
    many = len(view.waiting)
    rows = "".join(_row(run, n, many, lang) for n, run in enumerate(view.waiting, 1))
    count = say("queue.count", lang, n=many)
    checked = " checked" if view.keeps_going else ""
    keep = (
        f'<label class="rw-keep"><input type="checkbox" data-act="keep"{checked}>'
        f"{esc(say('queue.keep', lang))}</label>"
    )
    return (
        f'<section class="rw-queue"><header><h3>{esc(say("queue.title", lang))}</h3>'
        f"<span>{esc(count)}</span></header>"
        f"{_why(view, is_busy, lang)}{note(reason, 'warn')}<ol>{rows}</ol>"
        f'<div class="rw-acts">{_button(view, is_busy, lang)}</div>{keep}</section>'
    )


def _why(view: View, is_busy: bool, lang: Lang) -> str:
    if view.held == "":
        return note(say("queue.going" if is_busy else "queue.next", lang))
    key = f"queue.held.{view.held}"
    tone = "plain" if view.held in ("idle", "person") else "warn"
    return note(say(key, lang), tone)


def _button(view: View, is_busy: bool, lang: Lang) -> str:
    if view.held == "":
        return button("hold", "", say("queue.hold", lang))
    go = button("go", "", say("queue.go.after" if is_busy else "queue.go", lang), "is-main")
    return go + (button("again", "", say("queue.again", lang, name=view.again)) if view.again else "")


def _row(run: Waiting, n: int, many: int, lang: Lang) -> str:
    length = say("epochs.whole" if run.epochs else "queue.steps", lang, n=run.epochs or run.steps)
    moves = button("up", run.id, "↑", "is-sign", title=say("queue.up", lang)) if n > 1 else ""
    moves += button("down", run.id, "↓", "is-sign", title=say("queue.down", lang)) if n < many else ""
    acts = button("edit", run.id, say("queue.edit", lang), "is-quiet", fills=True)
    acts += button("remove", run.id, "×", "is-sign", title=say("queue.remove", lang))
    fault = Words(run.fault_en, run.fault_ja, run.fault_zh).of(lang)
    return (
        f'<li><span class="rw-turn">{n}</span>'
        f"<span><b>{esc(run.name)}</b> <small>{esc(length)}</small></span>"
        f'<span class="rw-moves">{moves}{acts}</span>{note(fault, "bad")}</li>'
    )
