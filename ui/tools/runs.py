"""The card of past runs: a list, and whichever are ticked beside each other."""

from __future__ import annotations

import dataclasses
import functools
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import gradio as gr

from core.config import check
from core.config.file import toml_text
from core.errors import Lang, Message, UserError
from core.events import StageProgress, StepDone
from core.runs import compare, past_runs
from ui.parts.html_events import LISTEN, data_of, sent
from ui.parts.localized import QUICK, Page, column, texts
from ui.parts.markup import as_of, note, problems
from ui.parts.options import OPTIONS
from ui.settings.cards import titled
from ui.settings.form import Form
from ui.text import say
from ui.tools.run_compare import LAST, curves_html, images_html, settings_html
from ui.tools.run_list import RESUMABLE, head_html, list_html, name_of, when
from ui.window import Window
from ui.window.error_page import guarded

Data = Mapping[Any, Any]
Update = dict[Any, Any]

MOST_CHOSEN = 6
_DIR = "save.output_dir"

GONE = Message("E-RUNS", "A selected run is no longer there.", "選択した履歴が見つかりません。")
NOT_RESUMABLE = Message(
    "E-RUNS",
    "There is no saved state of this run any more, so it can't be resumed.",
    "この学習の学習状態が残っていないため、再開できません。",
)
STILL_RUNS = Message(
    "E-RUNS", "This run is under way; stop it first.", "この学習は実行中です。先に停止してください。"
)
NOT_MOVED = Message(
    "E-RUNS-MOVE", "The folder {path} could not be moved: {why}", "{path} を移動できませんでした：{why}"
)


class RunsCard:
    """The card and its handlers. What is ticked belongs to the page; everything else lies in folders."""

    def __init__(self, window: Window, page: Page, form: Form) -> None:
        self._window, self._form = window, form
        self.parts: dict[str, Any] = {}
        self._story = functools.lru_cache(maxsize=2 * MOST_CHOSEN)(_told)
        with column("card-runs", "rw-card"):
            page.add(gr.HTML, titled("runs.title", "runs.lead"), padding=False)
            with gr.Row(elem_classes=["rw-buttons", "is-small"]):
                for name in ("refresh", "clear"):
                    self.parts[name] = page.add(
                        gr.Button, texts(value=f"runs.{name}"), elem_id=f"runs-{name}", size="sm"
                    )
            for name in ("list", "said", "heads", "curves", "images", "settings"):
                is_heard = name in ("list", "heads", "images")
                self.parts[name] = gr.HTML(
                    elem_id=f"runs-{name}",
                    elem_classes=["rw-maybe"],
                    padding=False,
                    js_on_load=LISTEN if is_heard else None,
                )
        self._drawing = 0
        # What this page has ticked, the step of the images, the run it asks about.
        self.parts["chosen"] = gr.State(())
        self.parts["step"] = gr.State(LAST)
        self.parts["asked"] = gr.State("")

    @property
    def shown(self) -> list[Any]:
        """What a look anew changes."""
        names = ("list", "said", "heads", "curves", "images", "settings", "chosen", "step", "asked")
        return [self.parts[name] for name in names]

    @property
    def kept(self) -> set[Any]:
        """What a look anew must be given besides the form's fields."""
        return {self.parts[name] for name in ("chosen", "step", "asked")}

    def connect(self, lang: Any) -> Any:
        """Bind the handlers. Gives the event that fills the form."""
        parts, form, window = self.parts, self._form, self._window
        reading = {lang, *self.kept, *form.inputs}
        shown = self.shown

        def look(data: Data) -> Update:
            return self.looked(data, data[lang])

        def clear(data: Data) -> Update:
            self._draw_anew()
            return self.look(form.raw(data), (), LAST, data[lang])

        def tick(data: Data, event: gr.EventData) -> Update:
            return self.tick(form.raw(data), data[parts["chosen"]], data_of(event), data[lang])

        def act(data: Data, event: gr.EventData) -> Update:
            return self.act(form.raw(data), data[parts["chosen"]], data_of(event), data[lang])

        def load(data: Data, event: gr.EventData) -> Update:
            return self.load(form.raw(data), data_of(event), data[lang])

        for event in (parts["refresh"].click, lang.input):
            event(guarded(look, window), reading, shown, **QUICK)
        parts["clear"].click(guarded(clear, window), reading, shown, **QUICK)
        parts["list"].select(guarded(tick, window), reading, shown, trigger_mode="always_last", **QUICK)
        for name in ("list", "heads", "images"):
            parts[name].click(guarded(act, window), reading, shown, **QUICK)
        return parts["heads"].submit(
            guarded(load, window), reading, [parts["said"], *form.components.values()], **QUICK
        )

    def _draw_anew(self) -> None:
        """A page leaves HTML alone that has not changed, and in it the boxes that a user ticked."""
        self._drawing += 1

    def looked(self, data: Data, lang: Lang) -> Update:
        """`look` at what a page shows."""
        parts = self.parts
        chosen, step, asked = (data[parts[name]] for name in ("chosen", "step", "asked"))
        return self.look(self._form.raw(data), chosen, step, lang, asked)

    # What lies in the folders.

    def _folders(self, raw: Mapping[str, Any]) -> list[Path]:
        """The output folders that are looked into: the form's and the workspace's own."""
        window, found = self._window, [self._window.output]
        try:
            typed = str(raw.get(_DIR) or "").strip()
            if typed:
                found.insert(0, window.paths.confined(typed, _DIR))
        except UserError:
            pass  # said where it was typed
        return list(dict.fromkeys(found))

    def _live(self) -> Path | None:
        current = self._window.runner.current
        return None if current is None or current.is_over else current.folder

    def found(self, raw: Mapping[str, Any]) -> list[past_runs.PastRun]:
        """The runs of all folders, newest first."""
        live = self._live()
        found = [run for folder in self._folders(raw) for run in past_runs.past_runs(folder, live)]
        return sorted(found, key=lambda run: run.started, reverse=True)

    def _gone(self, raw: Mapping[str, Any]) -> list[past_runs.PastRun]:
        return [run for folder in self._folders(raw) for run in past_runs.trashed(folder)]

    def _run(self, raw: Mapping[str, Any], name: Any) -> past_runs.PastRun:
        """The run of a name that the page sent. Raises UserError."""
        run = next((run for run in self.found(raw) if name_of(run) == name), None)
        if run is None:
            raise UserError(GONE())
        return run

    # Handlers.

    def look(
        self, raw: Mapping[str, Any], chosen: Sequence[str], step: str, lang: Lang, asked: str = ""
    ) -> Update:
        """The list anew, and what is ticked. asked: name of the run that the page asks about."""
        found, parts = self.found(raw), self.parts
        there = {name_of(run): run for run in found}
        kept = [there[name] for name in chosen if name in there]
        folder = self._window.paths.short(str(self._folders(raw)[0]))
        names = [name_of(run) for run in kept]
        listed = list_html(found, self._gone(raw), names, folder, lang)
        listed += f"{as_of(lang)}<!-- {self._drawing} -->"
        return {parts["list"]: listed, parts["said"]: ""} | self._beside(raw, kept, step, lang, asked)

    def tick(self, raw: Mapping[str, Any], before: Sequence[str], event: Any, lang: Lang) -> Update:
        """Show what is ticked now; a run keeps its colour as long as those ticked before it stay."""
        boxes = event.get("chosen", ()) if isinstance(event, dict) else ()
        ticked = [str(name) for name in boxes][:1000]
        there = {name_of(run): run for run in self.found(raw)}
        names = [name for name in before if name in ticked] + [name for name in ticked if name not in before]
        kept = [there[name] for name in names if name in there]
        updates = self._beside(raw, kept[:MOST_CHOSEN], LAST, lang)
        said = ""
        if len(kept) > MOST_CHOSEN:
            self._draw_anew()
            said = note(say("runs.most", lang, n=MOST_CHOSEN), "warn")
            updates |= {
                self.parts["list"]: self.look(raw, names[:MOST_CHOSEN], LAST, lang)[self.parts["list"]]
            }
        return updates | {self.parts["said"]: said}

    def _beside(
        self,
        raw: Mapping[str, Any],
        kept: Sequence[past_runs.PastRun],
        step: str,
        lang: Lang,
        asked: str = "",
    ) -> Update:
        """The runs beside each other. asked: name of the run that the page asks about."""
        parts, paths, live = self.parts, self._window.paths, self._live()
        told = [self._story(run.folder, past_runs.mark(run.folder)) for run in kept]
        pairs = [pair for pair in told if pair is not None]
        records = [
            (past_runs.Record(past_runs.as_live(r.run, live), r.text, r.values, r.events)) for r, _ in pairs
        ]
        stories = [self._shortened(story) for _, story in pairs]
        names = _labels([record.run for record in records])
        at = int(step) if step.isdecimal() and int(step) in compare.common_steps(stories) else None
        heads = "".join(
            head_html(record, n, name_of(record.run) == asked, paths, lang)
            for n, record in enumerate(records, 1)
        )
        thumbs = self._window.thumbs
        return {
            parts["chosen"]: tuple(name_of(record.run) for record in records),
            parts["step"]: LAST if at is None else str(at),
            parts["asked"]: asked,
            parts["heads"]: f'<div class="rw-heads">{heads}</div>' if heads else "",
            parts["curves"]: curves_html(names, stories, lang) if stories else "",
            parts["images"]: images_html(names, stories, at, thumbs, lang),
            parts["settings"]: settings_html(names, stories, lang, self._as_form(raw)) if stories else "",
        }

    def act(self, raw: Mapping[str, Any], chosen: Sequence[str], event: Any, lang: Lang) -> Update:
        """What a button inside the card says."""
        act, on, step = sent(event)
        kept = [run for run in self.found(raw) if name_of(run) in chosen]
        kept.sort(key=lambda run: list(chosen).index(name_of(run)))
        try:
            if act == "step":
                return self._beside(raw, kept, step, lang)
            if act in ("trash", "trash-no"):
                return self._beside(raw, kept, LAST, lang, asked=on if act == "trash" else "")
            said = {"trash-yes": self._trash, "back": self._back, "resume": self._resume}[act](raw, on, lang)
        except UserError as e:
            return self._beside(raw, kept, LAST, lang) | {self.parts["said"]: problems(e.problems, lang)}
        except KeyError:
            return {}
        return self.look(raw, chosen, LAST, lang) | {self.parts["said"]: note(said, "good")}

    def load(self, raw: Mapping[str, Any], event: Any, lang: Lang) -> Update:
        """Put a run's settings into the form: the settings only, so that it starts afresh."""
        try:
            run = self._run(raw, sent(event)[1])
            values = self._values(run) | {"save.resume": ""}
        except UserError as e:
            return {self.parts["said"]: problems(e.problems, lang)}
        self._window.draft.keep(self._form.shown(values), lent={})
        said = note(say("runs.loaded", lang, name=run.name, when=when(run)), "good")
        return self._form.fill(values) | {self.parts["said"]: said}

    def _values(self, run: past_runs.PastRun) -> dict[str, Any]:
        """Every option of a run, checked; results go to where that run lies now. Raises UserError."""
        values = toml_text.values_of(check.load(run.folder / past_runs.RUN_FILE).config)
        return values | {_DIR: str(run.output_dir)}

    def _resume(self, raw: Mapping[str, Any], name: str, lang: Lang) -> str:
        run = self._run(raw, name)
        record = past_runs.read(run.folder)
        if record is None or record.state is None or run.status not in RESUMABLE:
            raise UserError(NOT_RESUMABLE())
        state, step = record.state
        # Through the form, which is where every path is looked at before it is used.
        shown = self._form.shown(self._values(run) | {"save.resume": str(state)})
        self._window.runner.start(self._form.text(shown, lang))
        return say("runs.resumed", lang, name=run.name, step=step)

    def _trash(self, raw: Mapping[str, Any], name: str, lang: Lang) -> str:
        run = self._run(raw, name)
        if run.status == "running":
            raise UserError(STILL_RUNS())
        self._window.paths.writable(str(run.folder))
        _moved(past_runs.to_trash, run)
        return say("runs.trashed", lang, name=run.name)

    def _back(self, raw: Mapping[str, Any], name: str, lang: Lang) -> str:
        run = next((run for run in self._gone(raw) if name_of(run) == name), None)
        if run is None:
            raise UserError(GONE())
        self._window.paths.writable(str(run.folder))
        _moved(past_runs.from_trash, run)
        return say("runs.back.done", lang, name=run.name)

    # What is compared.

    def _as_form(self, raw: Mapping[str, Any]) -> compare.Story:
        """The form as it stands, to be compared with a run."""
        return self._shortened(compare.Story(self._form.read(raw), (), (), {}))

    def _shortened(self, story: compare.Story) -> compare.Story:
        """With paths as the form writes them: a run file has whole ones, or those of another folder."""
        return dataclasses.replace(
            story, values={key: self._short(key, value) for key, value in story.values.items()}
        )

    def _short(self, key: str, value: Any) -> Any:
        option, paths = OPTIONS.get(key), self._window.paths
        if option is None or not option.meta.path or not isinstance(value, str) or not value:
            return value
        try:
            return paths.short(paths.absolute(value))
        except UserError:
            return value


def _told(folder: Path, mark: Any) -> tuple[past_runs.Record, compare.Story] | None:
    """A run and its story, without the reports of each step, which are many. mark: when it was changed."""
    record = past_runs.read(folder)
    if record is None:
        return None
    few = tuple(event for event in record.events if not isinstance(event, StepDone | StageProgress))
    return dataclasses.replace(record, events=few), compare.story(record)


def _labels(found: Sequence[past_runs.PastRun]) -> list[str]:
    """What the columns are called: the name, with the time where names are the same."""
    names = [run.name for run in found]
    clock = "%H:%M" if len({time.localtime(run.started)[:3] for run in found}) == 1 else "%Y-%m-%d %H:%M"
    times = [time.strftime(clock, time.localtime(run.started)) for run in found]
    labels = [
        name if names.count(name) == 1 else f"{name} {at}" for name, at in zip(names, times, strict=True)
    ]
    return [f"{label} ({n})" if labels.count(label) > 1 else label for n, label in enumerate(labels, 1)]


def _moved(move: Any, run: past_runs.PastRun) -> None:
    try:
        move(run)
    except OSError as e:
        raise UserError(NOT_MOVED(path=run.folder, why=e.strerror or str(e))) from e
