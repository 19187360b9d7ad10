"""The card of runs: a list with what each has left, one opened, whichever are ticked beside each other."""

from __future__ import annotations

import functools
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import gradio as gr

from core.errors import Lang, UserError
from core.events import StageProgress, StepDone
from core.runs import compare, past_runs
from core.runs.past_runs import PastRun, Record
from ui.parts.html_events import LISTEN, data_of, fields_of, sent
from ui.parts.localized import QUICK, Page, column, texts
from ui.parts.markup import as_of, note, problems
from ui.parts.options import OPTIONS
from ui.settings.cards import titled
from ui.settings.form import Form
from ui.text import say
from ui.tools.run_acts import RunActs
from ui.tools.run_compare import LAST, curves_html, images_html, settings_html
from ui.tools.run_detail import Asked, detail_html
from ui.tools.run_list import Listed, head_html, list_html, name_of
from ui.window import Window
from ui.window.error_page import guarded
from ui.window.results import by_place

Data = Mapping[Any, Any]
Update = dict[Any, Any]

MOST_CHOSEN = 6


class View(NamedTuple):
    """What a page shows of the card: the names of the runs that are ticked, the step of their images.

    opened: name of the run whose details are shown. asked: what the page asks about that run. ticked: number
    of the last tick of that page, by which it knows an answer that is older (ui/parts/html_events.py).
    """

    chosen: tuple[str, ...] = ()
    step: str = LAST
    opened: str = ""
    asked: Asked = Asked()
    ticked: int = 0


class RunsCard:
    """The card and its handlers. What is ticked belongs to the page; everything else lies in folders."""

    def __init__(self, window: Window, page: Page, form: Form) -> None:
        self._window, self._form, self.acts = window, form, RunActs(window, form)
        self.parts: dict[str, Any] = {}
        self._story = functools.lru_cache(maxsize=2 * MOST_CHOSEN)(_story)
        self._drawing = 0
        with column("card-runs", "rw-card"):
            page.add(gr.HTML, titled("runs.title", "runs.lead"), padding=False)
            with gr.Row(elem_classes=["rw-buttons", "is-small"]):
                refresh, clear = texts(value="runs.refresh"), texts(value="runs.clear")
                self.refresh = page.add(gr.Button, refresh, elem_id="runs-refresh", size="sm")
                self._clear = page.add(gr.Button, clear, elem_id="runs-clear", size="sm")
            for name in ("said", "list", "heads", "curves", "images", "settings"):
                script = LISTEN if name in ("list", "images") else None
                classes = ["rw-maybe"]
                self.parts[name] = gr.HTML(
                    elem_id=f"runs-{name}", elem_classes=classes, padding=False, js_on_load=script
                )
        self.view = self.parts["view"] = gr.State(View())

    def connect(self, lang: Any) -> Any:
        """Bind the handlers. Gives the event that fills the form."""
        parts, view = self.parts, self.view

        def look(data: Data) -> Update:
            return self.look(data[view], data[lang])

        def clear(data: Data) -> Update:
            self._drawing += 1
            return self.look(View(ticked=data[view].ticked), data[lang])

        def tick(data: Data, event: gr.EventData) -> Update:
            return self.tick(data[view], data_of(event), data[lang])

        def act(data: Data, event: gr.EventData) -> Update:
            return self.act(data[view], data_of(event), data[lang])

        def load(data: Data, event: gr.EventData) -> Update:
            return self.load(data_of(event), data[lang])

        def bind(event: Any, handler: Callable[..., Update], *filled: Any, **how: Any) -> Any:
            handler = guarded(handler, self._window)
            return event(handler, {lang, view}, [*parts.values(), *filled], **QUICK, **how)

        bind(self.refresh.click, look)
        bind(lang.input, look)
        bind(self._clear.click, clear)
        bind(parts["list"].select, tick, trigger_mode="always_last")
        for name in ("list", "images"):
            bind(parts[name].click, act)
        return bind(parts["list"].submit, load, *self._form.components.values())

    def runs(self) -> list[PastRun]:
        """The runs of all output folders, newest first."""
        return self.acts.runs()

    # Handlers.

    def look(self, view: View, lang: Lang, message: str = "") -> Update:
        """The list anew, and what is ticked."""
        window, runs, results = self._window, self.runs(), by_place(self._window)
        folder = window.paths.short(str(window.settings.get("save.output_dir") or window.output))
        opened = next((run for run in runs if name_of(run) == view.opened), None)
        detail = ""
        if opened and (read := self._story(opened.folder, past_runs.mark(opened.folder))):
            record = replace(read[0], run=opened)
            detail = detail_html(record, read[1], view.asked, results, (window.paths, window.thumbs), lang)
        listed = Listed(runs, self.acts.removed(), results, view.chosen, view.opened, detail)
        html = list_html(listed, folder, window.thumbs, lang) + as_of(lang)
        # A page leaves HTML alone that has not changed, and in it the boxes that a user ticked.
        html += f'<!-- {self._drawing} --><i data-ticked="{view.ticked}" hidden></i>'
        return {self.parts["list"]: html} | self._compare(view, lang, message)

    def tick(self, view: View, event: Any, lang: Lang) -> Update:
        """Show what is ticked now; a run keeps its colour as long as those ticked before it stay."""
        boxes = event.get("chosen") if isinstance(event, dict) else None
        ticked = [str(name) for name in boxes[:1000]] if isinstance(boxes, list | tuple) else []
        there = {name_of(run) for run in self.runs()} & set(ticked)
        names = [name for name in dict.fromkeys((*view.chosen, *ticked)) if name in there]
        at = event.get("at") if isinstance(event, dict) else None
        number = at if isinstance(at, int) and 0 <= at < 2**31 else view.ticked
        view = view._replace(chosen=tuple(names[:MOST_CHOSEN]), step=LAST, ticked=number)
        if len(names) <= MOST_CHOSEN:
            return self._compare(view, lang)
        self._drawing += 1
        return self.look(view, lang, note(say("runs.most", lang, n=MOST_CHOSEN), "warn"))

    def act(self, view: View, event: Any, lang: Lang) -> Update:
        """What a button inside the card does."""
        name, on, step = sent(event)
        run, _, file = on.partition("/")
        shown = {
            "open": view._replace(opened=on, asked=Asked()),
            "close": view._replace(opened="", asked=Asked()),
            "trash": view._replace(opened=on, asked=Asked("trash")),
            "delete": view._replace(opened=run, asked=Asked("delete", file)),
            "no": view._replace(asked=Asked()),
        }
        if name == "step":
            return self._compare(view._replace(step=step), lang)
        if name in shown:
            return self.look(shown[name], lang)
        try:
            if name == "rename":
                message = self.acts.rename(on, fields_of(event).get("title", ""), lang)
            elif name in self.acts.by_name:
                message = self.acts.by_name[name](on, lang)
            else:
                return {}
        except UserError as e:
            return self.look(view._replace(asked=Asked()), lang, problems(e.problems, lang))
        return self.look(view._replace(asked=Asked()), lang, note(message, "good"))

    def load(self, event: Any, lang: Lang) -> Update:
        """Put a run's settings into the form, or these with a saved model to start from."""
        name, on, _ = sent(event)
        read = self.acts.continuing if name == "continue" else self.acts.settings
        try:
            values, run, said = read(on, lang)
        except UserError as e:
            return {self.parts["said"]: problems(e.problems, lang)}
        self._window.draft.change("run", run, self._form.shown(values), lent={})
        return self._form.fill(values) | {self.parts["said"]: note(said, "good")}

    # What is compared.

    def _compare(self, view: View, lang: Lang, message: str = "") -> Update:
        """The ticked runs beside each other."""
        parts, window, live = self.parts, self._window, self.acts.live()
        there = {name_of(run): run for run in self.runs()}
        chosen = [there[name] for name in view.chosen if name in there]
        pairs = [p for run in chosen if (p := self._story(run.folder, past_runs.mark(run.folder)))]
        records = [replace(record, run=past_runs.as_live(record.run, live)) for record, _ in pairs]
        stories = [self._shortened(story) for _, story in pairs]
        names, labels = tuple(name_of(r.run) for r in records), _labels([r.run for r in records])
        at = int(view.step) if view.step.isdecimal() else None
        at = at if at in compare.common_steps(stories) else None
        heads = "".join(head_html(record, n, lang) for n, record in enumerate(records, 1))
        now = self._shortened(compare.Story(self._form.read(self._typed()), (), (), {}))
        return {
            parts["view"]: view._replace(chosen=names, step=LAST if at is None else str(at)),
            parts["said"]: message,
            parts["heads"]: f'<div class="rw-heads">{heads}</div>' if heads else "",
            parts["curves"]: curves_html(labels, stories, lang) if stories else "",
            parts["images"]: images_html(labels, stories, at, window.thumbs, lang),
            parts["settings"]: settings_html(labels, stories, lang, now) if stories else "",
        }

    def _typed(self) -> dict[str, Any]:
        """The settings as they stand in the form."""
        return self._form.shown(self._window.first) | self._window.draft.values

    def _shortened(self, story: compare.Story) -> compare.Story:
        """With paths as the form writes them: a run file has whole ones, or those of another folder."""
        return replace(story, values={key: self._short(key, value) for key, value in story.values.items()})

    def _short(self, key: str, value: Any) -> Any:
        option, paths = OPTIONS.get(key), self._window.paths
        if option is None or not option.meta.path or not isinstance(value, str) or not value:
            return value
        try:
            return paths.short(paths.absolute(value))
        except UserError:
            return value


def _story(folder: Path, mark: Any) -> tuple[Record, compare.Story] | None:
    """A run and its story, without the reports of each step, which are many. mark: when it was changed."""
    record = past_runs.read(folder)
    if record is None:
        return None
    few = tuple(event for event in record.events if not isinstance(event, StepDone | StageProgress))
    return replace(record, events=few), compare.story(record)


def _labels(runs: Sequence[PastRun]) -> list[str]:
    """What the columns are called: the name, with the time where names are the same."""
    names = [run.shown_name for run in runs]
    clock = "%H:%M" if len({time.localtime(run.started)[:3] for run in runs}) == 1 else "%Y-%m-%d %H:%M"
    times = [time.strftime(clock, time.localtime(run.started)) for run in runs]
    labels = [
        name if names.count(name) == 1 else f"{name} {at}" for name, at in zip(names, times, strict=True)
    ]
    return [f"{label} ({n})" if labels.count(label) > 1 else label for n, label in enumerate(labels, 1)]
