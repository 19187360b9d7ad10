"""Two windows on the same settings: each tells what was changed in it, and shows what others have changed.

A page bears a name of its own (script/typed.js). With what is typed it sends which fields were changed; only
those are kept. Pages hear once a second what of theirs was taken, so that it is not sent again over what
others have written since, and how often others have written (ui/run/polling.py); they ask here for the fields
that stand otherwise then.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import gradio as gr

from ui.parts.html_events import data_of
from ui.parts.localized import QUICK
from ui.parts.options import LEVELS, OPTIONS, element_id
from ui.settings.form import Form
from ui.window import Window
from ui.window.error_page import guarded

_TELL = """
element.addEventListener('rw-typed', (event) => trigger('click', event.detail ?? {}));
element.addEventListener('rw-behind', (event) => trigger('submit', event.detail ?? {}));
"""
_BY_ID = {element_id(option): key for key, option in OPTIONS.items()}
_EMPTY = (None, "")
_LONGEST_NAME = 40


class Merging:
    """What tells the server of typed settings, and the handlers behind it."""

    def __init__(self, window: Window, form: Form) -> None:
        self._window, self._form = window, form
        self.typed = gr.HTML("<i data-typed></i>", elem_id="rw-typed", padding=False, js_on_load=_TELL)

    def keep(self, raw: Mapping[str, Any], level: Any, event: gr.EventData | None) -> set[str] | None:
        """Keep what was changed on a page; all of it where the page does not say what, which gives None."""
        keys, page = self._changed_by(event)
        changed = raw if keys is None else {key: raw[key] for key in keys if key in raw}
        shown = level if level in LEVELS else LEVELS[0]
        self._window.draft.keep({**changed, "level": shown}, page=page)
        sent = data_of(event)
        number = sent.get("number") if isinstance(sent, dict) else None
        if page and type(number) is int:
            self._window.draft.take(page, number)
        return keys

    def connect(self) -> Any:
        """Bind the question of a page that is behind. Gives the event after which the form is another."""
        form = self._form

        def caught_up(data: Mapping[Any, Any], event: gr.EventData) -> Any:
            return form.restore(self.missed(form.raw(data), self._changed_by(event)[0] or set())) or gr.skip()

        handler = guarded(caught_up, self._window)
        return self.typed.submit(handler, form.inputs, [*form.components.values()], **QUICK)

    def missed(self, raw: Mapping[str, Any], pending: set[str]) -> dict[str, Any]:
        """The settings that stand otherwise than on a page. pending: what is being typed there just now."""
        kept = self._window.draft.values
        now = self._form.shown(self._window.first) | {key: kept[key] for key in OPTIONS if key in kept}
        return {
            key: value
            for key, value in now.items()
            if key in raw and key not in pending and _plain(raw[key]) != _plain(value)
        }

    def _changed_by(self, event: gr.EventData | None) -> tuple[set[str] | None, str]:
        """The settings that a page says were changed, None where it does not say, and its name."""
        target = getattr(event, "target", None)
        for key, component in self._form.components.items():
            if component is target:
                return {key}, ""
        sent = data_of(event)
        fields = sent.get("fields") if isinstance(sent, dict) else None
        page = sent.get("page") if isinstance(sent, dict) else ""
        name = page[:_LONGEST_NAME] if isinstance(page, str) else ""
        if not isinstance(fields, list):
            return None, name
        return {_BY_ID[field] for field in fields if isinstance(field, str) and field in _BY_ID}, name


def _plain(value: Any) -> Any:
    """A widget value as it is compared: numbers that an earlier version kept as numbers are text now."""
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return "" if value in _EMPTY and value is not False else str(value) if is_number else value
