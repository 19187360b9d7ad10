"""Folders made by copying: the plan while a user types, the copying, and its undoing."""

from __future__ import annotations

import os
import re
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import gradio as gr

from core.counting import listed
from core.data.intake import copy_history, folder_name
from core.data.intake.copy import CopyPlan, plan_as_they_are, plan_copy
from core.data.intake.gather import Gathered
from core.data.names import parse
from core.errors import Lang, UserError
from ui.dataset.drop_zone import sent_keys, zone_html
from ui.dataset.folder_options import PLACES, holds_folders
from ui.dataset.handlers import PRIVATE, queued
from ui.dataset.identifiers import offer_html, token_note
from ui.dataset.sources import Request, Sources, left_out_html
from ui.parts.localized import QUICK, Page, column, texts
from ui.parts.markup import esc, note, problems
from ui.settings.cards import titled
from ui.settings.demo import is_demos
from ui.settings.form import Form
from ui.settings.picking import SOURCE, Picking
from ui.text import say
from ui.window import Window
from ui.window.error_page import guarded, streamed

Data = Mapping[Any, Any]
Update = dict[Any, Any]

_LISTED = 6
_MOST = 2_000
"""Letters of a word that are looked at: more than any folder's name may have, so that its length is said."""
_TYPED = ("kind", "source", "arrange", "identifier", "class_", "repeats")


BELONGINGS = (PLACES["reg"], "sample.sample_prompts", "save.output_name")
"""Regularization images, sample prompts and the result's name are of one subject, as the images are."""
LISTS = ("dataset.dataset_config", "dataset.in_json")
"""What names images in a file; beside it a folder of images is refused."""


class FolderMaker:
    """The card that copies images into a folder such as `20_sls frog`."""

    def __init__(self, window: Window, page: Page, form: Form, picking: Picking) -> None:
        self._window, self._form = window, form
        self._sources = Sources(window)
        self.parts: dict[str, Any] = {}
        self._draw(page, picking)

    def _draw(self, page: Page, picking: Picking) -> None:
        parts = self.parts
        with column("card-make", "rw-card"):
            page.add(gr.HTML, titled("make.title", "make.lead"), padding=False)
            self._choice(page, "kind", ("train", "reg"))
            page.add(gr.HTML, {"value": zone_html}, elem_id="make-files", padding=False)
            # The keys of what was sent, by script/sending.js; hidden by the style sheet.
            parts["files"] = gr.Textbox(elem_id="make-sent", container=False, show_label=False)
            words = texts(label="make.source", placeholder="make.source.hint")
            browsable = ["rw-browsable", "is-images"]
            self._add(page, "source", gr.Textbox, words, max_lines=1, elem_classes=browsable)
            picking.draw(page, SOURCE)
            self._choice(page, "arrange", ("keep", "new"), visible=False)
            with column("make-name") as parts["name"]:
                self._draw_name(page)
            self._html("plan")
            with gr.Row(elem_classes=["rw-buttons", "is-small"]):
                self._add(page, "apply", gr.Button, texts(value="make.apply"), interactive=False, size="md")
                self._add(page, "undo", gr.Button, texts(value="make.undo"), visible=False, size="md")
            self._html("done")
        # What was sent to this page, and which copies its Undo button stands for.
        parts["sent"], parts["last"] = gr.State(()), gr.State("")
        # Whether something was copied that the preview has not shown yet.
        self.fresh = gr.State(False)

    def _add(self, page: Page, name: str, make: Any, words: Any, **settings: Any) -> None:
        self.parts[name] = page.add(make, words, **{"elem_id": f"make-{name}", **settings})

    def _html(self, name: str) -> None:
        self.parts[name] = gr.HTML(elem_id=f"make-{name}", elem_classes=["rw-maybe"], padding=False)

    def _choice(self, page: Page, name: str, values: tuple[str, str], **settings: Any) -> None:
        def choices(lang: Lang) -> list[tuple[str, str]]:
            return [(say(f"make.{name}.{value}", lang), value) for value in values]

        words = {**texts(label=f"make.{name}"), "choices": choices}
        self._add(page, name, gr.Radio, words, value=values[0], **settings)

    def _draw_name(self, page: Page) -> None:
        """What the folder's name is made of."""
        with column("", "rw-grid"):
            words = texts(label="make.identifier", info="make.identifier.info")
            self._add(page, "identifier", gr.Textbox, words, max_lines=1)
            words = texts(label="make.class", info="make.class.info")
            self._add(page, "class_", gr.Textbox, words, max_lines=1, elem_id="make-class")
            words = texts(label="make.repeats", info="make.repeats.info")
            self._add(page, "repeats", gr.Number, words, value=20, step=1)
        self._add(page, "offer", gr.HTML, {"value": offer_html}, padding=False)
        self._html("token")

    @property
    def outputs(self) -> list[Any]:
        """What changes when a page is opened or gets another language."""
        return [self.parts[name] for name in ("undo", "done", "last")]

    def connect(self, lang: Any) -> list[Any]:
        """Bind the handlers; gives the events that fill the form, the copying last.

        lang: the component with the page's language.
        """
        parts, window = self.parts, self._window
        folder_fields = [self._form.components[key] for key in PLACES.values()]
        captions = self._form.components["dataset.caption_extension"]
        reading = {lang, captions, parts["sent"], *folder_fields, *(parts[name] for name in _TYPED)}
        shown = [parts[name] for name in ("plan", "token", "apply")]
        needed = [parts["arrange"], parts["name"]]
        look = guarded(lambda data: self.look(data, data[lang]), window)
        settle = guarded(lambda data: self.settle(data, data[lang]), window)
        typed = [parts[name].change for name in ("identifier", "class_", "repeats")]
        gr.on([*typed, lang.input], look, reading, shown, trigger_mode="always_last", **QUICK)
        other = [parts["kind"].change, parts["arrange"].input]
        settled = [gr.on(other, settle, reading, needed, trigger_mode="always_last", **QUICK)]
        # A page whose files were copied forgets them.
        parts["files"].change(
            None, parts["files"], None, js="(text) => window.rwSent(text)", api_visibility="private"
        )
        # The list of files is sent to the server only when it changes: it may hold a thousand.
        slow = queued("unpack", "always_last")
        sent = parts["files"].change(
            streamed(lambda data: self.take(data, data[lang]), window),
            {*reading, parts["files"]},
            [parts["sent"], parts["plan"]],
            **slow,
        )
        named = parts["source"].change(
            streamed(lambda data: self.unpack(data, data[lang]), window), reading, parts["plan"], **slow
        )
        settled += [event.then(settle, reading, needed, **QUICK) for event in (sent, named)]
        for event in settled:
            # The plan is asked for only now: what was typed while files were read belongs to it.
            event.then(look, reading, shown, **QUICK)
        parts["kind"].change(
            lambda kind: (
                *[gr.update(visible=kind != "reg")] * 2,
                gr.update(value=1 if kind == "reg" else 20),
            ),
            parts["kind"],
            [parts["identifier"], parts["offer"], parts["repeats"]],
            **QUICK,
        )
        once: dict[str, Any] = {**PRIVATE, "trigger_mode": "once", "show_progress": "minimal"}
        fields = [*folder_fields, *(self._form.components[key] for key in (*BELONGINGS[1:], *LISTS))]
        undo = guarded(lambda data: self.undo(data, data[lang]), window)
        copy = guarded(lambda data: self.copy(data, data[lang]), window)
        return [
            parts["undo"].click(undo, {lang, parts["last"], *fields}, [*self.outputs, *fields], **once),
            parts["apply"].click(copy, {*reading, *fields}, [*parts.values(), self.fresh, *fields], **once),
        ]

    # What is to be copied.

    def _request(self, data: Data, files: Any = None) -> Request:
        sent = data[self.parts["sent"]] if files is None else files
        captions = str(data[self._form.components["dataset.caption_extension"]] or ".caption")
        return Request(tuple(sent or ()), str(data[self.parts["source"]] or ""), captions)

    def take(self, data: Data, lang: Lang) -> Iterator[Update]:
        """Files were sent: note them, and unpack the ZIPs among them."""
        keys = sent_keys(data[self.parts["files"]])
        files = tuple(str(path) for path in self._window.arrivals.paths(keys))
        yield {self.parts["sent"]: files}
        yield from self._unpacked(self._request(data, files), lang)

    def unpack(self, data: Data, lang: Lang) -> Iterator[Update]:
        """A path was typed: if it is a ZIP, unpack it."""
        yield from self._unpacked(self._request(data), lang)

    def _unpacked(self, request: Request, lang: Lang) -> Iterator[Update]:
        try:
            for html in self._sources.unpack(request, lang):
                yield {self.parts["plan"]: html}
        except UserError:
            return  # a path that may not be read; the plan says so

    def _parent(self, data: Data, kind: str) -> Path:
        """The folder to make `20_sls frog` in: the one of the form, or a new one below the workspace."""
        chosen, paths = data[self._form.components[PLACES[kind]]], self._window.paths
        # The demo's own images stay as they are; a new subject gets a folder of its own.
        if chosen and not paths.confined(chosen).is_relative_to(self._window.project / "demo"):
            path = paths.writable(chosen)
            # An image folder itself may be chosen, too; its neighbours go beside it.
            return path.parent if parse(path.name) is not None and not holds_folders(path) else path
        return self._window.workspace / "datasets" / kind

    def _keeps_folders(self, data: Data, gathered: Gathered) -> bool:
        return bool(gathered.folders) and data[self.parts["arrange"]] != "new"

    def _planned(self, data: Data, gathered: Gathered) -> CopyPlan:
        is_reg = data[self.parts["kind"]] == "reg"
        parent = self._parent(data, "reg" if is_reg else "train")
        if self._keeps_folders(data, gathered):
            has_reg = is_reg or any(item.is_reg for item in gathered.items)
            parents = {False: parent, True: self._parent(data, "reg") if has_reg else parent}
            return plan_as_they_are(gathered.items, parents, is_reg)
        return plan_copy(gathered.items, parent, *self._named(data))

    def _named(self, data: Data) -> tuple[Any, str, str]:
        """Repeats, identifier and class as they are typed."""
        identifier, class_ = (str(data[self.parts[name]] or "")[:_MOST] for name in ("identifier", "class_"))
        return data[self.parts["repeats"]], "" if data[self.parts["kind"]] == "reg" else identifier, class_

    # What is shown.

    def settle(self, data: Data, lang: Lang) -> Update:
        """The fields that the plan needs, after other files were chosen."""
        try:
            gathered = self._sources.gathered(self._request(data))
        except UserError:
            gathered = Gathered()
        keeps = self._keeps_folders(data, gathered)
        return {
            self.parts["arrange"]: gr.update(visible=bool(gathered.folders)),
            self.parts["name"]: gr.update(visible=not keeps),
        }

    def look(self, data: Data, lang: Lang) -> Update:
        """The plan as it stands while a user types."""
        parts = self.parts
        is_reg = data[parts["kind"]] == "reg"
        token = "" if is_reg else token_note(str(data[parts["identifier"]] or ""), lang)
        try:
            html, can = self._plan_html(data, lang)
        except UserError as e:
            html, can = problems(e.problems, lang), False
        return {parts["token"]: token, parts["plan"]: html, parts["apply"]: gr.update(interactive=can)}

    def _plan_html(self, data: Data, lang: Lang) -> tuple[str, bool]:
        gathered = self._sources.gathered(self._request(data))
        left_out = left_out_html(gathered, lang)
        missing = self._missing(data, gathered)
        if missing:
            # What is wrong with what is typed is said at once, not after the last field.
            wrong = [] if self._keeps_folders(data, gathered) else folder_name.problems(*self._named(data))
            tone = "plain" if missing == "make.empty" else "warn"
            return note(say(missing, lang), tone) + problems(wrong, lang) + left_out, False
        plan = self._planned(data, gathered)
        if not plan.copies:
            return (problems(plan.problems, lang) or note(say("make.empty", lang))) + left_out, False
        return self._copies_html(plan, lang) + problems(plan.problems, lang) + left_out, plan.is_possible

    def _copies_html(self, plan: CopyPlan, lang: Lang) -> str:
        """ "These 12 files will be copied to 20_sls frog", with their names, or with the folders' names."""
        n, targets = len(plan.copies), plan.targets
        keeps = len(targets) > 1 or plan.target not in targets
        place = Path(os.path.commonpath([target.parent for target in targets])) if keeps else plan.target
        folder = self._window.paths.short(str(place))
        title = say("make.plan.one" if n == 1 else "make.plan", lang, n=n, folder=folder)
        names = [esc(to.name) for _, to in plan.copies]
        if keeps:
            counts = Counter(to.parent for _, to in plan.copies)
            names = [
                f"{esc(target.relative_to(place))} <em>{esc(say('make.files.count', lang, n=count))}</em>"
                for target, count in counts.items()
            ]
        more = len(names) - _LISTED
        names = names[:_LISTED] + ([f"<em>{esc(say('make.more', lang, n=more))}</em>"] if more > 0 else [])
        listed = "".join(f"<li>{name}</li>" for name in names)
        return f'<div class="rw-plan"><p>{esc(title)}</p><ul>{listed}</ul></div>'

    def _missing(self, data: Data, gathered: Gathered) -> str:
        """The key of what has still to be typed, or ""."""
        if not gathered.items:
            named = str(data[self.parts["source"]] or "").strip()
            is_there = bool(named) and self._window.paths.confined(named).exists()
            return "make.none" if is_there else "identity.missing" if named else "make.empty"
        if self._keeps_folders(data, gathered):
            return ""
        if data[self.parts["kind"]] != "reg" and not str(data[self.parts["identifier"]] or "").strip():
            return "make.identifier.needed"
        return "" if str(data[self.parts["class_"]] or "").strip() else "make.class.needed"

    # What is done.

    def copy(self, data: Data, lang: Lang) -> Update:
        """Carry out the plan, and let the form point to the folders."""
        parts, short = self.parts, self._window.paths.short
        try:
            gathered = self._sources.gathered(self._request(data))
            missing = self._missing(data, gathered)
            if missing:
                return {parts["plan"]: note(say(missing, lang), "warn")}
            plan = self._planned(data, gathered)
            places = self._places(data, plan)
            gone = _without_demo(self._window, plan.target) if PLACES["train"] in places else {}
            fields = self._form.components
            lists = {key: str(data[fields[key]] or "") for key in LISTS if PLACES["train"] in places}
            lists = {key: file for key, file in lists.items() if file.strip()}
            places = gone | dict.fromkeys(lists, "") | places
            settings = {key: (str(data[fields[key]] or ""), place) for key, place in places.items()}
            copies = copy_history.copy(self._window.copies, plan, settings)
        except UserError as e:
            return {parts["plan"]: problems(e.problems, lang)}
        self._window.draft.keep(places)
        names = ", ".join(short(str(folder)) for folder in plan.targets)
        done = note(say("make.done", lang, n=len(copies.files), folder=names), "good")
        done += "".join(note(say("make.listed", lang, file=Path(file).name)) for file in lists.values())
        return {
            parts["done"]: done + (note(say("make.left", lang)) if gone else ""),
            parts["last"]: str(copies.number),
            self.fresh: True,
            parts["undo"]: gr.update(visible=True),
            parts["apply"]: gr.update(interactive=False),
            parts["files"]: "",
            parts["sent"]: (),
            parts["source"]: gr.update(value=""),
            **{self._form.components[key]: gr.update(value=place) for key, place in places.items()},
        }

    def _places(self, data: Data, plan: CopyPlan) -> dict[str, str]:
        """What the form's folders are after the copying."""
        is_reg = data[self.parts["kind"]] == "reg"
        parents = {folder.parent for folder in plan.targets}
        train = set() if is_reg else {self._parent(data, "train")} & parents
        kinds = {"train": train, "reg": parents - train}
        short = self._window.paths.short
        return {PLACES[kind]: short(str(folders.pop())) for kind, folders in kinds.items() if folders}

    def undo(self, data: Data, lang: Lang) -> Update:
        """Remove the copies that the button stands for, as far as they are still what was copied."""
        number = str(data[self.parts["last"]] or "")
        undone = copy_history.undo(self._window.copies, int(number) if number.isdecimal() else 0)
        if undone.change is None:
            return self.show(lang, note(say("make.undo.none", lang)))
        html = note(say("make.undone", lang, n=len(undone.done)), "good")
        if undone.problems:
            names = listed([Path(problem.path).name for problem in undone.problems], _LISTED).of(lang)
            html += note(say("make.undo.kept", lang, n=len(undone.problems), names=names), "warn")
        if undone.same:
            html += note(say("make.undo.missing", lang, n=len(undone.same)))
        updates = self.show(lang, html)
        for key, (before, after) in undone.change.settings.items():
            field = self._form.components[key]
            if str(data[field] or "") == after and not undone.problems:
                updates[field] = gr.update(value=before)
                self._window.draft.keep({key: before})
        return updates

    def show(self, lang: Lang, html: str = "") -> Update:
        """The Undo button with what it would undo, for a page that was just opened as well."""
        last = self._window.copies.last
        if last is not None:
            when = time.strftime("%Y-%m-%d %H:%M", time.localtime(last.at))
            folder = ", ".join(self._window.paths.short(str(folder)) for folder in last.folders)
            html += note(say("make.last", lang, n=len(last.files), folder=folder, when=when))
        return {
            self.parts["undo"]: gr.update(visible=last is not None),
            self.parts["last"]: str(last.number) if last else "",
            self.parts["done"]: html,
        }


def _without_demo(window: Window, target: Path) -> dict[str, str]:
    """What was the demo's in the form, and what it is for the images in a folder, `20_shs dog`."""
    _, words = parse(target.name) or (1, "")
    if not words or not is_demos(window, PLACES["train"]):
        return {}
    class_words = words.partition(" ")[2].strip() or words
    prompts = "\n".join([f"{words} --d 1", f"{words} --d 2", f"{class_words} --d 1"])
    values = dict(zip(BELONGINGS, ("", prompts, re.sub(r"\W+", "_", words).strip("_")), strict=True))
    return {key: value for key, value in values.items() if is_demos(window, key)}
