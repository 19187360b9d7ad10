"""The card of past runs: a list, and whichever are ticked beside each other."""

from __future__ import annotations

import functools
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import gradio as gr

from core.config import check
from core.config.file import toml_text
from core.errors import Lang, UserError
from core.events import StageProgress, StepDone
from core.reading import reason
from core.runs import compare, past_runs, result_names
from core.runs.past_runs import PastRun, Record
from ui.parts.html_events import LISTEN, data_of, sent
from ui.parts.localized import QUICK, Page, column, texts
from ui.parts.markup import as_of, note, problems
from ui.parts.numbers import minute
from ui.parts.options import OPTIONS
from ui.settings.cards import titled
from ui.settings.form import Form
from ui.text import say
from ui.tools import messages
from ui.tools.run_compare import LAST, curves_html, images_html, settings_html
from ui.tools.run_list import AGAIN, RESUMABLE, head_html, list_html, name_of
from ui.window import Window
from ui.window.error_page import guarded
from ui.window.results import output_folders

Data = Mapping[Any, Any]
Update = dict[Any, Any]

MOST_CHOSEN = 6


class View(NamedTuple):
    """What a page shows of the card: the names of the runs that are ticked, the step of their images.

    asked: name of the run that the page asks about, whether it shall be removed.
    """

    chosen: tuple[str, ...] = ()
    step: str = LAST
    asked: str = ""


class RunsCard:
    """The card and its handlers. What is ticked belongs to the page; everything else lies in folders."""

    def __init__(self, window: Window, page: Page, form: Form) -> None:
        self._window, self._form = window, form
        self.parts: dict[str, Any] = {}
        self._story = functools.lru_cache(maxsize=2 * MOST_CHOSEN)(_story)
        self._drawing = 0
        with column("card-runs", "rw-card"):
            page.add(gr.HTML, titled("runs.title", "runs.lead"), padding=False)
            with gr.Row(elem_classes=["rw-buttons", "is-small"]):
                refresh, clear = texts(value="runs.refresh"), texts(value="runs.clear")
                self._refresh = page.add(gr.Button, refresh, elem_id="runs-refresh", size="sm")
                self._clear = page.add(gr.Button, clear, elem_id="runs-clear", size="sm")
            for name in ("list", "said", "heads", "curves", "images", "settings"):
                script = LISTEN if name in ("list", "heads", "images") else None
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
            return self.look(View(), data[lang])

        def tick(data: Data, event: gr.EventData) -> Update:
            return self.tick(data[view], data_of(event), data[lang])

        def act(data: Data, event: gr.EventData) -> Update:
            return self.act(data[view], data_of(event), data[lang])

        def load(data: Data, event: gr.EventData) -> Update:
            return self.load(data_of(event), data[lang])

        def bind(event: Any, handler: Callable[..., Update], *filled: Any, **how: Any) -> Any:
            handler = guarded(handler, self._window)
            return event(handler, {lang, view}, [*parts.values(), *filled], **QUICK, **how)

        bind(self._refresh.click, look)
        bind(lang.input, look)
        bind(self._clear.click, clear)
        bind(parts["list"].select, tick, trigger_mode="always_last")
        for name in ("list", "heads", "images"):
            bind(parts[name].click, act)
        return bind(parts["heads"].submit, load, *self._form.components.values())

    # What lies in the folders.

    def _live(self) -> Path | None:
        return self._window.runner.current.folder if self._window.is_training else None

    def runs(self) -> list[PastRun]:
        """The runs of all output folders, newest first."""
        live, folders = self._live(), output_folders(self._window)
        runs = [run for folder in folders for run in past_runs.past_runs(folder, live)]
        return sorted(runs, key=lambda run: run.started, reverse=True)

    def _removed(self) -> list[PastRun]:
        return [run for folder in output_folders(self._window) for run in past_runs.trashed(folder)]

    @staticmethod
    def _named(name: Any, runs: Sequence[PastRun]) -> PastRun:
        """The run of a name that the page sent. Raises UserError."""
        run = next((run for run in runs if name_of(run) == name), None)
        if run is None:
            raise UserError(messages.GONE())
        return run

    # Handlers.

    def look(self, view: View, lang: Lang, message: str = "") -> Update:
        """The list anew, and what is ticked."""
        runs, window = self.runs(), self._window
        folder = window.paths.short(str(window.settings.get("save.output_dir") or window.output))
        listed = list_html(runs, self._removed(), view.chosen, folder, lang) + as_of(lang)
        # A page leaves HTML alone that has not changed, and in it the boxes that a user ticked.
        listed += f"<!-- {self._drawing} -->"
        return {self.parts["list"]: listed} | self._compare(view, lang, message)

    def tick(self, view: View, event: Any, lang: Lang) -> Update:
        """Show what is ticked now; a run keeps its colour as long as those ticked before it stay."""
        boxes = event.get("chosen", ()) if isinstance(event, dict) else ()
        ticked = [str(name) for name in boxes][:1000]
        there = {name_of(run) for run in self.runs()} & set(ticked)
        names = [name for name in dict.fromkeys((*view.chosen, *ticked)) if name in there]
        view = View(tuple(names[:MOST_CHOSEN]))
        if len(names) <= MOST_CHOSEN:
            return self._compare(view, lang)
        self._drawing += 1
        return self.look(view, lang, note(say("runs.most", lang, n=MOST_CHOSEN), "warn"))

    def act(self, view: View, event: Any, lang: Lang) -> Update:
        """What a button inside the card does."""
        name, on, step = sent(event)
        acts = {"trash-yes": self._trash, "back": self._restore, "resume": self._resume, "again": self._again}
        if name in ("step", "trash", "trash-no"):
            asked = on if name == "trash" else ""
            return self._compare(View(view.chosen, step if name == "step" else LAST, asked), lang)
        if name not in acts:
            return {}
        try:
            message = note(acts[name](on, lang), "good")
        except UserError as e:
            return self._compare(View(view.chosen), lang, problems(e.problems, lang))
        return self.look(View(view.chosen), lang, message)

    def load(self, event: Any, lang: Lang) -> Update:
        """Put a run's settings into the form: the settings only, so that it starts afresh."""
        try:
            run = self._named(sent(event)[1], self.runs())
            values = _values(run) | {"save.resume": ""}
        except UserError as e:
            return {self.parts["said"]: problems(e.problems, lang)}
        self._window.draft.change("run", run.name, self._form.shown(values), lent={})
        done = note(say("runs.loaded", lang, name=run.name, when=minute(run.started)), "good")
        return self._form.fill(values) | {self.parts["said"]: done}

    def _resume(self, name: str, lang: Lang) -> str:
        run = self._named(name, self.runs())
        record = past_runs.read(run.folder)
        if record is None or record.state is None or run.status not in RESUMABLE:
            raise UserError(messages.NOT_RESUMABLE())
        state, step = record.state
        # Through the form, which checks every path before it is used.
        shown = self._form.shown(_values(run) | {"save.resume": str(state)})
        self._window.runner.start(self._form.text(shown, lang))
        return say("runs.resumed", lang, name=run.name, step=step)

    def _again(self, name: str, lang: Lang) -> str:
        """Train a run once more from its beginning, now or after the run under way; what it left is kept."""
        run, window = self._named(name, self.runs()), self._window
        if run.status not in AGAIN:
            raise UserError(messages.NOT_RESUMABLE())
        text = self._form.text(self._form.shown(_values(run) | {"save.resume": ""}), lang)
        if window.is_training:
            return say("runs.again.queued", lang, name=window.queue.add(text).run.name)
        free = result_names.free(check.check(text).config.save)
        window.runner.start(text, [f"save.output_name={toml_text.toml_value(free)}"])
        return say("runs.again.started", lang, name=free)

    def _trash(self, name: str, lang: Lang) -> str:
        run = self._named(name, self.runs())
        if run.status == "running":
            raise UserError(messages.STILL_RUNS())
        self._move(past_runs.to_trash, run)
        return say("runs.trashed", lang, name=run.name)

    def _restore(self, name: str, lang: Lang) -> str:
        run = self._named(name, self._removed())
        self._move(past_runs.from_trash, run)
        return say("runs.back.done", lang, name=run.name)

    def _move(self, move: Callable[[PastRun], PastRun], run: PastRun) -> None:
        self._window.paths.writable(str(run.folder))
        try:
            move(run)
        except OSError as e:
            raise UserError(messages.NOT_MOVED(path=run.folder, why=reason(e))) from e

    # What is compared.

    def _compare(self, view: View, lang: Lang, message: str = "") -> Update:
        """The ticked runs beside each other."""
        parts, window, live = self.parts, self._window, self._live()
        there = {name_of(run): run for run in self.runs()}
        chosen = [there[name] for name in view.chosen if name in there]
        pairs = [p for run in chosen if (p := self._story(run.folder, past_runs.mark(run.folder)))]
        records = [replace(record, run=past_runs.as_live(record.run, live)) for record, _ in pairs]
        stories = [self._shortened(story) for _, story in pairs]
        names, labels = tuple(name_of(r.run) for r in records), _labels([r.run for r in records])
        at = int(view.step) if view.step.isdecimal() else None
        at = at if at in compare.common_steps(stories) else None
        heads = "".join(
            head_html(record, n, name == view.asked, window.paths, lang)
            for n, (record, name) in enumerate(zip(records, names, strict=True), 1)
        )
        now = self._shortened(compare.Story(self._form.read(self._typed()), (), (), {}))
        return {
            parts["view"]: View(names, LAST if at is None else str(at), view.asked),
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


def _values(run: PastRun) -> dict[str, Any]:
    """Every option of a run, checked; results go to where that run lies now. Raises UserError."""
    values = toml_text.values_of(check.load(run.folder / past_runs.RUN_FILE).config)
    return values | {"save.output_dir": str(run.output_dir)}


def _story(folder: Path, mark: Any) -> tuple[Record, compare.Story] | None:
    """A run and its story, without the reports of each step, which are many. mark: when it was changed."""
    record = past_runs.read(folder)
    if record is None:
        return None
    few = tuple(event for event in record.events if not isinstance(event, StepDone | StageProgress))
    return replace(record, events=few), compare.story(record)


def _labels(runs: Sequence[PastRun]) -> list[str]:
    """What the columns are called: the name, with the time where names are the same."""
    names = [run.name for run in runs]
    clock = "%H:%M" if len({time.localtime(run.started)[:3] for run in runs}) == 1 else "%Y-%m-%d %H:%M"
    times = [time.strftime(clock, time.localtime(run.started)) for run in runs]
    labels = [
        name if names.count(name) == 1 else f"{name} {at}" for name, at in zip(names, times, strict=True)
    ]
    return [f"{label} ({n})" if labels.count(label) > 1 else label for n, label in enumerate(labels, 1)]
