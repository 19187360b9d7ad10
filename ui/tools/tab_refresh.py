"""The Tools tab as it is opened: its lists anew, and work in progress, also for a page that came later."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import gradio as gr

from core.errors import Lang
from ui.parts.localized import QUICK
from ui.tools.caption_card import CaptionToolCard
from ui.tools.card import ToolCard
from ui.tools.hub_card import HubCard
from ui.tools.runs import RunsCard
from ui.tools.trash_card import TrashCard
from ui.tools.try_card import TryCard
from ui.window import Window
from ui.window.error_page import guarded, streamed

Data = Mapping[Any, Any]
Update = dict[Any, Any]

EVERY = 0.3
"""Seconds between two polls."""

_GO_ON = """() => { setTimeout(() => {
  if (document.querySelector('.rw-tool-result .rw-bar')) document.getElementById('tools-follow').click();
}, 300); }"""


class UnderWay:
    """Everything of the tab that may have changed meanwhile, in one answer: each costs a browser 0.3 s.

    Only where work is in progress the page asks to be sent it to its end.
    """

    def __init__(
        self,
        window: Window,
        past: RunsCard,
        drawn: tuple[TryCard, CaptionToolCard],
        hub: HubCard,
        trash: TrashCard,
        tools: Sequence[ToolCard],
    ) -> None:
        """drawn: cards whose fields are HTML of ours."""
        self._window, self._past, self._drawn, self._hub, self._tools = window, past, drawn, hub, tools
        self._trash = trash
        self._cards: Sequence[ToolCard | TryCard | CaptionToolCard] = [*drawn, *tools]
        self._follow = gr.Button(elem_id="tools-follow")

    def connect(self, lang: Any, tab: Any, inputs: set[Any]) -> None:
        """Bind the handlers. tab: the tab of the cards. inputs: of the form."""
        self._connect_queue(lang)
        chosen = [part for card in self._cards for part in card.chosen_part]
        outputs = [*(card.parts["result"] for card in self._cards), *chosen]
        hints = [card.parts["hint"] for card in self._tools if "hint" in card.parts]
        tab.select(
            guarded(lambda data: self.opened(data, data[lang]), self._window),
            {lang, self._past.view, *inputs},
            [
                *self._past.parts.values(),
                *(card.parts["form"] for card in self._drawn),
                *(self._hub.part, self._trash.part, *hints, *outputs),
            ],
            **QUICK,
        ).then(None, None, None, js=_GO_ON, api_visibility="private")
        self._follow.click(
            streamed(lambda data: self.follow(data, data[lang]), self._window),
            {lang, *chosen},
            outputs,
            api_visibility="private",
            show_progress="hidden",
            concurrency_id="under_way",
            concurrency_limit=8,
        )

    def _connect_queue(self, lang: Any) -> None:
        """One event for the button of every card: a page is slow to open when each has its own."""
        cards = {card.parts["queue"].elem_id: card for card in self._tools}

        def queued(data: Data, event: gr.EventData) -> Update:
            card = cards.get(getattr(event.target, "elem_id", None))
            return {} if card is None else card.queue(data, data[lang])

        gr.on(
            [card.parts["queue"].click for card in self._tools],
            guarded(queued, self._window),
            {lang, *(part for card in self._tools for part in card.read_parts)},
            [card.parts["result"] for card in self._tools],
            **QUICK,
        )

    def opened(self, data: Data, lang: Lang) -> Update:
        """The lists, the hints, and how far the work of each card is."""
        updates = self._past.look(data[self._past.view], lang)
        for drawn in self._drawn:
            updates |= drawn.look(lang)
        updates[self._hub.part] = self._hub.html(lang)
        updates[self._trash.part] = self._trash.look(lang)
        for card in self._tools:
            if "hint" in card.parts:
                updates[card.parts["hint"]] = card.hint(data, lang)
            updates |= {card.parts["result"]: card.shown(lang), **card.chosen(data)}
        return updates

    def follow(self, data: Data, lang: Lang) -> Iterator[Update]:
        """What each card shows, as often as that changes, until no work is in progress."""
        before = {card.parts["result"]: card.resting(lang) for card in self._cards}
        while True:
            is_busy = any(card.job.is_busy for card in self._cards)
            now = {card.parts["result"]: card.shown(lang) for card in self._cards}
            fresh: Update = {part: html for part, html in now.items() if html != before[part]}
            if not is_busy:
                fresh |= {part: new for card in self._cards for part, new in card.chosen(data).items()}
            if fresh:
                yield fresh
            if not is_busy:
                return
            before = now
            time.sleep(EVERY)
