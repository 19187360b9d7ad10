"""The card of the notices: the address that hears of the end of each run."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import gradio as gr

from core import webhook
from core.errors import Lang, UserError
from ui.parts.html_events import LISTEN, button, data_of, fields_of, sent
from ui.parts.localized import QUICK, Page
from ui.parts.markup import esc, heading, note, problems
from ui.text import say
from ui.window import Window
from ui.window.error_page import guarded

Data = Mapping[Any, Any]


class NoticeCard:
    """One piece of HTML on the Tools tab. What is typed goes into its own file, and is not shown again."""

    def __init__(self, window: Window, page: Page) -> None:
        self._window = window
        self.part = page.add(
            gr.HTML, {"value": self.html}, elem_id="notice-card", padding=False, js_on_load=LISTEN
        )

    def connect(self, lang: Any) -> None:
        """Bind the handler."""

        def act(data: Data, event: gr.EventData) -> dict[Any, Any]:
            return {self.part: self.act(data_of(event), data[lang])}

        self.part.click(guarded(act, self._window), {lang}, [self.part], **QUICK)

    def act(self, event: Any, lang: Lang) -> str:
        """The card after a button was pressed."""
        name, _, _ = sent(event)
        address = self._window.webhook
        try:
            if name == "keep":
                address.keep(fields_of(event).get("address", ""))
                return self.html(lang, note(say("notice.kept", lang), "good"))
            if name == "remove":
                address.remove()
                return self.html(lang, note(say("notice.removed", lang), "good"))
            if name == "test" and (url := address()):
                webhook.send_test(url, lang)
                return self.html(lang, note(say("notice.sent", lang, host=webhook.host(url)), "good"))
        except UserError as e:
            return self.html(lang, problems(e.problems, lang))
        return self.html(lang)

    def html(self, lang: Lang, said: str = "") -> str:
        """The card as it stands, and what there is to say of a button."""
        inner = self._state(lang) if self._window.webhook() else _field(lang)
        title = heading(say("notice.title", lang), say("notice.lead", lang))
        return f'<section class="rw-card rw-hub">{title}{inner}{said}</section>'

    def _state(self, lang: Lang) -> str:
        is_environment = bool(webhook.from_environment())
        key = "notice.environment" if is_environment else "notice.set"
        told = esc(say(key, lang, host=webhook.host(self._window.webhook())))
        acts = button("test", "", say("notice.test", lang))
        if not is_environment:
            acts += button("remove", "", say("notice.remove", lang))
        return f'<div class="rw-hub-state"><b>{told}</b>{acts}</div>'


def _field(lang: Lang) -> str:
    field = (
        f"<label><span>{esc(say('notice.address', lang))}</span>"
        f'<input name="address" type="password" autocomplete="off" spellcheck="false" '
        f'maxlength="{webhook.LONGEST}" placeholder="https://…"></label>'
    )
    keep = button("keep", "", say("notice.keep", lang), "is-main")
    return (
        f'<div class="rw-hub-state"><b>{esc(say("notice.none", lang))}</b></div>'
        f'<div class="rw-fields"><div class="rw-finder-fields">{field}</div>'
        f'<div class="rw-acts">{keep}</div></div>{note(say("notice.help", lang))}'
    )
