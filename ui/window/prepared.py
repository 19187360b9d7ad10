"""The page built with what it shows now, so that the next browser has it at once; and what it was sent."""

from __future__ import annotations

import re
import threading
from typing import Any

import gradio as gr

Update = dict[Any, Any]

MOST = 16
"""Preparations that are remembered; a browser asks about its own a second later."""

STALE = "<i data-stale></i>"
"""What tells a page that it has to ask for everything anew (ui/app.py)."""


class Prepared:
    """The preparations of a page. built: its part that says which of them a browser was sent."""

    def __init__(self, blocks: gr.Blocks, built: Any) -> None:
        self._blocks, self._built = blocks, built
        self._lock = threading.Lock()
        self._sent: dict[int, Update] = {}

    def build(self, whole: Update) -> None:
        """Make these updates what the page is built with."""
        with self._lock:
            number, last = next(reversed(self._sent.items()), (0, {}))
            if whole == last:
                return
            self._sent[number + 1] = whole
            for old in [*self._sent][:-MOST]:
                del self._sent[old]
            _settle({**whole, self._built: f'<i data-built="{number + 1}"></i>'})
            self._blocks.config = self._blocks.get_config_file()

    def shown(self, built: str) -> Update:
        """What a browser was sent, by what its page says of it; nothing where that is not known any more."""
        number = re.search(r"\d{1,9}", built or "")
        return self._sent.get(int(number.group()), {}) if number else {}


def _settle(whole: Update) -> None:
    for block, update in whole.items():
        values = update if isinstance(update, dict) and "__type__" in update else {"value": update}
        for name, value in values.items():
            if name != "__type__":
                setattr(block, name, value)
                # Gradio makes a session's component anew from these, whenever it is updated.
                block.constructor_args[name] = value


def merged(*parts: Update) -> Update:
    """Updates of the same component put together."""
    whole: Update = {}
    for part in parts:
        for block, update in part.items():
            before = whole.get(block)
            is_more = isinstance(before, dict) and isinstance(update, dict)
            whole[block] = before | update if is_more and before else update
    return whole
