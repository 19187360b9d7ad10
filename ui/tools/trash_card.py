"""The card of the trash: what was deleted on this page, how much room it takes, and deleting it for good."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import gradio as gr

from core import trash
from core.counting import size_text
from core.data.curate.curation import Curation
from core.errors import Lang, UserError
from core.runs import past_runs
from core.trash import Held
from ui.parts.html_events import LISTEN, button, data_of, sent
from ui.parts.localized import QUICK, Page
from ui.parts.markup import esc, heading, note, problems
from ui.text import say
from ui.window import Window
from ui.window.error_page import guarded
from ui.window.results import output_folders

Data = Mapping[Any, Any]

KINDS = ("images", "runs")


class TrashCard:
    """One piece of HTML on the Tools tab. Counted when the tab is opened and after each act only."""

    def __init__(self, window: Window, page: Page, curation: Curation) -> None:
        self._window, self._curation = window, curation
        self._held = dict.fromkeys(KINDS, Held())
        self.part = page.add(
            gr.HTML, {"value": self.html}, elem_id="trash-card", padding=False, js_on_load=LISTEN
        )

    def connect(self, lang: Any) -> None:
        """Bind the handler."""

        def act(data: Data, event: gr.EventData) -> dict[Any, Any]:
            return {self.part: self.act(data_of(event), data[lang])}

        self.part.click(guarded(act, self._window), {lang}, [self.part], **QUICK)

    def look(self, lang: Lang) -> str:
        """The card, counted anew."""
        self._held = {kind: self._count(kind) for kind in KINDS}
        return self.html(lang)

    def act(self, event: Any, lang: Lang) -> str:
        """The card after a button was pressed; what is deleted is what the question has told."""
        name, on, _ = sent(event)
        kind, _, told = on.partition("/")
        if kind not in KINDS:
            return self.look(lang)
        held = self._count(kind)
        if name == "empty" and told == _word(held):
            return self._emptied(kind, held, lang)
        self.look(lang)
        return self.html(lang, asked=kind if name in ("ask", "empty") and held.files else "")

    def _emptied(self, kind: str, held: Held, lang: Lang) -> str:
        try:
            if kind == "images":
                self._curation.empty_trash()
            else:
                for folder in self._folders(kind):
                    trash.empty(self._window.paths.writable(str(folder)))
        except UserError as e:
            said = problems(e.problems, lang)
        else:
            said = note(say("trash.done", lang, held=held_text(held, lang)), "good")
        self.look(lang)
        return self.html(lang, said=said)

    def html(self, lang: Lang, said: str = "", asked: str = "") -> str:
        """The card as it was counted last. asked: the kind whose deletion is asked about."""
        title = heading(say("trash.title", lang), say("trash.lead", lang))
        rows = "".join(self._row(kind, kind == asked, lang) for kind in KINDS)
        rows = f'<ul class="rw-runs rw-trash">{rows}</ul>'
        return f'<section class="rw-card"><div>{title}</div>{rows}{said}</section>'

    def _row(self, kind: str, is_asked: bool, lang: Lang) -> str:
        held = self._held[kind]
        told = held_text(held, lang) if held.files else say("trash.none", lang)
        places = ", ".join(self._window.paths.short(str(folder)) for folder in self._folders(kind))
        row = (
            f'<div class="rw-plain"><span><b>{esc(say(f"trash.{kind}", lang))}</b>'
            f"<small>{esc(told)} · {esc(places)}</small></span>"
        )
        if not is_asked:
            act = button("ask", kind, say("trash.empty", lang)) if held.files else ""
            return f"<li>{row}{act}</div></li>"
        sure = note(say(f"trash.sure.{kind}", lang, held=told), "warn")
        yes = button("empty", f"{kind}/{_word(held)}", say("trash.yes", lang), "is-bad")
        no = button("no", kind, say("trash.no", lang))
        return f'<li>{row}</div><div class="rw-asked">{sure}<div class="rw-acts">{yes}{no}</div></div></li>'

    def _count(self, kind: str) -> Held:
        return sum((trash.held(folder) for folder in self._folders(kind)), Held())

    def _folders(self, kind: str) -> list[Path]:
        if kind == "images":
            return [self._curation.trash_folder]
        return [folder / past_runs.RUNS / trash.OF_RUNS for folder in output_folders(self._window)]


def held_text(held: Held, lang: Lang) -> str:
    """ "12 files, 340 MB"."""
    return say("trash.held", lang, n=held.files, size=size_text(held.bytes))


def _word(held: Held) -> str:
    """Another word for other files: what was told is what is deleted."""
    return f"{held.files}-{held.bytes}"
