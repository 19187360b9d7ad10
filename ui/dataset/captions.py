"""The caption workbench: a grid of images with their captions, edits of many with a preview, undo.

The grid is one HTML component with plain fields in it, not 24 components for each property: Gradio would need
seconds to mount those. What is typed comes back through one hidden field as JSON, and nothing in it names a
file: only images that the server has opened itself, by their keys.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import closing
from typing import Any

import gradio as gr

from core.data.caption_editor import session as sessions
from core.data.caption_editor.session import CaptionSession, Entry, Filter
from core.data.captions.encodings import NAMES
from core.data.undo import Outcome
from core.errors import Lang, UserError
from core.patience import MOST_SECONDS, Patience, in_order
from ui.dataset import caption_grid as drawn
from ui.dataset.caption_bulk import Bulk
from ui.dataset.caption_messages import LONGEST_TEXT, Message, keys_of, understood
from ui.dataset.handlers import queued
from ui.dataset.preview import Preview
from ui.parts.images import url
from ui.parts.localized import QUICK, Page, column, texts
from ui.parts.markup import as_of, esc, facts, heading, leads_to, note, problems
from ui.parts.options import OPTIONS
from ui.settings import widgets
from ui.settings.form import Form
from ui.text import say
from ui.window import Window
from ui.window.captions import CaptionEditor, Saved, digest
from ui.window.dated import dated, words
from ui.window.error_page import guarded, streamed

Data = Mapping[Any, Any]
Update = dict[Any, Any]

SIDE = 512
_AT_ONCE = 4
_READ = tuple(
    f"dataset.{name}"
    for name in (
        *("train_data_dir", "reg_data_dir", "dataset_config", "in_json", "caption_extension"),
        *("enable_wildcard", "caption_prefix", "caption_suffix"),
    )
)
"""Options that say which captions there are and how training sees them."""
START: Mapping[str, Any] = {"page": 0, "tag": ""}


def _shows(lang: Lang) -> list[tuple[str, str]]:
    return [(say(f"captions.show.{name}", lang), name) for name in sessions.SHOWS]


def _heading(lang: Lang) -> str:
    """The title, and what leads to the tool that writes captions by itself."""
    shows, text = leads_to("card-caption", "tools"), esc(say("captioner.from", lang))
    link = f'<a class="rw-link" href="./#tools" {shows}>{text}</a>'
    return heading(say("captions.title", lang), say("captions.lead", lang)) + link


class CaptionCard:
    """The card and its handlers. What is open is kept in the window; a page keeps its filter alone."""

    def __init__(self, window: Window, page: Page, form: Form, preview: Preview) -> None:
        self._window, self._form, self._preview = window, form, preview
        self.parts: dict[str, Any] = {}
        self._draw(page)

    @property
    def _editor(self) -> CaptionEditor:
        return self._window.captions

    def _draw(self, page: Page) -> None:
        parts = self.parts
        with column("card-captions", "rw-card"):
            page.add(gr.HTML, {"value": _heading}, padding=False)
            with gr.Row(elem_classes=["rw-buttons", "is-small"]):
                self._add(page, "open", gr.Button, texts(value="captions.open"), size="md")
            self._html("note", "summary")
            with gr.Column(visible=False, elem_id="captions-body") as parts["body"]:
                with column("captions-filter", "rw-grid"):
                    words = texts(label="captions.find", placeholder="captions.find.hint")
                    self._add(page, "find", gr.Textbox, words, max_lines=1)
                    words = {**texts(label="captions.show"), "choices": _shows}
                    self._add(page, "show", gr.Dropdown, words, value="all")
                    words = texts(label="captions.folder")
                    self._add(page, "folder", gr.Dropdown, words, value="", choices=[("", "")])
                self._html("tags")
                self.bulk = Bulk(self._window, page)
                self._html("undo")
                parts["grid"] = gr.HTML(elem_id="captions-grid", padding=False)
            for name in ("bridge", "answer", "wanted", "images"):
                parts[name] = gr.Textbox(
                    show_label=False, container=False, elem_id=f"captions-{name}", elem_classes=["rw-bridge"]
                )
        parts["view"] = gr.State(dict(START))

    def _add(self, page: Page, name: str, make: Any, words: Any, **settings: Any) -> None:
        self.parts[name] = page.add(make, words, elem_id=f"captions-{name}", **settings)

    def _html(self, *names: str) -> None:
        for name in names:
            self.parts[name] = gr.HTML(elem_id=f"captions-{name}", elem_classes=["rw-maybe"], padding=False)

    # Binding.

    def connect(self, lang: Any) -> None:
        """Bind the handlers. lang: the component with the page's language."""
        parts, form = self.parts, self._form
        view = {lang, *self.view}
        read = {form.components[key] for key in (*_READ, "model.max_token_length")}
        parts["open"].click(
            guarded(lambda data: self.open(data, data[lang]), self._window),
            {lang, *read},
            [*self.shown, *self.bulk.outputs],
            **queued("captions"),
        )
        # Images that were moved or turned from here or from the preview.
        self._preview.acted.then(
            guarded(lambda data: self.renewed(data, data[lang]), self._window),
            {*view, *read},
            self.shown,
            **QUICK,
        )
        gr.on(
            [parts["find"].input, parts["show"].input, parts["folder"].input],
            guarded(lambda data: self.filtered(data, data[lang]), self._window),
            view,
            [parts["grid"], parts["view"]],
            trigger_mode="always_last",
            **QUICK,
        )
        parts["bridge"].change(
            guarded(lambda data: self.answer(data, data[lang]), self._window),
            {parts["bridge"], *view},
            [*self.shown, *self.bulk.outputs],
            trigger_mode="multiple",
            **QUICK,
        )
        # Images come on a way of their own, so that nothing typed waits for them.
        parts["wanted"].change(
            streamed(self.images, self._window),
            parts["wanted"],
            parts["images"],
            **queued("captions", "multiple"),
        )
        for name in ("answer", "images"):
            parts[name].change(
                None, parts[name], None, js="(text) => window.rwCaptions(text)", api_visibility="private"
            )
        self.bulk.connect(lang, view, self._entries, self._after_many, self.shown)

    @property
    def view(self) -> set[Any]:
        """What says which captions a page shows."""
        return {self.parts[name] for name in ("find", "show", "folder", "view")}

    @property
    def shown(self) -> list[Any]:
        """What the handlers write to."""
        return list(self.parts.values())

    # Handlers.

    def open(self, data: Data, lang: Lang) -> Update:
        """Read the folders of the form anew and show their captions from the first page on."""
        try:
            self._read(data)
        except UserError as e:
            return {self.parts["note"]: problems(e.problems, lang)}
        return {**self.show(lang), self.parts["note"]: ""}

    def _read(self, data: Data) -> None:
        """Read the folders of the form. Raises UserError."""
        form = self._form
        raw = {key: data[form.components[key]] for key in _READ}
        limit = data[form.components["model.max_token_length"]]
        self._window.draft.keep({**raw, "model.max_token_length": limit})
        config = form.part(raw, "dataset").config.dataset
        read = widgets.read(OPTIONS["model.max_token_length"], limit)
        self._editor.open(config, read or 75, lambda path: self._window.paths.confined(str(path)))
        self._editor.word = words(self._window)["captions"]

    def renewed(self, data: Data, lang: Lang) -> Update:
        """What is open, read anew after images were moved or turned, and what is said about that."""
        if self._editor.session is None:
            return {}
        try:
            self._read(data)
        except UserError as e:
            return {self.parts["note"]: problems(e.problems, lang)}
        return {**self.again(data, lang), self.parts["note"]: problems(self._preview.said, lang)}

    def _plain(self, entry: Entry) -> str | None:
        """Where a page finds an image in full view; None for one that may not be changed."""
        if entry.folder.locked is not None or not self._preview.may_change(entry.image.parent):
            return None
        return self._preview.address(entry.image)

    def show(self, lang: Lang) -> Update:
        """Everything that is open, in this language, from its first page; nothing while nothing is."""
        if self._editor.session is None:
            # Said too: the page is built with what was shown last, which may be of before.
            return {self.parts["grid"]: "", self.parts["body"]: gr.update(visible=False)}
        start = {"find": "", "show": "all", "folder": "", "view": dict(START)}
        data = {self.parts[name]: value for name, value in start.items()}
        choices = self._folders(self._editor.session, lang)
        return {
            **data,
            **self.again(data, lang),
            self.parts["body"]: gr.update(visible=bool(self._editor.session.entries)),
            self.parts["folder"]: gr.update(choices=choices, value=""),
        }

    def again(self, data: Data, lang: Lang) -> Update:
        """As `show`, with the page and the filter as they are."""
        session, parts = self._editor.session, self.parts
        if session is None:
            return {}
        return {
            parts["open"]: gr.update(value=say("captions.open.again", lang)),
            parts["folder"]: gr.update(choices=self._folders(session, lang)),
            **self._about(session, lang, self._filter(data).tag),
            **self._page(data, lang),
        }

    @staticmethod
    def _folders(session: CaptionSession, lang: Lang) -> list[tuple[str, str]]:
        names = [(folder.path.name, str(number)) for number, folder in enumerate(session.folders)]
        return [(say("captions.folder.all", lang), ""), *names]

    def filtered(self, data: Data, lang: Lang, **view: Any) -> Update:
        """The first page of what the filter shows. view: another page or tag."""
        changed = {**data[self.parts["view"]], "page": 0, **view}
        return {self.parts["view"]: changed, **self._page({**data, self.parts["view"]: changed}, lang)}

    def answer(self, data: Data, lang: Lang) -> Update:
        """Answer what the grid's script has sent."""
        message = understood(str(data[self.parts["bridge"]] or ""))
        if message is None:
            return {}
        updates: Update = {self.parts["answer"]: json.dumps({"n": message.n})}
        match message.do:
            case "save":
                return updates | self._save(message, data, lang)
            case "page":
                return updates | self.filtered(data, lang, page=message.page)
            case "tag":
                updates |= self.filtered(data, lang, tag=message.value)
                return updates | (
                    self._about(self._editor.session, lang, message.value) if self._editor.session else {}
                )
            case "undo":
                return updates | self._undo(data, lang)
            case "show":
                chosen = message.value if message.value in sessions.SHOWS else "all"
                data = {**data, self.parts["show"]: chosen}
                return updates | self.filtered(data, lang) | {self.parts["show"]: chosen}
        return updates | self.bulk.offer(message.do.removeprefix("tag-"), message.value, lang)

    def _save(self, message: Message, data: Data, lang: Lang) -> Update:
        row: dict[str, Any] = {"key": message.key, "base": message.base, "ok": False}
        updates: Update = {}
        if len(message.text) > LONGEST_TEXT:
            row["said"] = say("captions.too.much", lang, most=f"{LONGEST_TEXT:,}")
        else:
            saved = self._editor.save(message.key, message.text, message.base)
            row |= self._saved(message, saved, lang)
            if saved.status == "saved" and self._editor.session:
                updates = self._about(self._editor.session, lang, str(data[self.parts["view"]]["tag"]))
        return {self.parts["answer"]: json.dumps({"n": message.n, "saved": [row]}), **updates}

    def _saved(self, message: Message, saved: Saved, lang: Lang) -> dict[str, Any]:
        """What the page is answered of one caption that was to be saved."""
        entry, session = saved.entry, self._editor.session
        row: dict[str, Any] = {"text": message.text, "ok": saved.status in ("saved", "same")}
        if saved.problems:
            row["said"] = " ".join(problem.sentence(lang) for problem in saved.problems)
        else:
            text = entry.text if entry else ""
            text = text if len(text) < 120 else text[:119] + "…"
            row["said"] = say(f"captions.{saved.status}", lang, text=text)
        if entry and session:
            row["base"] = digest(entry.data)
            row["tokens"], row["over"] = drawn.tokens_of(entry, self._editor.limit, lang)
        return row

    def _undo(self, data: Data, lang: Lang) -> Update:
        try:
            outcome = self._editor.undo()
        except UserError as e:
            return {self.parts["note"]: problems(e.problems, lang)}
        if outcome.change is None:
            return self._after_many(data, lang, note(say("captions.undo.none", lang)), outcome)
        undone = say("captions.undone", lang, what=drawn.title(outcome.change, lang), n=len(outcome.done))
        return self._after_many(data, lang, note(undone, "good"), outcome)

    def _after_many(self, data: Data, lang: Lang, html: str, outcome: Outcome) -> Update:
        """Everything drawn anew after a change of many captions, at the page and filter as they were."""
        return {**self.again(data, lang), self.parts["note"]: html + problems(outcome.problems[:20], lang)}

    def images(self, wanted: str) -> Iterator[str]:
        """Small images, some at a time, as they are made. wanted: JSON list of their keys."""
        session = self._editor.session
        urls: dict[str, str] = {}
        entries = [
            session.entries[key] for key in keys_of(wanted or "") if session and key in session.entries
        ]
        with closing(in_order(self._thumb, entries, Patience(most_seconds=MOST_SECONDS))) as files:
            for number, (entry, file) in enumerate(zip(entries, files, strict=True), start=1):
                if file:
                    urls[entry.key] = url(file)
                if number % _AT_ONCE == 0 or number == len(entries):
                    yield json.dumps({"images": urls})

    def _thumb(self, entry: Entry) -> str | None:
        try:
            return str(self._window.thumbs.of(entry.image, SIDE))
        except OSError:
            return None  # no image, or gone; its caption is there all the same

    def _thumb_so_far(self, entry: Entry) -> str | None:
        """The small image if it is there already: a page is never kept waiting for one."""
        try:
            path = self._window.thumbs.known(entry.image, SIDE)
        except OSError:
            return None
        return str(path) if path else None

    # What is drawn.

    def _filter(self, data: Data) -> Filter:
        parts = self.parts
        folder = str(data[parts["folder"]] or "")
        show = str(data[parts["show"]] or "all")
        return Filter(
            text=str(data[parts["find"]] or "")[:200],
            show=show if show in sessions.SHOWS else "all",
            folder=int(folder) if folder.isdecimal() else None,
            tag=str(data[parts["view"]]["tag"]),
            limit=self._editor.limit,
        )

    def _entries(self, data: Data) -> list[Entry]:
        session = self._editor.session
        return sessions.filtered(session, self._filter(data), drawn.count) if session else []

    def _page(self, data: Data, lang: Lang) -> Update:
        if self._editor.session is None:
            return {}
        entries = self._entries(data)
        page = min(int(data[self.parts["view"]]["page"]), max(0, (len(entries) - 1) // drawn.PER_PAGE))
        html = drawn.grid_html(entries, page, self._thumb_so_far, self._plain, self._editor.limit, lang)
        return {self.parts["grid"]: html}

    def _about(self, session: CaptionSession, lang: Lang, tag: str) -> Update:
        """The counts, the tags and what can be undone."""
        parts, entries = self.parts, session.entries.values()
        counts = sessions.tag_counts(entries)
        return {
            parts["summary"]: dated(
                self._window, "captions", self._summary(session, len(counts), lang), lang, self._editor.word
            ),
            parts["tags"]: drawn.tags_html(counts, tag, lang),
            parts["undo"]: drawn.undo_html(self._editor.history.changes(20), lang),
        }

    def _summary(self, session: CaptionSession, tags: int, lang: Lang) -> str:
        entries, limit = session.entries.values(), self._editor.limit
        locked = list(dict.fromkeys(folder.locked for folder in session.folders if folder.locked))
        wrong = problems([*session.problems, *locked][:20], lang)
        if not entries:
            return note(say("captions.none", lang)) + as_of(lang, self._editor.seconds) + wrong
        counts = {
            "images": drawn.counted([*entries], lang),
            "missing": drawn.counted([entry for entry in entries if not entry.has_file], lang),
            "long": sum(entry.tokens(drawn.count) > limit for entry in entries),
            "tags": tags,
        }
        pairs = [
            (say(f"captions.count.{name}", lang, limit=limit), n if isinstance(n, str) else f"{n:,}")
            for name, n in counts.items()
        ]
        odd = [entry for entry in entries if entry.guess]
        names = ", ".join(dict.fromkeys(NAMES[entry.guess].of(lang) for entry in odd if entry.guess))
        warned = note(say("captions.encoding", lang, n=len(odd), names=names), "warn") if odd else ""
        return facts(pairs) + as_of(lang, self._editor.seconds) + warned + wrong
